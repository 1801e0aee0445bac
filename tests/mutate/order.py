"""A pytest plugin that runs given tests in a given order, each within a time limit.

$MUTATE_PLAN is a JSON file, {test's id: limit in seconds}. To $MUTATE_REPORT go a line for each
test that starts, with its id, and one for each that fails. A test past its limit ends the process.
"""
import contextlib
import faulthandler
import json
import os
from pathlib import Path

import pytest

IMPORTS = 120  # seconds
MEMORY = 8 << 30  # bytes: a mistaken size must not take all that the machine has

plan = json.loads(Path(os.environ["MUTATE_PLAN"]).read_text(encoding="utf-8"))
log = open(os.environ["MUTATE_REPORT"], "w", encoding="utf-8", buffering=1)
nowhere = open(os.devnull, "w")


def limit(seconds):
    faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)


limit(IMPORTS)
with contextlib.suppress(ImportError, OSError, ValueError):  # where there is such a limit
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def pytest_collection_modifyitems(items):
    found = {item.nodeid: item for item in items}
    items[:] = [found[name] for name in plan if name in found]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    print(item.nodeid, file=log)
    limit(plan[item.nodeid])
    yield


def pytest_runtest_logreport(report):
    if report.failed:
        print("failed", file=log)
