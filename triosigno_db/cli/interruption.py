"""Ctrl-C and SIGTERM: cancel what the server does for the command, and say what was kept.

While the driver waits for an answer, Python runs no signal handler. So a thread, which is woken by
the signal itself, asks the server to cancel the statement. The driver then raises, and the handler
runs. A second signal ends the process at once.
"""

import ctypes
import os
import signal
import socket
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, RLock, Thread
from typing import Any

import peewee
import psycopg2
import typer
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE
from rich.console import Console
from typer.core import TyperGroup

from triosigno_db.cli.tables import visible
from triosigno_db.database.connection import Connection
from triosigno_db.database.connector import on_open
from triosigno_db.errors import OutcomeUnknownError, TrioSignoDBError

_REPEAT_SECONDS = 0.2
"""The signal may come just before a statement is sent, so cancelling is repeated."""

_CONNECT_SECONDS = 0.5
"""How long a command that has never been connected may take to end by itself."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_CODE = 128  # plus the number of the signal, as shells do
_NOTHING = "Nothing was changed."

_FAILURES = (
    KeyboardInterrupt,
    typer.Abort,
    TrioSignoDBError,
    psycopg2.Error,
    peewee.PeeweeException,
)
"""What leaves a command whose statement was cancelled."""


class _Interruption:
    """The state of this process: which signal came, and what is said about it."""

    def __init__(self) -> None:
        self.kept: Callable[[], str] = lambda: _NOTHING
        self.signal = 0
        self.is_deferred = False
        self._is_heard = Event()
        # The handler may run while this thread holds it.
        self._cancelling = RLock()
        self._heard_signals: list[signal.Signals] = []
        self._connections: list[weakref.ref[Connection]] = []
        self._wakeup: tuple[socket.socket, ...] = ()

    def install(self) -> None:
        if self._wakeup:
            return
        reader, writer = self._wakeup = socket.socketpair()
        writer.setblocking(False)
        on_open.append(lambda connection: self._connections.append(weakref.ref(connection)))
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._hear)
                self._heard_signals.append(number)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        Thread(target=self._watch, args=(reader,), daemon=True).start()

    def finish(self) -> None:
        """Stop cancelling: what follows, such as ROLLBACK, is to be done."""
        self._is_heard.set()
        with self._cancelling:  # one that is under way
            pass

    def _hear(self, number: int, _frame: object) -> None:
        self.signal = number
        if not self.is_deferred:
            self.finish()
            raise KeyboardInterrupt

    def _watch(self, reader: socket.socket) -> None:
        number = 0
        while number not in _SIGNALS:
            number = reader.recv(1)[0]
        for each in self._heard_signals:
            # From here on the kernel ends the process. Python's own function works in the main
            # thread only, which waits for the driver.
            ctypes.pythonapi.PyOS_setsig(int(each), None)
        if not self._connections and not self._is_heard.wait(_CONNECT_SECONDS):
            # The driver waits for a server, and nothing was sent to any.
            os.write(sys.stderr.fileno(), f"Interrupted. {_NOTHING}\n".encode())
            os._exit(_EXIT_CODE + number)
        while not self._is_heard.is_set():
            self._cancel_statements()
            self._is_heard.wait(_REPEAT_SECONDS)

    def _cancel_statements(self) -> None:
        for reference in list(self._connections):
            connection = reference()
            if connection is None or connection.closed:
                continue
            with self._cancelling:
                if self._is_heard.is_set():
                    return
                if connection.get_transaction_status() == TRANSACTION_STATUS_ACTIVE:
                    _cancel(connection)


def _cancel(connection: Connection) -> None:
    connection.is_interrupted = True
    try:
        connection.cancel()
    except psycopg2.Error as exc:
        # The second signal ends the process, but not what the server does.
        os.write(sys.stderr.fileno(), f"The statement can't be cancelled: {exc}\n".encode())


_interruption = _Interruption()


def handle_signals() -> None:
    """Cancel the statements of this process when it gets SIGINT or SIGTERM, unless ignored."""
    _interruption.install()


def say_if_interrupted(kept: Callable[[], str] | str) -> None:
    """Set what is said if the command is interrupted from now on.

    Args:
        kept: What became of what the command wrote, or a function that finds it out.
    """
    _interruption.kept = (lambda: kept) if isinstance(kept, str) else kept


@contextmanager
def writing(done: str) -> Iterator[None]:
    """Make one call that writes in one statement or transaction: all is stored, or nothing.

    A signal inside the block cancels its statements and raises nothing by itself, so that the
    outcome is known: the call has failed, or returned.

    Args:
        done: What is said if the signal came too late to prevent it.

    Yields:
        Nothing.
    """
    _interruption.is_deferred = True
    try:
        yield
        say_if_interrupted(done)
    except OutcomeUnknownError as exc:
        say_if_interrupted(str(exc))
        raise
    finally:
        _interruption.is_deferred = False
        if _interruption.signal:
            _interruption.finish()
    if _interruption.signal:
        raise KeyboardInterrupt


class InterruptibleGroup(TyperGroup):
    """All commands: interrupted, each says what was kept, and ends with 130 or 143."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        say_if_interrupted(_NOTHING)
        try:
            return super().invoke(ctx)
        except _FAILURES as exc:
            if not _interruption.signal and not isinstance(exc, KeyboardInterrupt):
                raise
        number = _interruption.signal or signal.SIGINT
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(visible(f"Interrupted. {_kept()}"), markup=False)
        raise typer.Exit(_EXIT_CODE + number)


def _kept() -> str:
    try:
        return _interruption.kept()
    except TrioSignoDBError as exc:
        return f"It is unknown what was kept: {exc}"
