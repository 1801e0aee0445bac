"""A mutation run: small mistakes put into the source, one at a time, to see whether a test fails.

    python -m tests.mutate --seed 1 --count 300
"""
