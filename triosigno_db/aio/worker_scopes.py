"""Blocks of a task: a worker that several calls share, and a context manager on its thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

from triosigno_db.aio.workers import Worker, Workers

ResultT = TypeVar("ResultT")


class WorkerScope:
    """Calls that share one worker, and a context manager that is entered and exited on it.

    Args:
        workers: The pool of the worker.
        make_context: Creates the context manager.
        outer: The enclosing scope, whose worker is shared.
        is_suspendable: Whether the context manager may be exited and another one entered between
            two calls.

    Attributes:
        is_suspendable: Whether this holds for the enclosing scopes, too.
    """

    def __init__(
        self,
        workers: Workers,
        make_context: Callable[[], AbstractContextManager[Any]],
        outer: WorkerScope | None = None,
        *,
        is_suspendable: bool = False,
    ) -> None:
        self.workers = workers
        self.outer = outer
        self.is_suspendable: bool = is_suspendable and (outer is None or outer.is_suspendable)
        self._outermost: WorkerScope = outer._outermost if outer else self
        self._worker: Worker | None = None
        self._make_context = make_context
        self._contexts = ExitStack()

    async def enter(self) -> None:
        """Acquire a worker and enter the context manager on it; if that fails, leave the scope.

        Raises:
            PoolTimeoutError: No worker became free in time.
        """
        worker = await self._acquired()
        if self.outer is None:
            return
        try:
            await self.workers.run_on(worker, self._enter)
        except BaseException as exc:
            await self.leave(exc)
            raise

    async def run(self, call: Callable[[], ResultT]) -> ResultT:
        """Run a call on the worker of the scope.

        Args:
            call: The call to run.

        Returns:
            The result of the call.
        """
        return await self.workers.run_on(await self._acquired(), call)

    async def suspend(self) -> None:
        """Release the worker until the next call, and exit the context managers meanwhile."""
        await asyncio.shield(_in_background(self._suspend()))

    async def leave(self, error: BaseException | None) -> None:
        """Exit the context manager and release the worker; a cancellation does not interrupt this.

        Args:
            error: The exception that left the block, if any.
        """
        await asyncio.shield(_in_background(self._leave(error)))

    def _enter(self) -> None:
        self._contexts.enter_context(self._make_context())

    async def _acquired(self) -> Worker:
        """Return the worker; acquire one first at the beginning, and after `suspend`."""
        outermost = self._outermost
        if outermost._worker is None:
            outermost._worker = await self.workers.acquire()
            try:
                # The inner ones, which were exited as well, add nothing to it.
                await self.workers.run_on(outermost._worker, outermost._enter)
            except BaseException as exc:
                await outermost.leave(exc)
                raise
        return outermost._worker

    async def _suspend(self) -> None:
        scope: WorkerScope | None = self
        while scope is not None:
            await scope._leave(None)
            scope = scope.outer

    async def _leave(self, error: BaseException | None) -> None:
        worker = self._outermost._worker
        if worker is None:
            return
        try:
            if error is None:
                await self.workers.run_on(worker, self._contexts.close)
            else:
                details = type(error), error, error.__traceback__
                await self.workers.run_on(worker, lambda: self._contexts.__exit__(*details))
        finally:
            if self.outer is None:
                self._worker = None
                self.workers.release(worker)


_background: set[asyncio.Task[None]] = set()


def _in_background(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    # The loop keeps only weak references to its tasks.
    task = asyncio.get_running_loop().create_task(coroutine)
    _background.add(task)
    task.add_done_callback(_background.discard)
    return task
