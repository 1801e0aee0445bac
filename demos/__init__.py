"""One script per idea: `python -m demos --list` names them, `python -m demos NAME` runs one."""
