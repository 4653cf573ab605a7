"""A plugin for pytest: it writes down how long tests take, or runs chosen tests in their order.

It runs in the processes that `python -m tests.mutants` starts, which set one of two variables.
"""

import functools
import json
import os
import re
import sys
from pathlib import Path

import pytest

RECORDED = "MUTANTS_RECORDED"
"""Names the file to write: the seconds of each test that passed."""

CHOSEN = "MUTANTS_CHOSEN"
"""Names the file to read: the tests to run, in their order."""

FAILED_FILE = "failed.txt"
"""The file beside the chosen tests that gets the id of the one that failed."""

# A parameter of megabytes makes an id of megabytes, which would be stored for each line.
_MAX_ID = 1000

# These never end while lines are traced: an exception is raised in another thread from outside.
_NOT_TRACEABLE = {"test_an_exception_while_waiting_leaves_the_queue"}

_CACHED = type(functools.cache(len))
_seconds: dict[str, float] = {}
_not_passed: set[str] = set()


def plain_id(node_id: str) -> str:
    """The id of a test without the group that pytest-xdist adds to it."""
    return re.sub(r"@[^@\]]+$", "", node_id)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if path := os.environ.get(CHOSEN):
        chosen = json.loads(Path(path).read_text(encoding="utf-8"))
        order = {test: number for number, test in enumerate(chosen)}
        kept = [item for item in items if item.nodeid in order]
        items[:] = sorted(kept, key=lambda item: order[item.nodeid])
    elif RECORDED in os.environ:
        items[:] = [
            item
            for item in items
            if len(item.nodeid) <= _MAX_ID and item.name.partition("@")[0] not in _NOT_TRACEABLE
        ]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget what was built for the test before, so that this one builds its own statements."""
    if RECORDED not in os.environ:
        return
    for name, module in list(sys.modules.items()):
        if name.startswith("triosigno_db.") and not name.startswith("triosigno_db.testing"):
            for value in list(vars(module).values()):
                if isinstance(value, _CACHED):
                    value.cache_clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    test = plain_id(report.nodeid)
    _seconds[test] = _seconds.get(test, 0.0) + report.duration
    if not report.passed:
        _not_passed.add(test)
    if report.failed and (path := os.environ.get(CHOSEN)):
        Path(path).with_name(FAILED_FILE).write_text(test, encoding="utf-8")


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = os.environ.get(RECORDED)
    if path and not hasattr(session.config, "workerinput"):
        passed = {test: _seconds[test] for test in sorted(_seconds.keys() - _not_passed)}
        Path(path).write_text(json.dumps(passed), encoding="utf-8")
