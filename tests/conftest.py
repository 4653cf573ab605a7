"""One server for each test process, one database for each test."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

import triosigno_db as db
from triosigno_db.testing import ThrowawayPostgres

TEMPLATE = "template_with_schema"


@pytest.fixture(scope="session")
def server() -> Iterator[ThrowawayPostgres]:
    """A server that tests share; whoever restarts one starts another."""
    with ThrowawayPostgres() as server:
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


@pytest.fixture(autouse=True)
def _disconnected() -> Iterator[None]:
    """No test leaves a pool behind for the next one."""
    yield
    db.disconnect()
