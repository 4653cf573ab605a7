"""A command that runs in a process of its own, until the server is busy with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from tests.plain_sql import run_plain
from tests.processes import Process

DEADLINE = 30
"""Seconds after which a test fails instead of waiting any longer."""

PROGRAM = """
import signal, sys
# Where this process was started from, it may be ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from triosigno_db.cli import main
sys.exit(main())
"""
ACTIVE = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
    AND (query ~ 'pg_sleep' OR wait_event_type = 'Lock')
"""

Start = Callable[..., "Running"]


class Running:
    """A command that runs, and the database that it works on."""

    def __init__(self, url: str, arguments: list[str], program: str = PROGRAM) -> None:
        self.url = url
        self.process = Process(
            [sys.executable, "-c", program, *arguments],
            env={**os.environ, "DATABASE_URL": url, "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def active(self) -> list[Any]:
        return run_plain(self.url, ACTIVE)

    def wait_until_active(self) -> None:
        until(self.active, self.process)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; the server stops within a second. Return exit code and message."""
        self.process.send_signal(number)
        sent = time.monotonic()
        until(lambda: not self.active())
        assert time.monotonic() - sent < 1
        return self.end()

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, errors


def until(is_true: Callable[[], Any], process: "Process[str] | None" = None) -> None:
    """Ask again until it is so: what happens in another process tells nobody here."""
    deadline = time.monotonic() + DEADLINE
    while not is_true():
        assert time.monotonic() < deadline
        if process is not None and process.poll() is not None:
            raise AssertionError(process.communicate())
        time.sleep(0.01)


@contextmanager
def holding(url: str, statement: str) -> Iterator[None]:
    """Hold the locks of a statement in an open transaction."""
    with closing(psycopg2.connect(url)) as connection:
        connection.cursor().execute(statement)
        yield
