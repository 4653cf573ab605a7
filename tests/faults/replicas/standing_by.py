"""What tests of replicas share: who serves, what is logged of it, and reads that are cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import triosigno_db as db
from tests.cluster import Cluster, ask, until
from triosigno_db import aio
from triosigno_db.aio.calls import coroutine
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import ThrowawayPostgres

SERVED_BY = "SELECT inet_server_port()"

run_sql_async = coroutine(run_sql)


def connect(cluster: Cluster, **options: Any) -> None:
    db.connect(
        cluster.primary.url, replica_url=cluster.standby.url, **{"password_cost": 4, **options}
    )


def serving_port() -> int:
    """The port of the server that serves reads."""
    with db.reading_from_replica():
        return int(run_sql(SERVED_BY)[0][0])


def until_served_by(server: ThrowawayPostgres) -> None:
    until(lambda: serving_port() == server.port)


def skipped(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of the replica, each message by its verb."""
    messages = [record.getMessage() for record in caplog.records if record.name == "triosigno_db"]
    verbs = {"is skipped": "skipped", "is used again": "used again"}
    return [verbs[verb] for each in messages for verb in verbs if verb in each]


async def read_for_long() -> None:
    await run_sql_async("SELECT pg_sleep(600)")


async def read_for_long_from_replica() -> None:
    async with aio.reading_from_replica():
        await read_for_long()


async def cancel_at(
    server: ThrowawayPostgres,
    read: Callable[[], Coroutine[Any, Any, None]],
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Cancel a read once the server runs it, and wait until the server does so no more."""
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'"
    sleeping += " AND state = 'active'"
    reading = asyncio.create_task(read())
    await asyncio.to_thread(until, lambda: bool(ask(server, sleeping)))
    await asyncio.to_thread(meanwhile)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(until, lambda: not ask(server, sleeping))
