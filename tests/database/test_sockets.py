"""Sockets by their descriptors, with `select.poll` and where a platform has none."""

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from triosigno_db.database.sockets import SocketCopy, input_probe, peer_address, wait_until_ready

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of one connection."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.fixture(params=["poll", "select"])
def _waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "select":
        monkeypatch.delattr(select, "poll")


@pytest.mark.usefixtures("_waiting")
def test_input_and_the_end_are_noticed(pair: Pair) -> None:
    one, other = pair
    has_input = input_probe(one.fileno())
    assert not has_input()
    other.send(b"x")
    assert has_input()
    one.recv(1)
    assert not has_input()
    other.close()
    assert has_input()


@pytest.mark.usefixtures("_waiting")
def test_a_closed_descriptor_has_ended() -> None:
    one, other = socket.socketpair()
    has_input = input_probe(one.fileno())
    with other:
        one.close()
        assert has_input()


@pytest.mark.usefixtures("_waiting")
def test_it_is_waited_for_input_and_output(pair: Pair) -> None:
    one, other = pair
    assert wait_until_ready(one.fileno(), for_input=False, timeout=0)
    assert not wait_until_ready(one.fileno(), for_input=True, timeout=0.01)
    other.send(b"x")
    assert wait_until_ready(one.fileno(), for_input=True, timeout=30)


def test_a_copy_ends_the_connection_after_the_first_descriptor_is_closed(pair: Pair) -> None:
    one, other = pair
    copy = SocketCopy(one.fileno())
    one.close()
    other.send(b"x")
    assert not copy.is_closed
    copy.shut_down()
    assert other.recv(1) == b""
    copy.close()
    copy.close()
    assert copy.is_closed


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are not listed here")
def test_a_copy_that_is_not_used_any_more_is_closed(pair: Pair) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    copy = SocketCopy(pair[0].fileno())
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 1
    del copy
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_peer_has_an_address_unless_it_is_a_unix_socket(pair: Pair) -> None:
    assert peer_address(pair[0].fileno()) == ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            assert peer_address(client.fileno()) == "127.0.0.1"
        server.accept()[0].close()
