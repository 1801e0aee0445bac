"""The tests, on the plan of what they test: tinygen/, models/, demos/ by family."""
