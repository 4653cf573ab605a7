"""The writers of a test: threads of this process, and processes of their own."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import IO, Any, Self, cast
from uuid import uuid4

from tests.faults.journal import PATIENCE_SECONDS, Kind, Ledger, Note, Outcome, Write
from tests.faults.writer import Plan, Writer
from triosigno_db.testing.factories import make_category, make_lesson, make_sign, make_user

SIGNS = 3


class WriterThread:
    """A writer in a thread of this process, on this process's pool."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self.name = plan.writer
        self._writer = Writer(plan, ledger.take)
        self._is_over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name=self.name)
        self._thread.start()

    def halt(self) -> None:
        """Ask it to halt."""
        self._is_over.set()

    def wait(self) -> None:
        """Wait until it has halted; what it failed with is raised here."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _write(self) -> None:
        try:
            self._writer.write_until(self._is_over.is_set)
        except BaseException as exc:  # noqa: BLE001 (it is raised where it is waited for)
            self._failure = exc


class WriterProcess:
    """A writer in a process of its own; it may be killed."""

    def __init__(self, plan: Plan) -> None:
        self.name = plan.writer
        self._plan = plan
        self._ledger = Ledger()
        self._has_halted = threading.Event()
        self._start()

    def go(self, ledger: Ledger) -> None:
        """Let it write; it must have halted, or just have been started."""
        self.wait()
        self._ledger = ledger
        self._has_halted.clear()
        self._order(b"g")

    def halt(self) -> None:
        """Ask it to halt."""
        self._order(b"h")

    def wait(self) -> None:
        """Wait until it has halted, or is connected."""
        assert self._has_halted.wait(PATIENCE_SECONDS), "a process does not halt"
        assert self._process.poll() is None, "the process of a writer has ended"

    def kill(self) -> None:
        """Kill it while it writes, find out what became of its writes, and start another one."""
        self._process.kill()
        self._let_go()
        successor = Writer(self._plan, self._ledger.take)
        for write in self._ledger.open_writes(self.name):
            self._ledger.take(Note(self.name, write, Outcome.UNKNOWN, time.monotonic()))
            if write.kind is not Kind.KEYLESS:
                successor.carry_out(write, is_known=False)
        self._start()
        self.go(self._ledger)

    def end(self) -> None:
        """Let it end by itself; it must have halted."""
        self._orders.close()
        self._let_go()

    def _start(self) -> None:
        self._has_halted.clear()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._orders = cast("IO[bytes]", self._process.stdin)
        self._notes = cast("IO[bytes]", self._process.stdout)
        self._reader = threading.Thread(target=self._read_notes, name=f"notes of {self.name}")
        self._reader.start()
        self._order(json.dumps(self._plan).encode() + b"\n")

    def _let_go(self) -> None:
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        self._orders.close()
        self._notes.close()

    def _order(self, order: bytes) -> None:
        self._orders.write(order)

    def _read_notes(self) -> None:
        with os.fdopen(self._notes.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                # The last line of one that was killed may be cut off.
                if line == b"null\n":
                    self._has_halted.set()
                elif line.endswith(b"\n"):
                    self._ledger.take(_to_note(*json.loads(line)))
        self._has_halted.set()


class Crew:
    """Writers on one database, which write as long as they are told to.

    Args:
        url: The database as they reach it, to which this process is connected; it has the schema.
        options: For the `connect` of each process.
        threads: How many write in this process.
        processes: How many write in processes of their own.
        seed: Where their choices begin.
    """

    def __init__(
        self, url: str, options: dict[str, Any], *, threads: int, processes: int, seed: int
    ) -> None:
        category = make_category(name=str(uuid4()))
        signs = [make_sign(category_id=category.id).id for _ in range(SIGNS)]
        shared: dict[str, Any] = {
            "url": url,
            "options": options,
            "shared_user_id": make_user().id,
            "sign_ids": tuple(signs),
            "lesson_id": make_lesson(signs=0).id,
        }
        names = [f"writer {number}" for number in range(threads + processes)]
        users = [make_user().id for _ in names]
        self._numbers = count(seed)
        self._plans = [
            Plan(writer=name, user_id=user, seed=next(self._numbers), **shared)
            for name, user in zip(names, users, strict=True)
        ]
        self._of_threads = self._plans[:threads]
        self._processes = {plan.writer: WriterProcess(plan) for plan in self._plans[threads:]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.end()

    @property
    def names(self) -> list[str]:
        """The names of all writers."""
        return [plan.writer for plan in self._plans]

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        """Let all write for the block, into a new ledger; at its end every one has halted."""
        ledger = Ledger()
        writers: list[WriterThread | WriterProcess] = []
        with ExitStack() as endings:
            for process in self._processes.values():
                process.go(ledger)
                writers.append(process)
            writers += [WriterThread(plan, ledger) for plan in self._of_threads]
            for writer in writers:
                endings.callback(writer.wait)
            for writer in writers:
                endings.callback(writer.halt)
            yield ledger

    def kill_process(self, chosen: random.Random) -> None:
        """Kill one of the processes while it writes; another one takes its place."""
        self._processes[chosen.choice(sorted(self._processes))].kill()


def _to_note(writer: str, write: list[Any], outcome: str, at: float) -> Note:
    key, kind, user_id, sign_ids = write
    return Note(writer, Write(key, Kind(kind), user_id, tuple(sign_ids)), Outcome(outcome), at)
