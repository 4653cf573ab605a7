"""Keep a server's life within its owner's, by a small process that stands between the two.

The guard runs the server's programs and notices the end of its owner as the end of a pipe, whatever
ended the owner: an exit, a signal, even SIGKILL. It then stops the server and removes its folder.
It leads a session of its own, so that Ctrl-C in a terminal reaches the owner alone.

This file holds both sides: `Guard` is the owner's; run as a script, the file is the guard itself.
It imports only the standard library, so that the guard starts in some 20 ms.

Requests and answers are lines of JSON:

    ["run", ["postgres", "-D", "/data"]]   run a program; its end is answered: "exit status 0", or
                                           the reason why it could not be run
    ["signal", "SIGINT"]                   send a signal to the program
    ["detach"]                             outlive the owner, until SIGTERM or the program's end
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, Final, cast

_PATIENCE_SECONDS = 10
_REPEAT_SECONDS = 0.2
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_INHERITED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Guard:
    """The owner's side: starts the guard and talks to it.

    Args:
        folder: The server's folder, to be made before the first program runs there; removed at
            the end.
        log: The file that receives what the programs print.
        user: The numbers of the user and the group that the programs run as; by default those
            of the current process.
    """

    SUCCESS: Final = "exit status 0"

    def __init__(self, folder: Path, log: Path, user: tuple[int, int] | None = None) -> None:
        self._folder = folder
        self._ending: str | None = None
        arguments = json.dumps([str(folder), str(log), user])
        self._process = subprocess.Popen(  # noqa: S603 (this very file)
            [sys.executable, "-I", "-S", __file__, arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=_clean_environment(),
            start_new_session=True,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        _guards.add(self)

    @property
    def pid(self) -> int:
        """The guard's process id: SIGTERM to it stops the server and removes its folder."""
        return self._process.pid

    @property
    def is_held(self) -> bool:
        """Whether this process is the owner: not after `stop`, `detach`, nor in a forked child."""
        return not self._requests.closed

    def run(self, command: Sequence[str]) -> None:
        """Run a program; the one before must have ended.

        Args:
            command: The program's path and its arguments.
        """
        self._ending = None
        self._request("run", list(command))

    def signal(self, name: str) -> None:
        """Send a signal to the program.

        Args:
            name: The signal's name, such as `SIGINT`.
        """
        self._request("signal", name)

    def ending(self, timeout: float = 0) -> str | None:
        """Wait for the program's end.

        Args:
            timeout: How long to wait, in seconds.

        Returns:
            How the program ended, or `None` if it has not.
        """
        if self._ending is None and self.is_held:
            poll = select.poll()
            poll.register(self._answers, select.POLLIN)
            if poll.poll(timeout * 1000):
                line = self._answers.readline()
                self._ending = str(json.loads(line)) if line else "its guard has ended"
        return self._ending

    def detach(self) -> None:
        """Let the program run on after the owner's end; this object is of no more use."""
        self._request("detach")
        self._let_go()

    def stop(self) -> None:
        """Stop the program and remove its folder; in a forked child, or a second time, nothing."""
        if self.is_held:
            self._process.terminate()
            self._process.wait()
            self._let_go()
            # The guard has done this already, unless it was killed itself.
            shutil.rmtree(self._folder, ignore_errors=True)

    def _request(self, *words: object) -> None:
        try:
            self._requests.write(json.dumps(words).encode() + b"\n")
        except BrokenPipeError:
            self._ending = "its guard has ended"

    def _let_go(self) -> None:
        self._requests.close()
        self._answers.close()
        if self._process.returncode is None:
            self._process.returncode = 0  # nobody here will wait for it: spare Popen's warning


_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _let_go_in_child() -> None:
    # A forked child holds copies of the pipes: while it did, the owner's end would go unnoticed.
    for guard in list(_guards):
        guard._let_go()


