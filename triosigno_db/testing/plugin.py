"""The pytest plugin: a real, empty, migrated database for each test that asks for one.

pytest loads this file wherever the package is installed: it imports nothing else until a test
asks for one of the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from triosigno_db import ModuleTree
    from triosigno_db.testing.counter import StatementCounter
    from triosigno_db.testing.databases import DatabaseServer

_CONTENT_FIXTURE = "triosigno_content"
_CONTENT_TEMPLATE = "_triosigno_content_template"
_FAST_PASSWORD_COST = 4
_MAX_MODULES = 200


@dataclass(frozen=True)
class IsolatedDatabase:
    """The database of one test.

    Attributes:
        name: Its name.
        url: Its URL, with user and password; `DATABASE_URL` holds the same while the test runs.
        has_content: Whether it was made with the starter content in it.
    """

    name: str
    url: str
    has_content: bool

    def __repr__(self) -> str:
        """Name the database, without the URL's password."""
        return f"IsolatedDatabase(name={self.name!r})"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("triosigno", "TrioSigno's database")
    group.addoption(
        "--triosigno-url",
        metavar="URL",
        help="make the tests' databases on this server, whose role may create databases, "
        "instead of on a throwaway one",
    )
    group.addoption(
        "--triosigno-postgres",
        metavar="VERSION|PATH",
        help="the throwaway server's major version (13 to 18), or the folder of its programs; "
        "by default the newest on the machine, else PostgreSQL 18 from the extra 'testing'",
    )


@pytest.fixture(scope="session")
def triosigno_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """The server of the tests' databases: a throwaway one, or that of `--triosigno-url`."""
    from triosigno_db.testing import ThrowawayPostgres
    from triosigno_db.testing.databases import DatabaseServer, Janitor

    url: str | None = request.config.getoption("--triosigno-url")
    if url is None:
        wanted: str | None = request.config.getoption("--triosigno-postgres")
        is_version = wanted is not None and wanted.isdigit()
        with (
            ThrowawayPostgres(
                version=int(wanted) if wanted and is_version else None,
                bin_dir=Path(wanted) if wanted and not is_version else None,
                in_memory=True,
            ) as throwaway,
            DatabaseServer(throwaway.url_for("postgres")) as server,
        ):
            yield server
        return
    with DatabaseServer(url) as server:
        janitor = Janitor(server)
        yield server
        janitor.finish()


@pytest.fixture(scope="session")
def triosigno_template(triosigno_server: DatabaseServer) -> str:
    """The name of a migrated database without rows, to be copied."""
    from triosigno_db import migrator

    name = triosigno_server.new_name()
    migrator.deploy(triosigno_server.create_database(name))
    return name


@pytest.fixture(scope="session")
def _triosigno_content_template(triosigno_server: DatabaseServer, triosigno_template: str) -> str:
    """The name of a migrated database with the starter content, to be copied."""
    import triosigno_db as db
    from triosigno_db import packs

    name = triosigno_server.new_name()
    url = triosigno_server.create_database(name, template=triosigno_template)
    db.connect(url, connection_limit=1)
    try:
        packs.load_pack(packs.starter_pack())
    finally:
        _abandon_connections()
    return name


@pytest.fixture
def triosigno_url(
    request: pytest.FixtureRequest, triosigno_server: DatabaseServer
) -> Iterator[str]:
    """The URL of a migrated database of the test's own, dropped after the test.

    The library is not connected to it: for tests of the code that connects.
    """
    has_content = _CONTENT_FIXTURE in request.fixturenames
    kind = _CONTENT_TEMPLATE if has_content else "triosigno_template"
    template: str = request.getfixturevalue(kind)
    name = triosigno_server.new_name()
    url = triosigno_server.create_database(name, template=template)
    try:
        yield url
    finally:
        _abandon_connections()
        triosigno_server.drop_database(name)


@pytest.fixture
def triosigno_db(
    request: pytest.FixtureRequest, triosigno_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[IsolatedDatabase]:
    """A database of the test's own, to which the library is connected; dropped after the test.

    `DATABASE_URL` leads to it as well, for code under test that connects by itself or runs in a
    process of its own. Passwords are hashed at the least cost.
    """
    import triosigno_db as db

    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    monkeypatch.setenv("TRIOSIGNO_DB_PASSWORD_COST", str(_FAST_PASSWORD_COST))
    try:
        db.connect()
        yield IsolatedDatabase(
            name=triosigno_url.rpartition("/")[2],
            url=triosigno_url,
            has_content=_CONTENT_FIXTURE in request.fixturenames,
        )
    finally:
        _abandon_connections()


@pytest.fixture
def triosigno_content(triosigno_db: IsolatedDatabase) -> tuple[ModuleTree, ...]:
    """The starter content, loaded into the test's database: its modules with lessons and signs."""
    import triosigno_db as db
    from triosigno_db import packs

    if not triosigno_db.has_content:
        packs.load_pack(packs.starter_pack())
    return db.list_module_trees(limit=_MAX_MODULES).items


@pytest.fixture
def statement_counter(
    triosigno_db: IsolatedDatabase,  # noqa: ARG001 (what it counts goes there)
) -> Iterator[StatementCounter]:
    """Counts the statements that the test and the code under test send."""
    from triosigno_db.testing.counter import counting_statements

    with counting_statements() as counter:
        yield counter


def _abandon_connections() -> None:
    """Let go of the database, also from within a block that a failed test has left open."""
    from triosigno_db.models import database_proxy

    if database_proxy.obj is not None:
        database_proxy.obj.retire()
        database_proxy.initialize(None)
