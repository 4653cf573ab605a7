"""A process that ends while calls were cancelled ends like any other."""

import sys

import pytest

from tests.processes import run_process
from triosigno_db.testing import IsolatedDatabase

PROGRAM = """
import asyncio, sys
from triosigno_db import aio as db

async def main():
    await db.connect(sys.argv[1], password_cost=10)
    calls = [asyncio.ensure_future(db.authenticate(f"user{n}", "wrong")) for n in range(10)]
    calls += [asyncio.ensure_future(asyncio.to_thread(lambda: None)) for _ in range(2)]
    await db.count_users()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    if sys.argv[2] == "disconnected":
        await db.disconnect()

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["disconnected", "connected"])
@pytest.mark.parametrize("runs", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_cancelled_logins_do_not_crash_the_end(
    triosigno_db: IsolatedDatabase, runs: int, end: str
) -> None:
    for _ in range(runs):
        process = run_process(
            [sys.executable, "-c", PROGRAM, triosigno_db.url, end],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


def test_a_statement_that_runs_at_the_end_is_cancelled(triosigno_db: IsolatedDatabase) -> None:
    program = """
import asyncio, sys
from triosigno_db import aio as db
from triosigno_db.aio.calls import run
from triosigno_db.database.execution import run_sql

async def main():
    await db.connect(sys.argv[1], statement_timeout=0)
    asyncio.ensure_future(run(lambda: run_sql("SELECT pg_sleep(600)")))
    while (await run(lambda: run_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    )))[0][0] == 0:
        pass
    import os
    loop = asyncio.get_running_loop()
    loop.stop()

loop = asyncio.new_event_loop()
try:
    loop.run_until_complete(main())
except RuntimeError:
    pass
"""
    process = run_process(
        [sys.executable, "-c", program, triosigno_db.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
