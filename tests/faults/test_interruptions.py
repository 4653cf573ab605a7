"""An exception from outside at any moment leaves nothing behind, and loses nothing."""

import json
import os
import secrets
import sys
from typing import Any

import pytest

from tests.faults.environment import wait_for
from tests.faults.interrupters import Steps
from tests.faults.interruptions import (
    Journal,
    Plan,
    check_operations,
    interrupt_each_step,
)
from tests.plain_sql import run_plain
from tests.processes import run_process
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_sign, make_user

SHORT, WHOLE = 300, 10_000
THREADS = (0, 4)
"""Those that are interrupted at a time; 0 for signals in the main thread."""

OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""


def interrupt(database: IsolatedDatabase, threads: int, interruptions: int) -> None:
    """Interrupt a process at random moments."""
    seed = int(os.environ.get("INTERRUPTIONS_SEED", "0")) or secrets.randbelow(10**6)
    print(f"INTERRUPTIONS_SEED={seed}")
    plan = Plan(database.url, make_user().id, make_sign().id, interruptions, seed, threads)
    process = run_process(
        [sys.executable, "-m", "tests.faults.interruptions"],
        input=json.dumps(plan._asdict()),
        capture_output=True,
        text=True,
        timeout=60 + interruptions / 5,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    found = json.loads(process.stdout)
    assert found["errors"] == []
    assert found["interrupted"] >= interruptions
    status = found["status"]
    assert (status["in_use"], status["opening"], status["waiting"]) == (0, 0, 0)
    check_stored(database.url, found)


def check_stored(url: str, found: dict[str, Any]) -> None:
    """Compare what was acknowledged with what is stored."""
    wait_for(url, OPEN, 0)
    stored = {name for (name,) in run_plain(url, 'SELECT name FROM "SignCategory"')}
    acknowledged = set(found["acknowledged"])
    assert len(acknowledged) > 0.1 * found["interrupted"]
    assert acknowledged <= stored
    assert stored.isdisjoint(found["refused"])
    assert [(a, b) for a, b in found["pairs"] if (a in stored) != (b in stored)] == []
    attempts = run_plain(url, 'SELECT sum("totalAttempts")::int FROM "Progress"')[0][0] or 0
    assert found["attempts"] <= attempts <= found["attempts"] + found["interrupted"]


@pytest.mark.parametrize("threads", THREADS)
def test_interruptions_leave_nothing_behind(triosigno_db: IsolatedDatabase, threads: int) -> None:
    interrupt(triosigno_db, threads, SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("threads", THREADS)
def test_many_interruptions_leave_nothing_behind(
    triosigno_db: IsolatedDatabase, threads: int
) -> None:
    interrupt(triosigno_db, threads, WHOLE)


@pytest.mark.parametrize("stride", [23, pytest.param(1, marks=pytest.mark.slow)])
def test_an_interruption_of_any_step_leaves_nothing_behind(
    triosigno_db: IsolatedDatabase, stride: int
) -> None:
    plan = Plan(triosigno_db.url, make_user().id, make_sign().id, 0, 0, 0)
    steps = Steps()
    journal = Journal("step", steps)
    interrupt_each_step(plan, journal, steps, stride)
    assert journal.errors == []
    assert journal.interrupted > 5000 / stride
    check_stored(triosigno_db.url, vars(journal))
    check_operations(plan, journal)
