"""A deployment that is killed leaves each migration either undone or done."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.faults.environment import kill_server, restart_killed
from tests.processes import Process
from tests.sampling import mostly_slow
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import deploy, status
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.testing import ThrowawayPostgres

MIGRATIONS = 8
LONGEST_WAIT = 0.4
"""Seconds; about what the deployment takes."""


def write(write_history: WriteHistory) -> Path:
    """Migrations of several statements each, some of which take their time."""
    return write_history(
        **{
            f"m{number}": (
                f'CREATE TABLE "First{number}" (x int);\nSELECT pg_sleep(0.02);\n'
                f'CREATE TABLE "Second{number}" (x int);\nSELECT pg_sleep(0.02);\n'
                f'CREATE INDEX "i{number}" ON "Second{number}"(x);'
            )
            for number in range(MIGRATIONS)
        }
    )


@contextmanager
def deploying(url: str, folder: Path) -> Iterator[Process[str]]:
    """A process that deploys, from the moment on at which it begins."""
    command = [sys.executable, "-m", "tests.migrator.deploying", url, str(folder)]
    with Process(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def wait(process: Process[str], seed: int) -> None:
    """Let the deployment work for a random time, the same for the same seed."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=random.Random(seed).uniform(0, LONGEST_WAIT))


def check_agreement(folder: Path) -> None:
    """The ledger and the catalogs tell the same, and no migration is half there."""
    found = status(history=folder)
    tables = read_catalog('"public"').tables
    for number, migration in enumerate(found.migrations):
        is_applied = migration.state.value == "applied"
        assert migration.state.value in ("applied", "pending")
        assert (f"First{number}" in tables) is is_applied
        assert (f"Second{number}" in tables) is is_applied
        if is_applied:
            assert f"i{number}" in tables[f"Second{number}"].indexes


@pytest.mark.parametrize("seed", mostly_slow(range(20), 4))
def test_a_killed_process_leaves_no_half_migration(
    empty_url: str, write_history: WriteHistory, seed: int
) -> None:
    folder = write(write_history)
    with deploying(empty_url, folder) as process:
        wait(process, seed)
    db.connect(empty_url)
    # The server notices the end of its client only when it answers it: this waits for the lock.
    run_sql("SELECT pg_advisory_xact_lock(72707369)")
    check_agreement(folder)
    deploy(history=folder)
    check_agreement(folder)
    assert status(history=folder).exit_code == 0


@pytest.mark.parametrize("seed", mostly_slow(range(5), 1))
def test_a_killed_server_leaves_no_half_migration(write_history: WriteHistory, seed: int) -> None:
    folder = write(write_history)
    with ThrowawayPostgres() as server:
        with deploying(server.url, folder) as process:
            wait(process, seed)
            kill_server(server)
        restart_killed(server)
        db.connect(server.url)
        check_agreement(folder)
        deploy(history=folder)
        check_agreement(folder)
        assert status(history=folder).exit_code == 0
        db.disconnect()