if hasattr(os, "register_at_fork"):  # everywhere but on Windows
    os.register_at_fork(after_in_child=_let_go_in_child)


def _clean_environment() -> dict[str, str]:
    # The server may run as another user, for whom the owner's variables (secrets, PGDATA, a
    # locale) are not meant. macOS's server insists on LC_ALL; initdb takes the time zone from TZ.
    kept = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


class _Keeper:
    """The guard's side: one program at a time, and an inbox of all that may happen."""

    def __init__(self, folder: str, log: str, user: tuple[int, int] | None) -> None:
        self._folder = folder
        self._log = log
        self._user = user
        self._inbox: SimpleQueue[Sequence[Any]] = SimpleQueue()
        self._program: subprocess.Popen[bytes] | None = None
        self._waiter = Thread()
        self._is_detached = False

    def keep(self) -> None:
        # The owner may have blocked or ignored some signals, which its children inherit.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in _STOP_SIGNALS:
            signal.signal(number, lambda *_: self._inbox.put(["stop"]))
        Thread(target=self._listen, daemon=True).start()
        try:
            while self._handle(self._inbox.get()):
                pass
        finally:
            self._stop_program()
            self._remove_folder()

    def _handle(self, event: Sequence[Any]) -> bool:
        """Do what an event asks for; False when it means the end."""
        match event:
            case ["run", command]:
                self._run(command)
            case ["signal", name]:
                self._signal(signal.Signals[name])
            case ["detach"]:
                self._is_detached = True
            case ["ended", answer] if not self._is_detached:
                with suppress(BrokenPipeError):  # then "owner gone" comes next
                    print(json.dumps(answer), flush=True)
            case ["owner gone"] if self._is_detached:
                pass
            case _:
                return False
        return True

    def _listen(self) -> None:
        _leave_signals_to_main_thread()
        # Unbuffered: a buffer's lock, held while this thread reads, would delay the guard's exit.
        with os.fdopen(sys.stdin.fileno(), "rb", buffering=0) as requests:
            try:
                for line in requests:
                    self._inbox.put(json.loads(line))
            finally:
                self._inbox.put(["owner gone"])

    def _run(self, command: list[str]) -> None:
        uid, gid = self._user or (None, None)
        try:
            with Path(self._log).open("ab") as log:
                self._program = subprocess.Popen(  # noqa: S603 (what the owner asks for)
                    command,
                    user=uid,
                    group=gid,
                    process_group=0,
                    extra_groups=[] if self._user else None,
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        except (OSError, subprocess.SubprocessError) as exc:
            self._inbox.put(["ended", str(exc)])
        else:
            self._waiter = Thread(target=self._wait, args=(self._program,), daemon=True)
            self._waiter.start()

    def _wait(self, program: subprocess.Popen[bytes]) -> None:
        _leave_signals_to_main_thread()
        self._inbox.put(["ended", f"exit status {program.wait()}"])

    def _signal(self, number: signal.Signals) -> None:
        if self._program:
            self._program.send_signal(number)

    def _stop_program(self) -> None:
        # At once: PostgreSQL need not tidy data that are about to be removed. Repeatedly: initdb
        # takes no notice while it waits for a program of its own.
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._waiter.is_alive() and time.monotonic() < deadline:
            self._signal(signal.SIGQUIT)
            self._waiter.join(_REPEAT_SECONDS)
        if self._program and self._waiter.is_alive():
            os.killpg(self._program.pid, signal.SIGKILL)
            self._waiter.join()

    def _remove_folder(self) -> None:
        # What was killed may write for a moment longer.
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while Path(self._folder).exists() and time.monotonic() < deadline:
            shutil.rmtree(self._folder, ignore_errors=True)


def _leave_signals_to_main_thread() -> None:
    # Python runs handlers there; a signal taken by another thread would not wake it up.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)


if __name__ == "__main__":
    _Keeper(*json.loads(sys.argv[1])).keep()
