"""The functions of the library for asyncio: one thread per connection, one scope per task.

A call runs the synchronous function on a thread of a bounded pool. So synchronous and asynchronous
code share one implementation, one driver and one set of errors, and hashing a password or creating
ten thousand records does not block the event loop. A `connection()` or `transaction()`
block keeps its thread, and the connection of that thread, for the task that entered it. Functions
that hash a password run on threads of their own, outside of a transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from triosigno_db.aio.calls import (
    current_scope,
    current_task,
    current_workers,
    run,
    scope_of,
    workers_of,
)
from triosigno_db.aio.worker_scopes import WorkerScope
from triosigno_db.aio.workers import join
from triosigno_db.arguments import check_integer
from triosigno_db.database import health, lifecycle, transactions
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.retries import transaction_tries
from triosigno_db.database.transactions import Isolation
from triosigno_db.errors import ConflictError
from triosigno_db.records import Page
from triosigno_db.repositories.iteration import RecordT, first_page_arguments

Parameters = ParamSpec("Parameters")
ResultT = TypeVar("ResultT")


def connect(url: str | None = None, **options: Any) -> "Connecting":
    """Connect the process to its database; call this once, when the service starts.

    `await connect(url)` connects; `async with connect(url):` also disconnects at the end of the
    block. The synchronous functions use the same database.

    Args:
        url: `postgresql://user:password@host:5432/database?schema=public`, as for Prisma;
            by default the environment variable `DATABASE_URL`.
        **options: Attributes of `Settings`, such as `connection_limit=20` or
            `statement_timeout=5` (seconds); each takes precedence over the URL.

    Returns:
        An object to await, or to enter with `async with`.

    Raises:
        InvalidInputError: There is no URL, or a part of it or an option is invalid.
        DatabaseUnavailableError: The server can't be reached or refuses the login.
        ConflictError: This task is inside a block of the library.
    """
    return Connecting(url, options)


class Connecting:
    """The result of `connect()`: await it, or enter it with `async with`.

    Args:
        url: The URL of the database.
        options: Attributes of `Settings`.
    """

    def __init__(self, url: str | None, options: dict[str, Any]) -> None:
        self._connect = partial(lifecycle.connect, url, **options)

    def __await__(self) -> Generator[Any, None, None]:
        return self._run().__await__()

    async def __aenter__(self) -> None:
        """Connect."""
        await self._run()

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await disconnect()

    async def _run(self) -> None:
        _refuse_block()
        await asyncio.to_thread(self._connect)


async def disconnect() -> None:
    """Close the pool; a connection in use is closed when its call or block ends.

    Raises:
        ConflictError: This task is inside a block of the library.
    """
    _refuse_block()
    found = workers_of.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await asyncio.to_thread(join, found.stop())
    await asyncio.to_thread(lifecycle.disconnect)


def connection() -> AbstractAsyncContextManager[None]:
    """Hold one pooled connection for several calls, as a web request does.

    All calls of this task inside the block share the connection; blocks may nest. Tasks that it
    starts use other connections. Without a block each call checks a connection out and in.

    Returns:
        The context manager, for `async with`.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached.
    """
    return _Scope(transactions.connection, is_suspendable=True)


def transaction(isolation: Isolation | None = None) -> AbstractAsyncContextManager[None]:
    """Run all calls of this task inside the block in one transaction.

    The transaction is committed at the end of the block, or rolled back if an exception or a
    cancellation leaves it. A nested block is a savepoint. The transaction belongs to its task:
    calls of other tasks, including tasks started inside the block, are not part of it.

    Args:
        isolation: `"read committed"`, `"repeatable read"` or `"serializable"`; by default that of
            the server. Only the outermost block may set it.

    Returns:
        The context manager, for `async with`.

    Raises:
        InvalidInputError: The isolation level does not exist, or the block is nested and sets one.
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached, or the connection was lost before the
            commit; nothing was applied.
        OutcomeUnknownError: The answer to the commit was lost; everything was applied or nothing.
        ConflictError: The commit failed because of a concurrent transaction; run this one again.
    """
    return _Scope(partial(transactions.transaction, isolation))


def reading_from_replica() -> AbstractAsyncContextManager[None]:
    """Read from the replica inside the block; writes are refused.

    See the synchronous function of this name. The block belongs to its task: calls of other tasks,
    including tasks started inside the block, are not part of it.

    Returns:
        The context manager, for `async with`.

    Raises:
        NotConnectedError: `connect()` was not called.
        ConflictError: This task is inside a `transaction()` block.
        PoolTimeoutError: No connection became free in time.
    """
    return _Scope(transactions.reading_from_replica)


async def ping(*, timeout: float = 1.0) -> float:
    """Check that the server responds, on a separate connection that is closed afterwards.

    See the synchronous function of this name. It does not use a thread of the other calls.

    Args:
        timeout: The time limit for connecting and the query, above 0 and up to 60 seconds.

    Returns:
        The duration in seconds.

    Raises:
        DatabaseUnavailableError: The server can't be reached, refuses the login, or did not
            respond in time.
        InvalidInputError: `timeout` is out of bounds.
        NotConnectedError: `connect()` was not called.
    """
    return await asyncio.to_thread(health.ping, timeout=timeout)


async def run_in_transaction(
    function: Callable[[], Awaitable[ResultT]],
    *,
    isolation: Isolation | None = None,
    tries: int = 5,
) -> ResultT:
    """Await a function in a transaction, and retry after a deadlock or a serialization failure.

    See the synchronous function of this name.

    Args:
        function: The function to call and await; it may be called several times, so it should have
            no side effects outside the transaction.
        isolation: As for `transaction()`.
        tries: The maximum number of calls, 1 to 100.

    Returns:
        The result of the function, after the commit.

    Raises:
        ConflictError: The last try failed with a deadlock or a serialization failure as well.
        InvalidInputError: `tries` is out of bounds, or `isolation` is invalid or can't be set here.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    check_integer("tries", tries, minimum=1, maximum=100)
    if await _is_in_transaction():
        tries = 1
    for each in transaction_tries(tries):
        with each:
            async with transaction(isolation):
                return await function()
        await asyncio.sleep(each.backoff)
    raise AssertionError  # the last try returns or raises


