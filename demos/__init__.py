"""One script per idea: `python -m demos` shows them all, `python -m demos NAME` runs one."""
