"""Measure the coroutines beside raw asyncpg: `make bench WHAT=coroutines`."""

import argparse
import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import asyncpg
from rich.console import Console
from rich.table import Table

import triosigno_db
from triosigno_db import aio as db
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
    """What many callers saw: calls a second, milliseconds, and the loop's longest silence."""

    rate: float
    median: float
    p99: float
    silence: float


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
    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    elapsed = time.perf_counter() - started
    beating.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beating
    times.sort()
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    return Load(calls / elapsed, middle * 1000, late * 1000, silence * 1000)


async def measure(url: str, seed: int, console: Console) -> None:
    choice = random.Random(seed)
    triosigno_db.connect(url, connection_limit=CONNECTIONS, password_cost=4)
    triosigno_db.create_schema()
    users = [factories.make_user().id for _ in range(USERS)]
    sign, module = factories.make_sign().id, factories.make_module().id
    raw = await asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS)
    contests: dict[str, tuple[Call, Call | None]] = {
        "get_user_with_preferences": (
            lambda: db.get_user_with_preferences(choice.choice(users)),
            lambda: raw.fetchrow(USER_QUERY, choice.choice(users)),
        ),
        "record_attempt": (
            lambda: db.record_attempt(choice.choice(users), sign, is_correct=True),
            lambda: raw.fetchrow(ATTEMPT_QUERY, choice.choice(users), sign),
        ),
        "get_module_tree": (lambda: db.get_module_tree(module), None),
    }
    table = Table(
        "function", "callers", "", "calls/s", "median ms", "p99 ms", "loop silent ms", "ratio"
    )
    for name, (ours, theirs) in contests.items():
        for callers, calls in CALLERS.items():
            peer = theirs and await drive(theirs, callers, calls)
            load = await drive(ours, callers, calls)
            ratio = f"{load.rate / peer.rate:.2f}" if peer else ""
            table.add_row(name, str(callers), "aio", *(f"{x:,.1f}" for x in load), ratio)
            if peer:
                table.add_row("", "", "asyncpg", *(f"{x:,.1f}" for x in peer), "")
    await raw.close()
    await db.disconnect()
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2026)
    chosen = parser.parse_args()
    console = Console(width=110)
    console.print(f"seed {chosen.seed}, {CONNECTIONS} connections")
    with ThrowawayPostgres() as server:
        asyncio.run(measure(server.url, chosen.seed, console))


if __name__ == "__main__":
    main()
