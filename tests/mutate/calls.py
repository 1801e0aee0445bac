"""A pytest plugin that notes which functions each test calls, and how long the test takes.

Writes JSON to $MUTATE_REPORT, {test's id: [seconds, [[file, line of a function], ...]]}. Under the
id "" is what importing the tests calls. What a fixture calls counts for each test that uses it,
though a fixture of a whole module is set up only once.
"""
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path.cwd()
entries, calls, fixtures = {}, set(), {}


def note(frame, event, arg):
    calls.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))


def noted():
    """The project's own functions that were called since the last time."""
    seen = tuple(calls)  # what follows calls functions, too
    calls.clear()
    return sorted([Path(file).relative_to(ROOT).as_posix(), line] for file, line in seen
                  if file.startswith(str(ROOT)))


sys.settrace(note)
threading.settrace(note)


def pytest_collection_finish():
    entries[""] = 0, noted()


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef):
    before = set(calls)
    calls.clear()
    yield
    fixtures.setdefault(fixturedef.argname, set()).update(calls)
    calls.update(before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    started = time.perf_counter()
    yield
    seconds = time.perf_counter() - started
    for name in item.fixturenames:
        calls.update(fixtures.get(name, ()))
    entries[item.nodeid] = seconds, noted()


def pytest_sessionfinish():
    sys.settrace(None)
    Path(os.environ["MUTATE_REPORT"]).write_text(json.dumps(entries), encoding="utf-8")
