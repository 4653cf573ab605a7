"""`triosigno-db studio`: it serves this machine alone, until Ctrl-C."""

import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.processes import run_process
from tests.studio.serving import Studio, serving
from triosigno_db.testing import IsolatedDatabase


@pytest.fixture
def studio(triosigno_command: list[str], triosigno_db: IsolatedDatabase) -> Iterator[Studio]:
    with serving(triosigno_command, triosigno_db.url) as studio:
        yield studio


def test_ctrl_c_stops_it(studio: Studio) -> None:
    studio.process.send_signal(signal.SIGINT)
    assert studio.process.stdout is not None
    assert studio.process.stdout.read().endswith("Stopped.\n")
    assert studio.process.wait() == 0


def test_it_is_served_to_this_machine_alone(studio: Studio) -> None:
    port = urlsplit(studio.address).port
    for address in ("127.0.0.1", "127.0.0.2"):
        with closing(socket.socket()) as connection:
            refused = connection.connect_ex((address, port or 0))
            assert bool(refused) == (address == "127.0.0.2")


def test_without_the_extra_one_line_says_what_to_install(
    triosigno_db: IsolatedDatabase, triosigno_command: list[str]
) -> None:
    program = "import sys; sys.modules['flask_admin'] = None\n" + triosigno_command[2]
    ended = run_process(
        [*triosigno_command[:2], program, "studio", "--url", triosigno_db.url],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "pip install 'triosigno-db[studio]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_named(
    studio: Studio, triosigno_db: IsolatedDatabase, triosigno_command: list[str]
) -> None:
    port = str(urlsplit(studio.address).port)
    ended = run_process(
        [*triosigno_command, "studio", "--url", triosigno_db.url, "--port", port],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "port" in ended.stderr
    assert "Traceback" not in ended.stderr
