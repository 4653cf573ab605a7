"""One server for each test process, one database for each test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.redis_server import RedisServer
from triosigno_db.database import events as observers
from triosigno_db.migrator.history import DOWN_FILE, LOCK_FILE, SCRIPT_FILE
from triosigno_db.testing import ThrowawayPostgres

WriteHistory = Callable[..., Path]

TEMPLATE = "template_with_schema"


@pytest.fixture(scope="session")
def server() -> Iterator[ThrowawayPostgres]:
    """A server that tests share; whoever restarts one starts another."""
    with ThrowawayPostgres(in_memory=True) as server:
        yield server


@pytest.fixture(scope="session")
def template(server: ThrowawayPostgres) -> str:
    """A database with the schema and no rows, to be copied."""
    db.connect(server.create_database(TEMPLATE))
    db.create_schema()
    db.disconnect()
    return TEMPLATE


@pytest.fixture
def empty_url(server: ThrowawayPostgres) -> Iterator[str]:
    """The URL of a database without tables."""
    name = f"empty_{uuid4().hex}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
def url(server: ThrowawayPostgres, template: str) -> Iterator[str]:
    """The URL of a database with the schema and no rows."""
    name = f"test_{uuid4().hex}"
    yield server.create_database(name, template=template)
    server.drop_database(name)


@pytest.fixture
def database(url: str) -> Iterator[str]:
    """The library, connected to a database with the schema and no rows."""
    db.connect(url, password_cost=4)
    yield url
    db.disconnect()


@pytest.fixture
def connected(empty_url: str) -> Iterator[str]:
    """The library, connected to an empty database."""
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
    """No test leaves a pool behind for the next one, nor anybody who is told of its statements."""
    yield
    db.disconnect()
    left_behind, observers.observers[:] = observers.observers[:], []
    assert left_behind == []
