"""How a coroutine runs a synchronous function: on a thread of its event loop, or of its block."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import partial, wraps
from inspect import signature
from typing import Any, NamedTuple, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from pydantic import SecretStr

from triosigno_db.aio.worker_scopes import WorkerScope
from triosigno_db.aio.workers import Workers
from triosigno_db.database.lifecycle import connected_database, current_router
from triosigno_db.database.peewee_database import Database
from triosigno_db.passwords import HASHING_THREADS, password_arguments

Parameters = ParamSpec("Parameters")
ResultT = TypeVar("ResultT")


class LoopWorkers(NamedTuple):
    """The threads of an event loop: for calls, and for those that hash a password."""

    database: Database
    calls: Workers
    hashing: Workers

    def stop(self) -> list[threading.Thread]:
        """Stop the idle threads now, and threads in use when they are released.

        Returns:
            The threads that are stopped now.
        """
        return [*self.calls.stop(), *self.hashing.stop()]


workers_of: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopWorkers] = WeakKeyDictionary()
"""The threads of each event loop."""

scope_of: WeakKeyDictionary[asyncio.Task[Any], WorkerScope] = WeakKeyDictionary()
"""The innermost block that each task is in."""


def coroutine(
    function: Callable[Parameters, ResultT],
) -> Callable[Parameters, Coroutine[Any, Any, ResultT]]:
    """Turn a synchronous function of the library into a coroutine function.

    Args:
        function: The function.

    Returns:
        The coroutine function.
    """
    passwords = password_arguments(function)
    if passwords is not None:
        return _hashing_coroutine(function, passwords)

    @wraps(function)
    async def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResultT:
        return await run(partial(function, *args, **kwargs))

    return call


def _hashing_coroutine(
    function: Callable[Parameters, ResultT], passwords: Sequence[str]
) -> Callable[Parameters, Coroutine[Any, Any, ResultT]]:
    """Make a coroutine function of one that hashes a password; only it sees the plain text."""
    positions = [list(signature(function).parameters).index(name) for name in passwords]

    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        # Tools that report errors show variables.
        args = tuple(
            _hidden(each) if position in positions else each for position, each in enumerate(args)
        )
        kwargs.update({name: _hidden(kwargs[name]) for name in passwords if name in kwargs})
        return await run(partial(function, *args, **kwargs), hashes_password=True)

    return call


def _hidden(value: Any) -> Any:
    return SecretStr(value) if isinstance(value, str) else value


async def run(call: Callable[[], ResultT], *, hashes_password: bool = False) -> ResultT:
    """Run a call on the thread of the block of this task, or on the next free thread.

    Args:
        call: The call to run.
        hashes_password: Whether it takes long without using a connection.

    Returns:
        The result of the call.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
    """
    scope = current_scope()
    if scope is None:
        workers = current_workers()
        return await (workers.hashing if hashes_password else workers.calls).run(call)
    if hashes_password and scope.is_suspendable:
        await scope.suspend()
        return await current_workers().hashing.run(call)
    return await scope.run(call)


def current_task() -> asyncio.Task[Any]:
    """Return the task that runs.

    Returns:
        The task.

    Raises:
        RuntimeError: No task runs.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("Only an asyncio task can enter a block.")
    return task


def current_scope() -> WorkerScope | None:
    """Return the innermost block that the task is in.

    Returns:
        The block, or `None` outside of all blocks.
    """
    task = asyncio.current_task()
    return None if task is None else scope_of.get(task)


def current_workers() -> LoopWorkers:
    """Return the threads of the event loop that runs, for the connected database.

    Returns:
        The threads.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    database, loop = connected_database(), asyncio.get_running_loop()
    found = workers_of.get(loop)
    if found is not None and found.database is database:
        return found
    if found is not None:
        found.stop()
    settings, interrupt = database.settings, current_router().interrupt
    workers_of[loop] = workers = LoopWorkers(
        database,
        Workers(settings.connection_limit, settings.pool_timeout, interrupt),
        # Each waits for a hashing thread most of the time; some send statements meanwhile.
        Workers(2 * HASHING_THREADS, 0, interrupt),
    )
    return workers
