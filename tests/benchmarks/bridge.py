"""The way that was not kept: the same functions over asyncpg, by Peewee's own asyncio bridge."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import asyncpg
from playhouse.pwasyncio import AsyncPostgresqlConnection, AsyncPostgresqlDatabase, CursorAdapter

from triosigno_db.database.connection import Row
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.settings import Settings


class BridgedDatabase(AsyncPostgresqlDatabase):
    """Takes the pooled database's place below the functions, which run as they are.

    A function runs in a greenlet on the event loop, and leaves it wherever it waits for asyncpg.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.content_cache = None
        super().__init__(
            settings.database,
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password.get_secret_value() if settings.password else None,
            pool_size=settings.connection_limit,
            pool_min_size=settings.connection_limit,
            acquire_timeout=60,
            reset=leave_as_it_is,
        )

    async def register_adapters(self, connection: asyncpg.Connection) -> None:
        await connection.set_type_codec(
            "timestamp",
            schema="pg_catalog",
            format="text",
            encoder=str,
            decoder=lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
        )

    async def _pool_acquire(self, pool: asyncpg.Pool) -> AsyncPostgresqlConnection:
        return _PreparingConnection(await pool.acquire())

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        sql, names = _numbered(compiled)
        try:
            return [tuple(row) for row in self.execute_sql(sql, [parameters[n] for n in names])]
        finally:
            # The bridge gives a connection back when its task ends, which may call again.
            self.close()


class _PreparingConnection(AsyncPostgresqlConnection):
    """Prepares a statement once, as ours do; the bridge's own has the server parse each call."""

    async def _execute(self, sql: str, params: Any = None) -> CursorAdapter:
        return CursorAdapter(await self.conn.fetch(sql, *(params or ())))


async def leave_as_it_is(_: asyncpg.Connection) -> None:
    """Spare asyncpg's pool the round trip by which it undoes what nobody has set."""


@cache
def _numbered(compiled: CompiledStatement) -> tuple[str, list[str]]:
    """Give a statement's text as asyncpg takes it, and the names of its parameters in order."""
    return compiled.definition, re.findall(r"%\((\w+)\)s", compiled.arguments)
