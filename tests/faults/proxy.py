"""A TCP proxy before a server, which fails where it is told to.

It knows where the client's messages begin and end. So it can let a connection fail at a known point
of a known statement: before the server has it, with half of it sent, or when the server has done it
and its answer is under way.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from enum import Enum
from select import select
from typing import Self
from urllib.parse import urlsplit

_HOST = "127.0.0.1"
_CHUNK = 65_536
_QUERY = b"Q"
_READY = b"Z\0\0\0\5"
"""How the last message of an answer begins; one byte follows."""

_QUESTIONS = (80_877_103, 80_877_104)
"""What a client may ask before it begins: for TLS, for GSSAPI."""


class Place(Enum):
    """Where in an exchange a connection fails."""

    BEFORE = "before the statement"
    INSIDE = "inside the statement"
    ANSWER = "before the answer"
    INSIDE_ANSWER = "inside the answer"


class Trap:
    """A failure that waits for its statement.

    Args:
        place: Where the connection fails.
        statement: What the statement's text holds.
        pause: For how many seconds the connection stalls there before it goes on; with `None` it is
            cut.

    Attributes:
        is_sprung: Set once the connection has come to the place.
        is_released: Ends the pause when it is set.
        is_over: Set once the connection is cut, or goes on.
    """

    def __init__(self, place: Place, statement: str, pause: float | None) -> None:
        self.place = place
        self.pause = pause
        self.is_sprung = threading.Event()
        self.is_released = threading.Event()
        self.is_over = threading.Event()
        self._statement = statement.encode()

    def fits(self, message: bytes) -> bool:
        """Whether a client's message is the statement."""
        return message.startswith(_QUERY) and self._statement in message


def port_of(url: str) -> int:
    """Give the port that a URL names."""
    port = urlsplit(url).port
    assert port is not None
    return port


