"""Measure the coroutines, the ways that were not kept, and raw asyncpg.

`make bench WHAT=coroutines`
"""

import argparse
import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import asyncpg
from rich.console import Console
from rich.table import Column, Table

import triosigno_db
from tests.benchmarks.bridge import BridgedDatabase, leave_as_it_is
from triosigno_db import aio as db
from triosigno_db.aio.calls import coroutine
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import database_proxy
from triosigno_db.settings import Settings
from triosigno_db.testing import ThrowawayPostgres, factories

CONNECTIONS = 10
CALLERS = {1: 2_000, 10: 8_000, 1_000: 10_000}
"""How many call at once, and how many calls they make in all."""

BEAT = 0.005
USERS = 200

Call = Callable[[], Awaitable[object]]

USER_QUERY = """
    SELECT u.*, p.* FROM "User" u LEFT JOIN "UserPreference" p ON p."userId" = u.id WHERE u.id = $1
"""
ATTEMPT_QUERY = """
    INSERT INTO "Progress" (id, "userId", "signId", "masteryLevel", "correctAttempts",
        "totalAttempts", "lastPracticed", "createdAt", "updatedAt")
    VALUES (gen_random_uuid()::text, $1, $2, 10, 1, 1, now(), now(), now())
    ON CONFLICT ("userId", "signId") DO UPDATE SET
        "masteryLevel" = least(100, "Progress"."masteryLevel" + 10),
        "correctAttempts" = "Progress"."correctAttempts" + 1,
        "totalAttempts" = "Progress"."totalAttempts" + 1,
        "lastPracticed" = now(), "updatedAt" = now()
    RETURNING *
"""


class Load(NamedTuple):
    """What many callers saw.

    Attributes:
        rate: Calls a second.
        median: Milliseconds for a call.
        p99: Milliseconds that one call in a hundred takes longer than.
        silence: The loop's longest silence, in milliseconds.
        cost: What a call costs this process on the processor, in microseconds.
    """

    rate: float
    median: float
    p99: float
    silence: float
    cost: float


async def drive(call: Call, callers: int, calls: int) -> Load:
    numbers = iter(range(calls))
    times: list[float] = []
    silence = 0.0

    async def heart() -> None:
        nonlocal silence
        while True:
            started = time.perf_counter()
            await asyncio.sleep(BEAT)
            silence = max(silence, time.perf_counter() - started - BEAT)

    async def caller() -> None:
        for _ in numbers:
            started = time.perf_counter()
            await call()
            times.append(time.perf_counter() - started)

    beating = asyncio.create_task(heart())
    started, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(callers)))
    elapsed, used = time.perf_counter() - started, time.process_time() - used
    beating.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beating
    times.sort()
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    return Load(
        calls / elapsed, middle * 1000, late * 1000, silence * 1000, used / calls * 1_000_000
    )


class Contest(NamedTuple):
    """A function of the library, its arguments, and what asyncpg alone would be sent."""

    function: Callable[..., Any]
    arguments: Callable[[], tuple[str, ...]]
    options: dict[str, Any]
    query: str | None


def contests(choice: random.Random) -> list[Contest]:
    users = [factories.make_user().id for _ in range(USERS)]
    sign, module = factories.make_sign().id, factories.make_module().id
    return [
        Contest(
            triosigno_db.get_user_with_preferences, lambda: (choice.choice(users),), {}, USER_QUERY
        ),
        Contest(
            triosigno_db.record_attempt,
            lambda: (choice.choice(users), sign),
            {"is_correct": True},
            ATTEMPT_QUERY,
        ),
        Contest(triosigno_db.get_module_tree, lambda: (module,), {}, None),
    ]


@asynccontextmanager
async def bridged(settings: Settings) -> AsyncIterator[BridgedDatabase]:
    """Put asyncpg below the library's functions while the block lasts."""
    pooled = database_proxy.obj
    database = BridgedDatabase(settings)
    database_proxy.initialize(database)
    try:
        yield database
    finally:
        database_proxy.initialize(pooled)
        await database.close_pool()


async def measure(url: str, seed: int, share: float, console: Console) -> None:
    triosigno_db.connect(url, connection_limit=CONNECTIONS, password_cost=4)
    triosigno_db.create_schema()
    settings = current_database().settings
    figures = ("calls/s", "median ms", "p99 ms", "loop silent ms", "processor µs", "of raw")
    table = Table("function", "callers", "way", *(Column(f, justify="right") for f in figures))
    for contest in contests(random.Random(seed)):
        for callers, calls in CALLERS.items():
            loads = await measure_ways(contest, callers, round(calls * share), url, settings)
            raw = loads.get(RAW)
            named = contest.function.__name__, f"{callers:,}"
            for way, load in loads.items():
                ratio = f"{load.rate / raw.rate:.2f}" if raw and way != RAW else ""
                shown = (f"{load.rate:,.0f}", *(f"{figure:,.1f}" for figure in load[1:]))
                table.add_row(*named, way, *shown, ratio)
                named = "", ""
            table.add_section()
    await db.disconnect()
    console.print(table)


RAW = "raw asyncpg"


async def measure_ways(
    contest: Contest, callers: int, calls: int, url: str, settings: Settings
) -> dict[str, Load]:
    """Let each way have its turn; a connection is open before it begins."""
    function = contest.function
    loads = {}
    kept = coroutine(function)
    loads["threads (kept)"] = await drive(
        lambda: kept(*contest.arguments(), **contest.options), callers, calls
    )
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(CONNECTIONS) as executor:
        loads["concurrent.futures"] = await drive(
            lambda: loop.run_in_executor(
                executor, partial(function, *contest.arguments(), **contest.options)
            ),
            callers,
            calls,
        )
    async with bridged(settings) as bridge:
        loads["pwasyncio"] = await drive(
            lambda: bridge.run(function, *contest.arguments(), **contest.options), callers, calls
        )
    if contest.query is not None:
        query = contest.query
        limits = {"min_size": CONNECTIONS, "max_size": CONNECTIONS}
        async with asyncpg.create_pool(url, **limits, reset=leave_as_it_is) as pool:
            loads[RAW] = await drive(
                lambda: pool.fetchrow(query, *contest.arguments()), callers, calls
            )
    return loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--share", type=float, default=1.0, help="of the calls, such as 0.25")
    chosen = parser.parse_args()
    console = Console(width=150)
    console.print(f"seed {chosen.seed}, {CONNECTIONS} connections")
    with ThrowawayPostgres() as server:
        asyncio.run(measure(server.url, chosen.seed, chosen.share, console))


if __name__ == "__main__":
    main()