def iterate(
    function: Callable[Parameters, Awaitable[Page[RecordT]]],
    /,
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> AsyncIterator[RecordT]:
    """Iterate over the records of all pages of a list, with `async for`.

    See the synchronous function of this name. A page is read by the task that iterates.

    Args:
        function: A coroutine function that returns a `Page`, such as `list_users` of this module.
        *args: Its positional arguments.
        **kwargs: Its keyword arguments. `limit` is the number of records per page, by default 200;
            `cursor` is where to start.

    Returns:
        An asynchronous generator of the records.

    Raises:
        InvalidInputError: `function` does not return pages; nothing was sent. While iterating: as
            for the function.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    given = first_page_arguments("function", function, args, kwargs, is_coroutine=True)
    return _records(function, args, given)


async def _records(
    function: Callable[..., Awaitable[Page[RecordT]]], args: Sequence[Any], keywords: dict[str, Any]
) -> AsyncIterator[RecordT]:
    while True:
        page = await function(*args, **keywords)
        for record in page:
            yield record
        if page.next_cursor is None:
            return
        keywords = {**keywords, "cursor": page.next_cursor}


class _Scope(AbstractAsyncContextManager[None]):
    """A synchronous context manager, entered and exited on a thread that is kept for the task."""

    def __init__(
        self, make_context: Callable[[], AbstractContextManager[None]], is_suspendable: bool = False
    ) -> None:
        self._make_context = make_context
        self._is_suspendable = is_suspendable

    async def __aenter__(self) -> None:
        self._task = current_task()
        outer = scope_of.get(self._task)
        workers = outer.workers if outer else current_workers().calls
        self._scope = WorkerScope(
            workers, self._make_context, outer, is_suspendable=self._is_suspendable
        )
        await self._scope.enter()
        scope_of[self._task] = self._scope

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._scope.outer is None:
            del scope_of[self._task]
        else:
            scope_of[self._task] = self._scope.outer
        await self._scope.leave(error)


async def _is_in_transaction() -> bool:
    if current_scope() is None:
        return False
    return await run(lambda: bool(current_database().in_transaction()))


def _refuse_block() -> None:
    if current_scope() is not None:
        raise ConflictError("Leave the block of the library that this task is in first.")