class Proxy:
    """The proxy; each connection is served by a thread of its own.

    Args:
        port: The server's port on 127.0.0.1.

    Attributes:
        accepted: How many connections were accepted so far.
    """

    def __init__(self, port: int) -> None:
        self.accepted = 0
        self._server_port = port
        self._lock = threading.Lock()
        self._traps: list[Trap] = []
        self._links: set[_Link] = set()
        self._is_flowing = threading.Event()
        self._is_flowing.set()
        self._listener = socket.create_server((_HOST, 0))
        self._acceptor = threading.Thread(target=self._accept, name="proxy")
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing a listener does not wake the thread that waits for it.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self.cut_all()

    def lead_through(self, url: str) -> str:
        """Give the URL that leads to the same database through the proxy."""
        port = self._listener.getsockname()[1]
        return url.replace(f":{urlsplit(url).port}/", f":{port}/", 1)

    def set_trap(self, place: Place, statement: str = "", pause: float | None = None) -> Trap:
        """Let the connection fail that is the first to send a statement, once.

        Args:
            place: Where in the exchange.
            statement: What the statement's text holds.
            pause: Seconds to stall for; without it the connection is cut.

        Returns:
            The trap.
        """
        trap = Trap(place, statement, pause)
        with self._lock:
            self._traps.append(trap)
        return trap

    def stall(self) -> None:
        """Hold back everything that either side sends, until `resume`."""
        self._is_flowing.clear()

    def resume(self) -> None:
        """Pass on what was held back, in its order, and what follows."""
        self._is_flowing.set()

    def cut_all(self) -> None:
        """Cut every connection, and return once all are gone."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()
        self._is_flowing.set()
        for link in links:
            link.join()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener's end
            while True:
                client, _ = self._listener.accept()
                link = _Link(self, client, self._server_port)
                with self._lock:
                    self._links.add(link)
                    link.start()
                    self.accepted += 1

    def wait_for_flow(self) -> None:
        """Wait while everything is held back."""
        self._is_flowing.wait()

    def trap_for(self, message: bytes) -> Trap | None:
        """Take out the first trap that a message springs."""
        with self._lock:
            trap = next((trap for trap in self._traps if trap.fits(message)), None)
            if trap is not None:
                self._traps.remove(trap)
        return trap

    def forget(self, link: "_Link") -> None:
        """Forget a connection that has ended."""
        with self._lock:
            self._links.discard(link)


class _Link(threading.Thread):
    """One client's connection and the one to the server that it is passed on to."""

    def __init__(self, proxy: Proxy, client: socket.socket, server_port: int) -> None:
        super().__init__(name=f"proxy for {client.getpeername()[1]}")
        self._proxy = proxy
        self._client = client
        self._server = socket.socket()
        self._server_port = server_port
        self._messages = _Messages()
        self._trap: Trap | None = None
        self._is_cut = False

    def run(self) -> None:
        """Pass on what comes from both sides until one of them ends, or the connection is cut."""
        try:
            with ExitStack() as sockets, suppress(OSError):  # either side may be gone at any time
                sockets.enter_context(self._client)
                sockets.enter_context(self._server)
                self._server.connect((_HOST, self._server_port))
                while not self._is_cut and self._pass_on():
                    pass
        finally:
            self._proxy.forget(self)

    def cut(self) -> None:
        """End the connection, from any thread."""
        self._is_cut = True
        if self._trap is not None:
            self._trap.is_released.set()
        for each in (self._client, self._server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _pass_on(self) -> bool:
        """Pass on what is there next; `False` at the end of either side."""
        readable, _, _ = select([self._client, self._server], [], [])
        source: socket.socket
        for source in readable:
            data = source.recv(_CHUNK)
            self._proxy.wait_for_flow()
            if not data:
                return False
            if source is self._server:
                self._client.sendall(data)
            elif not all(map(self._send, self._messages.cut_off(data))):
                return False
        return True

    def _send(self, message: bytes) -> bool:
        """Send a client's message to the server; `False` where its trap cuts the connection."""
        self._trap = self._proxy.trap_for(message)
        if self._trap is None:
            self._server.sendall(message)
            return True
        if self._trap.place in (Place.BEFORE, Place.INSIDE):
            is_inside = self._trap.place is Place.INSIDE
            return self._fail_in(message, self._server, self._trap, is_inside)
        self._server.sendall(message)
        is_inside = self._trap.place is Place.INSIDE_ANSWER
        return self._fail_in(self._read_answer(), self._client, self._trap, is_inside)

    def _fail_in(self, data: bytes, target: socket.socket, trap: Trap, is_inside: bool) -> bool:
        middle = len(data) // 2 if is_inside else 0
        try:
            target.sendall(data[:middle])
            trap.is_sprung.set()
            if trap.pause is None:
                return False
            if not self._is_cut:
                trap.is_released.wait(trap.pause)
            target.sendall(data[middle:])
        finally:
            trap.is_over.set()
        return True

    def _read_answer(self) -> bytes:
        """Read to the end of the server's answer: what was asked for is then done."""
        answer = b""
        while answer[-6:-1] != _READY:
            more = self._server.recv(_CHUNK)
            if not more:
                raise ConnectionResetError
            answer += more
        return answer


class _Messages:
    """Cuts what a client sends into its messages."""

    def __init__(self) -> None:
        self._bytes = b""
        self._has_begun = False

    def cut_off(self, data: bytes) -> Iterator[bytes]:
        """Take more bytes; give the messages that are complete."""
        self._bytes += data
        while (length := self._length()) is not None and length <= len(self._bytes):
            message, self._bytes = self._bytes[:length], self._bytes[length:]
            if not self._has_begun:
                self._has_begun = struct.unpack_from("!i", message, 4)[0] not in _QUESTIONS
            yield message

    def _length(self) -> int | None:
        # Once a client has begun, a byte before the length tells the kind of each message.
        offset = int(self._has_begun)
        if len(self._bytes) < offset + 4:
            return None
        length: int = struct.unpack_from("!i", self._bytes, offset)[0]
        return offset + length
