"""What loses data: asked for on a terminal, refused where nobody can be asked."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.sampling import mostly_slow
from triosigno_db import migrator
from triosigno_db.testing.factories import make_user

INIT = migrator.read_history()[0].name
COMMANDS = {
    "rollback": ("migrate", "rollback", "--steps", "99"),
    "reset": ("migrate", "reset"),
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def url(empty_url: str) -> str:
    """A deployed database with one account."""
    migrator.deploy(empty_url)
    db.connect(empty_url, password_cost=4)
    make_user()
    db.disconnect()
    return empty_url


def count_users(url: str) -> list[tuple[int]]:
    return run_plain(url, 'SELECT count(*) FROM "User"')


def run(url: str, arguments: Sequence[str], typed: str | None) -> tuple[int, str]:
    """Run the command on a terminal where something is typed, or with no terminal at all."""
    command = [sys.executable, "-c", "from triosigno_db.cli import main; main()", *arguments]
    environment = {**os.environ, "DATABASE_URL": url, "COLUMNS": "200"}
    ours, theirs = pty.openpty()
    try:
        if typed is not None:
            os.write(ours, typed.encode() + b"\n")
        ended = run_process(
            command,
            stdin=subprocess.DEVNULL if typed is None else theirs,
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_terminal_it_refuses_and_counts(url: str, command: str) -> None:
    code, told = run(url, COMMANDS[command], None)
    assert code == 1
    name = url.rpartition("/")[2]
    assert "1 row of User" in told
    assert f"This is the database {name} on 127.0.0.1:" in told
    assert "--accept-data-loss" in told
    assert count_users(url) == [(1,)]


@pytest.mark.parametrize("command", mostly_slow(COMMANDS, 1))
def test_on_a_terminal_it_asks_for_the_name(url: str, command: str) -> None:
    code, told = run(url, COMMANDS[command], "something else")
    assert code == 2
    assert "1 row of User" in told
    assert count_users(url) == [(1,)]
    code, told = run(url, COMMANDS[command], url.rpartition("/")[2])
    assert code == 0, told
    tables = run_plain(url, "SELECT to_regclass('\"User\"')::text")
    if command == "reset":
        assert count_users(url) == [(0,)]
    else:
        assert tables == [(None,)]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_option_accepts_the_loss(url: str, command: str) -> None:
    code, told = run(url, (*COMMANDS[command], "--accept-data-loss"), None)
    assert code == 0, told


def test_what_loses_nothing_is_not_asked(url: str) -> None:
    code, told = run(url, ("migrate", "rollback", "--to", INIT), None)
    assert code == 0, told
    assert count_users(url) == [(1,)]
