"""Test runs: only databases that were made for tests are dropped, reset or migrated back.

The pytest plugin turns the protection on by an environment variable, which the processes that a
test starts inherit. What a database is for, the server says itself, so that a URL, a pooler or an
alias of a host can't deceive: a throwaway server has a setting, and on another server the plugin
gives its databases names that nobody else gives.
"""

import os
import re
from collections.abc import Callable
from typing import Any

from triosigno_db.errors import ProtectedDatabaseError
from triosigno_db.settings import Settings

TEST_RUN_VARIABLE = "TRIOSIGNO_TEST_RUN"
"""The variable that protects databases. Its value lists those that may be destroyed nevertheless,
as `host:port/database`, separated by spaces."""

THROWAWAY_SETTING = "triosigno_db.throwaway"
"""The setting that a throwaway server is started with."""

TEST_PREFIX = "triosigno_test_"
_TEST_DATABASE = re.compile(rf"{TEST_PREFIX}[0-9a-f]{{12}}_[0-9]+")
_IDENTITY = f"""
SELECT pg_catalog.current_database(), pg_catalog.current_setting('{THROWAWAY_SETTING}', true)
"""

Run = Callable[[str], list[tuple[Any, ...]]]


def is_test_run() -> bool:
    """Return whether this process belongs to a test run."""
    return TEST_RUN_VARIABLE in os.environ


def is_test_database(name: str) -> bool:
    """Return whether a database has a name that only the pytest plugin gives.

    Args:
        name: The name of the database.
    """
    return _TEST_DATABASE.fullmatch(name) is not None


def refuse_in_tests(run: Run, settings: Settings, database: str | None = None) -> None:
    """In a test run, refuse to destroy a database that was not made for tests.

    Args:
        run: Runs SQL text on the server and returns its rows.
        settings: The settings of the connection, to name the server.
        database: The database, if it is not the one that `run` works on.

    Raises:
        ProtectedDatabaseError: It was not made for tests; nothing was done.
    """
    if not is_test_run():
        return
    ((current, throwaway),) = run(_IDENTITY)
    name = database or str(current)
    target = f"{settings.address}/{name}"
    allowed = os.environ[TEST_RUN_VARIABLE].split()
    if throwaway != "on" and not is_test_database(name) and target not in allowed:
        raise ProtectedDatabaseError(
            f"This is a test run, and the database {name} on {settings.address} was not made for "
            "tests: nothing was done. Use the fixture triosigno_db, or run pytest with "
            f"--triosigno-allow={target}"
        )
