"""A process that runs a server for an owner process and stops it when the owner ends.

The supervisor process runs the server's programs. It detects the end of its owner by the end of a
pipe, for any cause: an exit, a signal, even SIGKILL. It then stops the server and removes its
folder. It is the leader of its own session, so that Ctrl-C in a terminal reaches only the owner.

This file contains both sides: `Supervisor` is for the owner; run as a script, the file is the
supervisor process. It imports only the standard library, so that the process starts in some 20 ms.

Requests and answers are lines of JSON:

    ["run", ["postgres", "-D", "/data"]]   run a program; the answer at its end is "exit status 0",
                                           or the reason why it could not be run
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

_STOP_TIMEOUT_SECONDS = 10
_REPEAT_SECONDS = 0.2
# Windows has no SIGHUP. Nothing runs there, but this file is imported.
_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)}
_INHERITED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Supervisor:
    """The owner's side: starts the supervisor process and communicates with it.

    Args:
        folder: The server's folder. The caller creates it before the first program runs; the
            supervisor process removes it at the end.
        log: The file that receives what the programs print.
        user: The ids of the user and the group that run the programs. By default those of the
            current process.
    """

    SUCCESS: Final = "exit status 0"

    def __init__(self, folder: Path, log: Path, user: tuple[int, int] | None = None) -> None:
        self._folder = folder
        self._ending: str | None = None
        arguments = json.dumps([str(folder), str(log), user])
        self._process = subprocess.Popen(  # noqa: S603 (this file)
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
        _supervisors.add(self)

    @property
    def pid(self) -> int:
        """The id of the supervisor process: SIGTERM stops the server and removes its folder."""
        return self._process.pid

    @property
    def is_attached(self) -> bool:
        """Whether this process is the owner: not after `stop`, `detach` or in a forked child."""
        return not self._requests.closed

    def run(self, command: Sequence[str]) -> None:
        """Run a program; the previous one must have ended.

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
        """Wait for the end of the program.

        Args:
            timeout: The maximum time to wait, in seconds.

        Returns:
            How the program ended, or `None` if it has not.
        """
        if self._ending is None and self.is_attached:
            poll = select.poll()
            poll.register(self._answers, select.POLLIN)
            if poll.poll(timeout * 1000):
                line = self._answers.readline()
                self._ending = str(json.loads(line)) if line else "its supervisor has ended"
        return self._ending

    def detach(self) -> None:
        """Keep the program running after the owner's end; this object can no longer be used."""
        self._request("detach")
        self._close_pipes()

    def stop(self) -> None:
        """Stop the program and remove its folder; no effect in a forked child or a second time."""
        if self.is_attached:
            self._process.terminate()
            self._process.wait()
            self._close_pipes()
            # The supervisor process has done this already, unless it was killed.
            shutil.rmtree(self._folder, ignore_errors=True)

    def _request(self, *words: object) -> None:
        try:
            self._requests.write(json.dumps(words).encode() + b"\n")
        except BrokenPipeError:
            self._ending = "its supervisor has ended"

    def _close_pipes(self) -> None:
        self._requests.close()
        self._answers.close()
        if self._process.returncode is None:
            self._process.returncode = 0  # not waited for: avoids Popen's ResourceWarning


_supervisors: weakref.WeakSet[Supervisor] = weakref.WeakSet()


def _close_pipes_in_child() -> None:
    # A forked child has copies of the pipes, which would hide the owner's end.
    for supervisor in list(_supervisors):
        supervisor._close_pipes()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_close_pipes_in_child)


def _clean_environment() -> dict[str, str]:
    # The server may run as another user, which must not see the owner's variables (secrets,
    # PGDATA, a locale). On macOS the server needs LC_ALL; initdb reads the time zone from TZ.
    kept = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


class _SupervisorProcess:
    """The supervisor's side: runs one program at a time and handles a queue of events."""

    def __init__(self, folder: str, log: str, user: tuple[int, int] | None) -> None:
        self._folder = folder
        self._log = log
        self._user = user
        self._events: SimpleQueue[Sequence[Any]] = SimpleQueue()
        self._program: subprocess.Popen[bytes] | None = None
        self._wait_thread = Thread()
        self._is_detached = False

    def run(self) -> None:
        # The owner may have blocked or ignored some signals, which its children inherit.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in _STOP_SIGNALS:
            signal.signal(number, lambda *_: self._events.put(["stop"]))
        Thread(target=self._listen, daemon=True).start()
        try:
            while self._handle(self._events.get()):
                pass
        finally:
            self._stop_program()
            self._remove_folder()

    def _handle(self, event: Sequence[Any]) -> bool:
        """Handle an event; return `False` if the process must end."""
        match event:
            case ["run", command]:
                self._run(command)
            case ["signal", name]:
                self._signal(signal.Signals[name])
            case ["detach"]:
                self._is_detached = True
            case ["ended", answer] if not self._is_detached:
                with suppress(BrokenPipeError):  # the event "owner ended" follows
                    print(json.dumps(answer), flush=True)
            case ["owner ended"] if self._is_detached:
                pass
            case _:
                return False
        return True

    def _listen(self) -> None:
        _leave_signals_to_main_thread()
        # Unbuffered: this thread would hold a buffer's lock while it reads, and delay the exit.
        with os.fdopen(sys.stdin.fileno(), "rb", buffering=0) as requests:
            try:
                for line in requests:
                    self._events.put(json.loads(line))
            finally:
                self._events.put(["owner ended"])

    def _run(self, command: list[str]) -> None:
        uid, gid = self._user or (None, None)
        try:
            with Path(self._log).open("ab") as log:
                self._program = subprocess.Popen(  # noqa: S603 (the owner's request)
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
            self._events.put(["ended", str(exc)])
        else:
            self._wait_thread = Thread(target=self._wait, args=(self._program,), daemon=True)
            self._wait_thread.start()

    def _wait(self, program: subprocess.Popen[bytes]) -> None:
        _leave_signals_to_main_thread()
        self._events.put(["ended", f"exit status {program.wait()}"])

    def _signal(self, number: signal.Signals) -> None:
        if self._program:
            self._program.send_signal(number)

    def _stop_program(self) -> None:
        # SIGQUIT, as the data is removed anyway. Repeated, because initdb ignores the signal while
        # it waits for a child process.
        deadline = time.monotonic() + _STOP_TIMEOUT_SECONDS
        while self._wait_thread.is_alive() and time.monotonic() < deadline:
            self._signal(signal.SIGQUIT)
            self._wait_thread.join(_REPEAT_SECONDS)
        if self._program and self._wait_thread.is_alive():
            os.killpg(self._program.pid, signal.SIGKILL)
            self._wait_thread.join()

    def _remove_folder(self) -> None:
        # A killed process may still write for a short time.
        deadline = time.monotonic() + _STOP_TIMEOUT_SECONDS
        while Path(self._folder).exists() and time.monotonic() < deadline:
            shutil.rmtree(self._folder, ignore_errors=True)


def _leave_signals_to_main_thread() -> None:
    # Python runs signal handlers in the main thread; a signal delivered to another thread would
    # not wake it up.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)


if __name__ == "__main__":
    _SupervisorProcess(*json.loads(sys.argv[1])).run()
