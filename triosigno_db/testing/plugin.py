"""The pytest plugin: an empty, migrated database for each test that requests one.

pytest loads this file whenever the package is installed. It imports the rest of the package only
when a test requests one of the fixtures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from triosigno_db import ModuleTree
    from triosigno_db.migrator import Project
    from triosigno_db.testing.counter import StatementCounter
    from triosigno_db.testing.databases import DatabaseServer

_CONTENT_FIXTURE = "triosigno_content"
_CONTENT_TEMPLATE = "_triosigno_content_template"
_FAST_PASSWORD_COST = 4
_TEST_RUN_VARIABLE = "TRIOSIGNO_TEST_RUN"  # as in schema/protection.py, which is not imported here
_EARLIER: pytest.StashKey[str | None] = pytest.StashKey()
_MAX_MODULES = 200


@dataclass(frozen=True)
class IsolatedDatabase:
    """The database of one test.

    Attributes:
        name: Its name.
        url: Its URL, with user and password; also the value of `DATABASE_URL` while the test runs.
        has_content: Whether it was created with the starter content.
    """

    name: str
    url: str
    has_content: bool

    def __repr__(self) -> str:
        """Return the database's name, without the URL and its password."""
        return f"IsolatedDatabase(name={self.name!r})"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("triosigno", "TrioSigno's database")
    group.addoption(
        "--triosigno-url",
        metavar="URL",
        help="create the tests' databases on this server, with a role that may create databases, "
        "instead of on a throwaway server",
    )
    group.addoption(
        "--triosigno-postgres",
        metavar="VERSION|PATH",
        help="the throwaway server's major version (13 to 18), or the folder of its executables; "
        "the default is TRIOSIGNO_POSTGRES in the environment, else the newest installed one, "
        "else PostgreSQL 18 from the extra 'postgres'",
    )
    group.addoption(
        "--triosigno-allow",
        metavar="HOST:PORT/DATABASE",
        action="append",
        default=[],
        help="let tests drop and reset this database, which was not made for tests; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Protect other databases, in this process and in those that it starts."""
    config.stash[_EARLIER] = os.environ.get(_TEST_RUN_VARIABLE)
    os.environ[_TEST_RUN_VARIABLE] = " ".join(config.getoption("--triosigno-allow"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the environment, for a process that runs pytest within."""
    earlier = config.stash.get(_EARLIER, None)
    if earlier is None:
        os.environ.pop(_TEST_RUN_VARIABLE, None)
    else:
        os.environ[_TEST_RUN_VARIABLE] = earlier


@pytest.fixture(scope="session")
def triosigno_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """The server for the tests' databases: a throwaway server, or that of `--triosigno-url`."""
    from triosigno_db.testing import ThrowawayPostgres
    from triosigno_db.testing.databases import DatabaseServer, Janitor
    from triosigno_db.testing.environment import connection_variables, environment_ignored

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
            pytest.MonkeyPatch.context() as patch,
        ):
            # They are for another server: the code under test must not use them with this one.
            for name in connection_variables():
                patch.delenv(name)
            with environment_ignored():
                server = DatabaseServer(throwaway.url_for("postgres"))
            with server:
                yield server
        return
    with DatabaseServer(url) as server:
        janitor = Janitor(server)
        yield server
        janitor.finish()


@pytest.fixture(scope="session")
def triosigno_project(request: pytest.FixtureRequest) -> Project | None:
    """The service whose migrations are deployed as well: that of pytest's `rootdir`, if any.

    Its models are imported. A test suite may override the fixture, to name another project.
    """
    from triosigno_db.migrator import read_project

    return read_project(request.config.rootpath)


@pytest.fixture(scope="session")
def triosigno_template(triosigno_server: DatabaseServer, triosigno_project: Project | None) -> str:
    """The name of a migrated database without rows, to be copied."""
    from triosigno_db import migrator

    if triosigno_project is not None:
        triosigno_project.load_models()
    name = triosigno_server.new_name()
    migrator.deploy(triosigno_server.create_database(name), project=triosigno_project)
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
    """A database for one test, to which the library is connected; dropped after the test.

    `DATABASE_URL` is set to its URL, for code that connects by itself or runs in another process.
    Passwords are hashed at the lowest cost.
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
    triosigno_db: IsolatedDatabase,  # noqa: ARG001 (the statements go there)
) -> Iterator[StatementCounter]:
    """Counts the statements that the test and the code under test send."""
    from triosigno_db.testing.counter import counting_statements

    with counting_statements() as counter:
        yield counter


def _abandon_connections() -> None:
    """Retire the database, even inside a block that a failed test left open."""
    from triosigno_db.models import database_proxy

    if database_proxy.obj is not None:
        database_proxy.obj.retire()
        database_proxy.initialize(None)
