"""A server that answers a client's first message with prepared bytes, or not at all.

The messages are those of PostgreSQL's protocol:
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

_HOST = "127.0.0.1"
_ENCRYPTION_REQUESTS = (80_877_103, 80_877_104)
"""What a client may send first: a request for TLS, for GSSAPI."""


def message(kind: bytes, body: bytes) -> bytes:
    """Write one message of the server."""
    return kind + struct.pack("!I", len(body) + 4) + body


def refusal(text: bytes) -> bytes:
    """Write the error with which a server ends a connection before its session begins."""
    return message(b"E", b"SFATAL\0VFATAL\0C28000\0M" + text + b"\0\0")


def greeting(version: str) -> bytes:
    """Write what a server of a version sends when a session begins."""
    return (
        message(b"R", struct.pack("!I", 0))
        + message(b"S", b"server_version\0" + version.encode() + b"\0")
        + message(b"S", b"client_encoding\0UTF8\0")
        + message(b"S", b"DateStyle\0ISO, DMY\0")
        + message(b"K", struct.pack("!II", 1, 1))
        + message(b"Z", b"I")
    )


LATIN_1_REFUSAL = refusal("le rôle « lea » n'existe pas".encode("latin-1"))


class FakeServer:
    """Takes connections and answers each with the same bytes.

    Args:
        answer: What it sends; empty for a server that never answers.
        port: Where it listens; a free port by default.
    """

    def __init__(self, answer: bytes = b"", port: int = 0) -> None:
        self._answer = answer
        self._listener = socket.create_server((_HOST, port))
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """A URL of a database on it, with a password."""
        return f"postgresql://lea:geheim@{_HOST}:{self.port}/triosigno"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (self._listener, *self._clients):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                if self._answer:
                    with suppress(ConnectionError):
                        self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        while _read_code(client) in _ENCRYPTION_REQUESTS:
            client.sendall(b"N")
        client.sendall(self._answer)


def _read_code(client: socket.socket) -> int:
    (length,) = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))
    body = client.recv(length - 4, socket.MSG_WAITALL)
    (code,) = struct.unpack("!I", body[:4])
    return int(code)
