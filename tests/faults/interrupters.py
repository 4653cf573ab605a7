"""What raises exceptions from outside: a timer's signal, another thread, or each step in turn."""

import ctypes
import inspect
import random
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

_HERE = str(Path(__file__).parent)
"""The folder of the tests, whose own functions are not interrupted at each step."""

LONGEST_SECONDS = 0.01
"""Most operations take less: their whole course is reached."""


class StoppedError(BaseException):
    """Like `KeyboardInterrupt`."""


class TimeLimitError(Exception):
    """Like Celery's `SoftTimeLimitExceeded`, which is an `Exception`."""


INTERRUPTIONS = (StoppedError, TimeLimitError)


class Timer:
    """Raises in the main thread, from the handler of a signal."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        signal.signal(signal.SIGALRM, self._raise)

    def _raise(self, *_: object) -> None:
        raise self._chance.choice(INTERRUPTIONS)

    def arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._chance.uniform(1e-6, LONGEST_SECONDS))

    def disarm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def received(self) -> None:
        """Nothing is on its way any more."""

    def end(self) -> None:
        self.disarm()


class AsyncExceptions:
    """Raises in the threads that ask for it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._due: dict[int, float] = {}
        self._sent: set[int] = set()
        self._is_ended = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def arm(self) -> None:
        due = time.perf_counter() + self._chance.uniform(1e-6, LONGEST_SECONDS)
        with self._lock:
            self._due[threading.get_ident()] = due

    def disarm(self) -> None:
        """Return if nothing was sent; else wait until it arrives."""
        ident = threading.get_ident()
        with self._lock:
            self._due.pop(ident, None)
            was_sent = ident in self._sent
            self._sent.discard(ident)
        while was_sent:
            time.sleep(0)

    def _run(self) -> None:
        while not self._is_ended:
            with self._lock:
                now = time.perf_counter()
                for ident in [each for each, due in self._due.items() if due <= now]:
                    del self._due[ident]
                    self._sent.add(ident)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(ident), ctypes.py_object(self._chance.choice(INTERRUPTIONS))
                    )
            time.sleep(0)

    def received(self) -> None:
        with self._lock:
            self._sent.discard(threading.get_ident())

    def end(self) -> None:
        self._is_ended = True
        self._thread.join()


class Steps:
    """Raises at one step: where a function begins, or where one that is written in C has ended.

    These are the places at which Python looks for signals and for exceptions from other threads.
    """

    def __init__(self) -> None:
        self.left = 0

    def arm(self, step: int) -> None:
        self.left = step
        sys.setprofile(self._profile)

    def _profile(self, frame: FrameType, event: str, _: object) -> None:
        if event not in ("call", "c_return") or frame.f_code.co_filename.startswith(_HERE):
            return
        if event == "call" and frame.f_code.co_flags & inspect.CO_GENERATOR:
            # A profiler's exception ends the generator; that of a signal is raised at its `yield`.
            return
        self.left -= 1
        if not self.left:
            raise INTERRUPTIONS[0]

    def disarm(self) -> None:
        sys.setprofile(None)

    def received(self) -> None:
        """Nothing is on its way any more."""
