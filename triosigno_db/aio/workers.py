"""A bounded pool of threads that run blocking calls for one event loop.

Everything except the calls runs on the loop, so the queue of waiters and the results need no lock.
A finished call is posted to a queue and wakes the loop only if that was not done already. Under
load this saves most of the cost of switching threads.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

from triosigno_db.errors import PoolTimeoutError

ResultT = TypeVar("ResultT")

_FIRST_PAUSE, _MAX_PAUSE = 0.05, 1.0
"""The times in seconds after which a call that goes on is interrupted again."""

_numbers = count(1)

_all_workers: WeakSet[Workers] = WeakSet()


class _Job:
    """A call that a thread runs; its caller awaits `future`."""

    __slots__ = (
        "call",
        "error",
        "future",
        "has_ended",
        "has_returned",
        "is_running",
        "on_end",
        "result",
    )

    def __init__(self, call: Callable[[], Any], on_end: Callable[[], None] | None) -> None:
        # The call runs in the context of the caller, which may hold a trace, for example.
        self.call: Callable[[], Any] = partial(copy_context().run, call)
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.on_end = on_end
        self.has_ended = False
        self.is_running = True
        # Created only for a job that is interrupted.
        self.has_returned: threading.Event | None = None
        self.result: Any = None
        self.error: BaseException | None = None

    def resolve(self) -> None:
        """Resolve the future, on the loop, unless the caller was cancelled."""
        self.has_ended = True
        if self.future.done():
            pass
        elif self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)
        if self.on_end is not None:
            self.on_end()


class _CompletionQueue:
    """A queue of finished calls: threads post them, the loop resolves their futures."""

    def __init__(self) -> None:
        self._loop = weakref.ref(asyncio.get_running_loop())
        self._ended: deque[_Job] = deque()
        self._is_loop_woken = False

    def post(self, job: _Job) -> None:
        """Post a finished call, from any thread."""
        self._ended.append(job)
        if not self._is_loop_woken:
            self._is_loop_woken = True
            self.wake(self._resolve)

    def wake(self, callback: Callable[[], None]) -> None:
        """Schedule a callback on the loop, unless the loop is closed."""
        loop = self._loop()
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(callback)

    def _resolve(self) -> None:
        # Reset first: a call that is posted after the queue was found empty must wake the loop.
        self._is_loop_woken = False
        while self._ended:
            self._ended.popleft().resolve()


class Worker:
    """A thread that runs the calls submitted to it, one after the other."""

    def __init__(self, completions: _CompletionQueue) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.thread = threading.Thread(
            target=_work,
            args=(self._jobs, completions),
            name=f"triosigno_db-{next(_numbers)}",
            daemon=True,
        )
        self.thread.start()
        self.interruption: asyncio.Future[None] | None = None
        # It stops the thread of a loop that was discarded.
        weakref.finalize(self, self._jobs.put, None).atexit = False

    @property
    def thread_id(self) -> int:
        """The id of its thread, as returned by `threading.get_ident`."""
        return self.thread.ident or 0

    def stop(self) -> None:
        """End the thread after the calls that were submitted."""
        self._jobs.put(None)

    def submit(self, call: Callable[[], Any], on_end: Callable[[], None] | None = None) -> _Job:
        """Submit a call.

        Args:
            call: The call.
            on_end: Called on the loop when the call has ended.

        Returns:
            The job, whose future the caller awaits.
        """
        job = _Job(call, on_end)
        self._jobs.put(job)
        return job


def _work(jobs: SimpleQueue[_Job | None], completions: _CompletionQueue) -> None:
    while (job := jobs.get()) is not None:
        try:
            job.result = job.call()
        except BaseException as exc:  # noqa: BLE001 (raised where the call is awaited)
            job.error = exc
        job.is_running = False
        completions.post(job)
        if job.has_returned is not None:
            job.has_returned.set()
        # Do not keep the result of a call until the next one.
        del job


class Workers:
    """The threads of one event loop: one per connection, started on demand.

    Args:
        size: The maximum number of threads.
        wait_limit: The time limit in seconds for waiting for a thread; 0 means no limit.
        interrupt: Called in a separate thread with the id of a worker thread whose caller was
            cancelled, to end the call that runs there.
    """

    def __init__(self, size: int, wait_limit: float, interrupt: Callable[[int], None]) -> None:
        self._size = size
        self._wait_limit = wait_limit
        self._interrupt = interrupt
        self._completions = _CompletionQueue()
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._is_stopped = False
        _all_workers.add(self)

    async def run(self, call: Callable[[], ResultT]) -> ResultT:
        """Run a call on the next free worker.

        Args:
            call: The call to run.

        Returns:
            The result of the call.

        Raises:
            PoolTimeoutError: No worker became free in time.
        """
        worker = await self.acquire()
        job = worker.submit(call, on_end=lambda: self.release(worker))
        result: ResultT = await self._outcome(worker, job)
        return result

    async def run_on(self, worker: Worker, call: Callable[[], ResultT]) -> ResultT:
        """Run a call on an acquired worker.

        Args:
            worker: The worker.
            call: The call to run.

        Returns:
            The result of the call.
        """
        if worker.interruption is not None:
            # The interruption of the previous call must not interrupt this one.
            await asyncio.shield(worker.interruption)
        result: ResultT = await self._outcome(worker, worker.submit(call))
        return result

    async def acquire(self) -> Worker:
        """Acquire a worker; waiting callers are served in order.

        Returns:
            The worker; release it afterwards.

        Raises:
            PoolTimeoutError: No worker became free in time.
        """
        if self._idle:
            return self._idle.pop()
        if len(self._workers) < self._size:
            self._workers.append(worker := Worker(self._completions))
            return worker
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Worker] = loop.create_future()
        self._waiting.append(waiter)
        limit = (
            loop.call_later(self._wait_limit, self._time_out, waiter) if self._wait_limit else None
        )
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                with suppress(ValueError):  # it may have been removed when a worker was released
                    self._waiting.remove(waiter)
            elif waiter.exception() is None:
                self.release(waiter.result())
            raise
        finally:
            if limit is not None:
                limit.cancel()

    def release(self, worker: Worker) -> None:
        """Release a worker, once no interruption is pending that could affect its next call.

        Args:
            worker: An acquired worker.
        """
        if worker.interruption is not None:
            worker.interruption.add_done_callback(lambda _: self.release(worker))
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(worker)
                return
        if self._is_stopped:
            worker.stop()
        else:
            self._idle.append(worker)

    def stop(self) -> list[threading.Thread]:
        """Stop the idle threads now, and threads in use when they are released.

        Returns:
            The threads that are stopped now.
        """
        self._is_stopped = True
        for worker in self._idle:
            worker.stop()
        stopped = [worker.thread for worker in self._idle]
        self._idle.clear()
        return stopped

    def end(self) -> None:
        """Cancel what the threads wait for, and wait for their end, when the program ends."""
        for worker in self._workers:
            worker.stop()
            while worker.thread.is_alive():
                self._interrupt(worker.thread_id)
                worker.thread.join(_FIRST_PAUSE)

    def _time_out(self, waiter: asyncio.Future[Worker]) -> None:
        if not waiter.done():
            self._waiting.remove(waiter)
            waiter.set_exception(PoolTimeoutError(self._size, self._wait_limit))

    async def _outcome(self, worker: Worker, job: _Job) -> Any:
        try:
            return await job.future
        except asyncio.CancelledError:
            if not job.has_ended:
                self._end_early(worker, job)
            raise

    def _end_early(self, worker: Worker, job: _Job) -> None:
        interruption: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        worker.interruption = interruption
        job.has_returned = has_returned = threading.Event()

        def interrupt() -> None:
            pause = _FIRST_PAUSE
            # A cancellation that arrives between two statements is lost.
            while job.is_running:
                self._interrupt(worker.thread_id)
                has_returned.wait(pause)
                pause = min(2 * pause, _MAX_PAUSE)
            self._completions.wake(settle)

        def settle() -> None:
            worker.interruption = None
            interruption.set_result(None)

        threading.Thread(target=interrupt, name="triosigno_db-interrupt", daemon=True).start()


def join(threads: Iterable[threading.Thread]) -> None:
    """Wait for the end of threads.

    Args:
        threads: Threads that were stopped.
    """
    for thread in threads:
        thread.join()


@atexit.register
def _join_all() -> None:
    # A thread that is still in a library written in C or Rust could crash the interpreter's end.
    for workers in tuple(_all_workers):
        workers.end()
