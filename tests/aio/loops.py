"""Running a test on an event loop, and waiting there for what the server does."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import wraps
from typing import Any

from triosigno_db.database.connector import open_connection
from triosigno_db.database.lifecycle import current_database


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own, which must be left without tasks."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def watched() -> None:
            await test(*args, **kwargs)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left

        asyncio.run(watched(), debug=False)

    return run


async def waits_for_lock(how_many: int = 1) -> None:
    """Wait until so many sessions wait for a lock."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    await until(lambda: run_blocking(statement) == how_many)


def run_blocking(statement: str) -> Any:
    settings = current_database().settings
    with closing(open_connection(settings)) as connection:
        cursor = connection.cursor()
        cursor.execute(statement + " AND datname = current_database() AND pid <> pg_backend_pid()")
        return cursor.fetchone()[0]


async def until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def nothing_runs_or_is_held() -> None:
    """Wait until the server runs nothing for the pool and no connection is in use."""
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
    await until(
        lambda: run_blocking(active) == 0 and not current_database().pool.get_status().in_use
    )
