"""Sockets known by their descriptors, on every platform.

Windows has no `select.poll`, and `os.dup` and `os.close` do not work on its sockets. Eventlet takes
`select.poll` away when it patches the standard library.
"""

import select
import socket
import weakref
from collections.abc import Callable
from contextlib import suppress


class SocketCopy:
    """A second descriptor of a socket, which stays valid when the first is closed.

    Args:
        descriptor: The descriptor of the socket.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = copied = socket.dup(descriptor)
        self._finalizer = weakref.finalize(self, socket.close, copied)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return not self._finalizer.alive

    def shut_down(self) -> None:
        """End the connection in both directions: whoever waits for the socket sees its end."""
        with _opened(self._descriptor) as end, suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the second descriptor; a second call has no effect."""
        self._finalizer()


def peer_address(descriptor: int) -> str:
    """Return the address of the other end of a connection.

    Args:
        descriptor: The descriptor of the socket.

    Returns:
        The IP address, empty for a Unix socket.
    """
    with _opened(descriptor) as end:
        name = end.getpeername()
    return str(name[0]) if isinstance(name, tuple) else ""


def input_probe(descriptor: int) -> Callable[[], bool]:
    """Return a function that tells, without waiting, whether a socket has input or has ended.

    Args:
        descriptor: The descriptor of the socket.

    Returns:
        The function.
    """
    if hasattr(select, "poll"):
        # Registered once: an idle connection is probed before each call.
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return lambda: bool(poller.poll(0))

    def has_input() -> bool:
        try:
            return wait_until_ready(descriptor, for_input=True, timeout=0)
        except (OSError, ValueError):
            # Closed: `poll` reports it as an event.
            return True

    return has_input


def wait_until_ready(descriptor: int, *, for_input: bool, timeout: float) -> bool:
    """Wait until a socket has input or has ended, or until it takes output.

    Args:
        descriptor: The descriptor of the socket.
        for_input: Whether to wait for input, instead of output.
        timeout: The maximum time to wait, in seconds.

    Returns:
        `False` if the time has passed.
    """
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(descriptor, select.POLLIN if for_input else select.POLLOUT)
        return bool(poller.poll(timeout * 1000))
    wanted = [descriptor]
    reading, writing = (wanted, []) if for_input else ([], wanted)
    # On Windows a refused connection is neither readable nor writable, but exceptional.
    return any(select.select(reading, writing, wanted, timeout))


def _opened(descriptor: int) -> socket.socket:
    # A copy, because the object closes what it is made of.
    return socket.socket(fileno=socket.dup(descriptor))
