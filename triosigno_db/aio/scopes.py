"""The library's functions for asyncio: one thread for each connection, one block for each task.

A call runs the synchronous function itself on a thread of a bounded pool, so that there is one
implementation, one driver and one set of errors for both worlds, and hashing a password or making
ten thousand records never holds up the event loop. A `connection()` or `transaction()` block keeps
its thread, and with it its connection, for the task that entered it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial, wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from triosigno_db.aio.workers import Workers, WorkerScope
from triosigno_db.arguments import check_integer
from triosigno_db.database import health, lifecycle, transactions
from triosigno_db.database.lifecycle import connected_database, current_database, current_router
from triosigno_db.database.peewee_database import Database
from triosigno_db.database.retries import transaction_tries
from triosigno_db.database.transactions import Isolation
from triosigno_db.errors import ConflictError

Parameters = ParamSpec("Parameters")
ResultT = TypeVar("ResultT")

_workers_of: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Database, Workers]] = (
    WeakKeyDictionary()
)
_scope_of: WeakKeyDictionary[asyncio.Task[Any], WorkerScope] = WeakKeyDictionary()


def connect(url: str | None = None, **options: Any) -> "Connecting":
    """Connect the process to its database, once, when the service starts.

    `await connect(url)` connects; `async with connect(url):` disconnects at its end as well. What
    is connected serves the synchronous functions too.

    Args:
        url: `postgresql://user:password@host:5432/database?schema=public`, as Prisma takes it;
            without it the environment's `DATABASE_URL`.
        **options: Attributes of `Settings`, such as `connection_limit=20` or
            `statement_timeout=5` (seconds); each takes precedence over the URL.

    Returns:
        What to await or to enter.

    Raises:
        InvalidInputError: There is no URL, or a part of it or an option is wrong.
        DatabaseUnavailableError: The server can't be reached or refuses the login.
        ConflictError: This task is inside a block of the library.
    """
    return Connecting(url, options)


class Connecting:
    """What `connect()` returns: to be awaited, or entered with `async with`.

    Args:
        url: The database.
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
    """Close the pool; connections in use are closed when their call or block ends.

    Raises:
        ConflictError: This task is inside a block of the library.
    """
    _refuse_block()
    found = _workers_of.pop(asyncio.get_running_loop(), None)
    if found is not None:
        found[1].stop()
    await asyncio.to_thread(lifecycle.disconnect)


def connection() -> AbstractAsyncContextManager[None]:
    """Hold one pooled connection for several calls, as a web request does.

    Calls of this task inside the block share the connection; blocks may nest. Tasks that it starts
    use connections of their own. Without a block each call checks one out and in again.

    Returns:
        The block, for `async with`.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached.
    """
    return _Scope(transactions.connection())


def transaction(isolation: Isolation | None = None) -> AbstractAsyncContextManager[None]:
    """Run everything that this task calls inside the block in one transaction.

    It is committed at the block's end, or rolled back where an exception or a cancellation leaves
    the block. A block inside another is a savepoint. The transaction belongs to its task: what
    another task calls, also one that was started inside the block, is not part of it.

    Args:
        isolation: `"read committed"`, `"repeatable read"` or `"serializable"`; the server's default
            where it is missing. The outermost block alone may choose it.

    Returns:
        The block, for `async with`.

    Raises:
        InvalidInputError: There is no such isolation, or an outer transaction has begun already.
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached, or was lost before the commit;
            nothing was applied.
        OutcomeUnknownError: The answer to the commit was lost: everything was applied, or nothing.
        ConflictError: A concurrent transaction made this one fail at its commit; run it again.
    """
    return _Scope(transactions.transaction(isolation))


def reading_from_replica() -> AbstractAsyncContextManager[None]:
    """Read from the replica inside the block, and write nothing.

    As the synchronous function of this name does it. The block belongs to its task: what another
    task calls, also one that was started inside the block, is not part of it.

    Returns:
        The block, for `async with`.

    Raises:
        NotConnectedError: `connect()` was not called.
        ConflictError: This task is inside a `transaction()` block.
        PoolTimeoutError: No connection became free in time.
    """
    return _Scope(transactions.reading_from_replica())


async def ping(*, timeout: float = 1.0) -> float:
    """Ask the server for an answer, over a connection of its own that is closed again.

    As the synchronous function of this name does it, and beside the threads of the other calls.

    Args:
        timeout: The limit for connecting and asking, over 0 to 60 seconds.

    Returns:
        How long that took, in seconds.

    Raises:
        DatabaseUnavailableError: The server can't be reached, refuses the login, or has not
            answered in time.
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
    """Await a function in a transaction, again where the server undid it for a concurrent one.

    As the synchronous function of this name does it.

    Args:
        function: What to call and await; as that may happen several times, it should do nothing
            that the transaction can't undo.
        isolation: As for `transaction()`.
        tries: How often it is called at most, 1 to 100.

    Returns:
        What the function returned, once that is committed.

    Raises:
        ConflictError: The last try met a deadlock or a serialization failure as well.
        InvalidInputError: `tries` is out of bounds, or `isolation` is not available.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
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


def coroutine(
    function: Callable[Parameters, ResultT],
) -> Callable[Parameters, Coroutine[Any, Any, ResultT]]:
    """Make a coroutine function of a function of the library.

    Args:
        function: The function.

    Returns:
        The same function, to be awaited.
    """

    @wraps(function)
    async def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResultT:
        return await run(partial(function, *args, **kwargs))

    return call


async def run(call: Callable[[], ResultT]) -> ResultT:
    """Run a call on the thread of this task's block, or on the next one that is free.

    Args:
        call: What to run.

    Returns:
        Its result.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
    """
    scope = _current_scope()
    if scope is not None:
        return await scope.run(call)
    return await _current_workers().run(call)


class _Scope(AbstractAsyncContextManager[None]):
    """A synchronous block, entered and left on a thread that serves the task in between."""

    def __init__(self, context: AbstractContextManager[None]) -> None:
        self._context = context

    async def __aenter__(self) -> None:
        self._task = _current_task()
        outer = _scope_of.get(self._task)
        self._scope = WorkerScope(outer.workers if outer else _current_workers(), outer)
        await self._scope.enter(self._context)
        _scope_of[self._task] = self._scope

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._scope.outer is None:
            del _scope_of[self._task]
        else:
            _scope_of[self._task] = self._scope.outer
        await self._scope.leave(error)


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("A block is entered by a task of asyncio.")
    return task


def _current_scope() -> WorkerScope | None:
    task = asyncio.current_task()
    return None if task is None else _scope_of.get(task)


def _current_workers() -> Workers:
    database, loop = connected_database(), asyncio.get_running_loop()
    found = _workers_of.get(loop)
    if found is not None and found[0] is database:
        return found[1]
    if found is not None:
        found[1].stop()
    settings = database.settings
    workers = Workers(settings.connection_limit, settings.pool_timeout, current_router().interrupt)
    _workers_of[loop] = database, workers
    return workers


async def _is_in_transaction() -> bool:
    if _current_scope() is None:
        return False
    return await run(lambda: bool(current_database().in_transaction()))


def _refuse_block() -> None:
    if _current_scope() is not None:
        raise ConflictError("Leave the block of the library that this task is in first.")
