"""The clients that write during a test: threads of this process, and processes of their own."""

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

from tests.faults.journal import TIMEOUT_SECONDS, Entry, Journal, Kind, Outcome, Write
from tests.faults.writer import Plan, Writer
from tests.processes import Process
from triosigno_db.testing.factories import make_category, make_lesson, make_sign, make_user

SIGNS = 3


class ClientThread:
    """A client in a thread of this process, on this process's pool."""

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self.name = plan.writer
        self._writer = Writer(plan, journal.add)
        self._is_over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name=self.name)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop."""
        self._is_over.set()

    def wait(self) -> None:
        """Wait until it has stopped; what it failed with is raised here."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _write(self) -> None:
        try:
            self._writer.write_until(self._is_over.is_set)
        except BaseException as exc:  # noqa: BLE001 (it is raised where it is waited for)
            self._failure = exc


class ClientProcess:
    """A client in a process of its own; it may be killed."""

    def __init__(self, plan: Plan) -> None:
        self.name = plan.writer
        self._plan = plan
        self._journal = Journal()
        self._has_stopped = threading.Event()
        self._start()

    def go(self, journal: Journal) -> None:
        """Let it write; it must have stopped, or have just been started."""
        self.wait()
        self._journal = journal
        self._has_stopped.clear()
        self._send_command(b"g")

    def stop(self) -> None:
        """Ask it to stop."""
        self._send_command(b"h")

    def wait(self) -> None:
        """Wait until it has stopped, or is connected."""
        assert self._has_stopped.wait(TIMEOUT_SECONDS), "a process does not stop"
        assert self._process.poll() is None, "the process of a writer has ended"

    def kill(self) -> None:
        """Kill it while it writes, find out the outcome of its writes, and start another one."""
        self._process.kill()
        self._release()
        successor = Writer(self._plan, self._journal.add)
        for write in self._journal.open_writes(self.name):
            self._journal.add(Entry(self.name, write, Outcome.UNKNOWN, time.monotonic()))
            if write.kind is not Kind.KEYLESS:
                successor.carry_out(write, is_known=False)
        self._start()
        self.go(self._journal)

    def end(self) -> None:
        """Let it end by itself; it must have stopped."""
        self._commands.close()
        self._release()

    def _start(self) -> None:
        self._has_stopped.clear()
        self._process = Process(
            [sys.executable, "-m", "tests.faults.writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._commands = cast("IO[bytes]", self._process.stdin)
        self._entries = cast("IO[bytes]", self._process.stdout)
        self._reader = threading.Thread(target=self._read_entries, name=f"journal of {self.name}")
        self._reader.start()
        self._send_command(json.dumps(self._plan).encode() + b"\n")

    def _release(self) -> None:
        self._process.wait(TIMEOUT_SECONDS)
        self._reader.join()
        self._commands.close()
        self._entries.close()

    def _send_command(self, command: bytes) -> None:
        self._commands.write(command)

    def _read_entries(self) -> None:
        with os.fdopen(self._entries.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                # The last line of one that was killed may be cut off.
                if line == b"null\n":
                    self._has_stopped.set()
                elif line.endswith(b"\n"):
                    self._journal.add(_to_entry(*json.loads(line)))
        self._has_stopped.set()


class Clients:
    """Clients on one database, which write until they are stopped.

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
        self._processes = {plan.writer: ClientProcess(plan) for plan in self._plans[threads:]}

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
    def writing(self) -> Iterator[Journal]:
        """Let all write for the block, into a new journal; at its end every one has stopped."""
        journal = Journal()
        writers: list[ClientThread | ClientProcess] = []
        with ExitStack() as endings:
            for process in self._processes.values():
                process.go(journal)
                writers.append(process)
            writers += [ClientThread(plan, journal) for plan in self._of_threads]
            for writer in writers:
                endings.callback(writer.wait)
            for writer in writers:
                endings.callback(writer.stop)
            yield journal

    def kill_process(self, chosen: random.Random) -> None:
        """Kill one of the processes while it writes; another one takes its place."""
        self._processes[chosen.choice(sorted(self._processes))].kill()


def _to_entry(writer: str, write: list[Any], outcome: str, at: float) -> Entry:
    key, kind, user_id, sign_ids = write
    return Entry(writer, Write(key, Kind(kind), user_id, tuple(sign_ids)), Outcome(outcome), at)
