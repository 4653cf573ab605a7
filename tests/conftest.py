"""What tests need beside the kit's own fixtures: empty databases, histories, Redis."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import triosigno_db as db
from tests.redis_server import RedisServer
from triosigno_db.database import events as observers
from triosigno_db.migrator.history import DOWN_FILE, LOCK_FILE, SCRIPT_FILE
from triosigno_db.models import service_models
from triosigno_db.models.services import forget
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.binaries import choose_installation

WriteHistory = Callable[..., Path]


def pytest_configure() -> None:
    """Have Ctrl-C end what the tests start, also where a shell runs them in the background.

    Such a shell has its programs ignore SIGINT, and theirs would ignore it as well: a process
    inherits what its parent ignores, but not what its parent handles.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Tell which PostgreSQL the tests run on."""
    chosen = choose_installation(None)
    return f"PostgreSQL: {chosen.version} in {chosen.bin_dir}"


@pytest.fixture
def empty_url(triosigno_server: DatabaseServer) -> Iterator[str]:
    """The URL of a database without tables."""
    name = triosigno_server.new_name()
    yield triosigno_server.create_database(name)
    triosigno_server.drop_database(name)


@pytest.fixture
def connected(empty_url: str) -> Iterator[str]:
    """The library, connected to a database without tables."""
    db.connect(empty_url, password_cost=4)
    yield empty_url
    db.disconnect()


@pytest.fixture
def write_history(tmp_path: Path) -> WriteHistory:
    """Write a history of scripts by name; a pair is a script and its down.sql."""

    def write(**scripts: str | tuple[str, str]) -> Path:
        (tmp_path / LOCK_FILE).write_text('provider = "postgresql"\n')
        for number, (name, script) in enumerate(scripts.items(), start=1):
            folder = tmp_path / f"202601010000{number:02}_{name}"
            folder.mkdir(exist_ok=True)
            up, down = script if isinstance(script, tuple) else (script, None)
            (folder / SCRIPT_FILE).write_bytes(up.encode())
            if down is not None:
                (folder / DOWN_FILE).write_bytes(down.encode())
        return tmp_path

    return write


@pytest.fixture
def triosigno_command() -> list[str]:
    """The command in a process of its own."""
    return [sys.executable, "-c", "import sys; from triosigno_db.cli import main; sys.exit(main())"]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of the test's own."""
    server = RedisServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _disconnected() -> Iterator[None]:
    """No test leaves a pool for the next one, a model of a service's, or an observer."""
    yield
    db.disconnect()
    for model in service_models():
        forget(model)
    left_behind, observers.observers[:] = observers.observers[:], []
    assert left_behind == []
