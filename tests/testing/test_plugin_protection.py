"""Tests destroy no database that was not made for tests, wherever DATABASE_URL leads."""

import sys
from collections.abc import Iterator

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.sampling import mostly_slow
from tests.testing.service import RunTests
from triosigno_db import migrator
from triosigno_db.schema.protection import THROWAWAY_SETTING
from triosigno_db.testing import ThrowawayPostgres
from triosigno_db.testing.factories import make_user


class OrdinaryServer(ThrowawayPostgres):
    """A server as in production: it does not say that it is a throwaway server."""

    def get_server_commandline(self) -> list[str]:
        return [each for each in super().get_server_commandline() if THROWAWAY_SETTING not in each]


@pytest.fixture(scope="module")
def ordinary_server() -> Iterator[OrdinaryServer]:
    with OrdinaryServer(in_memory=True) as server:
        server.create_database("empty")
        yield server


@pytest.fixture
def production(ordinary_server: OrdinaryServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with an account, which DATABASE_URL leads to."""
    url = ordinary_server.create_database("production")
    migrator.deploy(url)
    db.connect(url)
    make_user()
    db.disconnect()
    monkeypatch.setenv("DATABASE_URL", url)
    yield url
    ordinary_server.drop_database("production")


DESTRUCTIVE = """
    import os, subprocess, sys

    import pytest
    import triosigno_db as db
    from triosigno_db import migrator
    from triosigno_db.testing import DatabaseServer
    from typer.testing import CliRunner

    URL = os.environ["DATABASE_URL"]
    EMPTY = URL.replace("/production", "/empty")
    COMMAND = "import sys; from triosigno_db.cli import main; sys.exit(main())"

    def run(*arguments):
        ended = subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments], capture_output=True, text=True
        )
        if ended.returncode:
            assert "Traceback" not in ended.stderr
            raise getattr(db, ended.stderr.split()[0])(ended.stderr)

    def connected(function, url=URL, **options):
        db.connect(url)
        try:
            function(**options)
        finally:
            db.disconnect()

    def drop_database():
        with DatabaseServer(URL.replace("/production", "/postgres")) as server:
            server.drop_database("production")

    LOSE = {"accept_data_loss": True}
    DESTRUCTIVE = {
        "drop_schema": lambda: connected(db.drop_schema, **LOSE),
        "create_schema": lambda: connected(db.create_schema, EMPTY),
        "rollback": lambda: migrator.rollback(URL, **LOSE),
        "rollback of the connected": lambda: connected(migrator.rollback, **LOSE),
        "reset": lambda: migrator.reset(URL, **LOSE),
        "dev": lambda: migrator.dev("x", URL, **LOSE),
        "migrate rollback": lambda: run("migrate", "rollback", "--accept-data-loss"),
        "migrate reset": lambda: run("migrate", "reset", "--accept-data-loss"),
        "demo": lambda: run("demo", f"--url={URL}"),
        "demo on an empty one": lambda: run("demo", f"--url={EMPTY}"),
        "drop_database": drop_database,
    }
"""
REFUSED = """
    @pytest.mark.parametrize("name", DESTRUCTIVE)
    def test_it(name):
        with pytest.raises(db.ProtectedDatabaseError, match="--triosigno-allow=127.0.0.1:"):
            DESTRUCTIVE[name]()
"""


@pytest.mark.parametrize("options", mostly_slow([(), ("-n", "2")], 1), ids=["alone", "xdist"])
def test_a_database_that_was_not_made_for_tests_is_kept(
    run_tests: RunTests, production: str, options: tuple[str, ...]
) -> None:
    before = contents(production)
    outcome = run_tests(DESTRUCTIVE + REFUSED, *options)
    assert outcome.returncode == 0, outcome.stdout
    assert "11 passed" in outcome.stdout
    assert contents(production) == before
    assert run_plain(production.replace("/production", "/empty"), TABLES) == []


def test_a_test_may_destroy_its_own_on_the_same_server(
    run_tests: RunTests, production: str, ordinary_server: OrdinaryServer
) -> None:
    before = contents(production)
    outcome = run_tests(
        """
        import triosigno_db as db
        from triosigno_db import migrator
        from triosigno_db.testing import factories

        def test_it(triosigno_db, triosigno_server):
            factories.make_user()
            migrator.rollback(accept_data_loss=True)
            migrator.deploy()
            migrator.reset(accept_data_loss=True)
            db.drop_schema(accept_data_loss=True)
            db.create_schema()
            triosigno_server.create_database(name := triosigno_server.new_name())
            triosigno_server.drop_database(name)
        """,
        f"--triosigno-url={ordinary_server.url_for('postgres')}",
    )
    assert outcome.returncode == 0, outcome.stdout
    assert contents(production) == before


@pytest.mark.slow
def test_a_throwaway_server_may_be_used_as_one_likes(run_tests: RunTests, production: str) -> None:
    outcome = run_tests(
        """
        import triosigno_db as db
        from triosigno_db import migrator
        from triosigno_db.testing import DatabaseServer, ThrowawayPostgres

        def test_it():
            with ThrowawayPostgres(in_memory=True) as server:
                migrator.deploy(server.url)
                server.restart()
                migrator.reset(server.url, accept_data_loss=True)
                db.connect(server.url)
                db.drop_schema()
                db.disconnect()
                with DatabaseServer(server.url_for("postgres")) as same:
                    same.drop_database("triosigno")
        """
    )
    assert outcome.returncode == 0, outcome.stdout


def test_another_database_can_be_allowed(run_tests: RunTests, production: str) -> None:
    target = production.rpartition("@")[2]
    allowed = """
    def test_it():
        DESTRUCTIVE["rollback"]()
        DESTRUCTIVE["migrate reset"]()
        DESTRUCTIVE["drop_schema"]()
        with pytest.raises(db.ProtectedDatabaseError):
            DESTRUCTIVE["create_schema"]()
    """
    outcome = run_tests(DESTRUCTIVE + allowed, f"--triosigno-allow={target}")
    assert outcome.returncode == 0, outcome.stdout


def test_nothing_is_protected_without_pytest(
    production: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRIOSIGNO_TEST_RUN")
    migrator.reset(production, accept_data_loss=True)
    ended = run_process(
        [sys.executable, "-c", "import triosigno_db as db; db.connect(); db.drop_schema()"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"


def contents(url: str) -> list[object]:
    ledger = "SELECT migration_name, finished_at, rolled_back_at FROM _prisma_migrations ORDER BY 1"
    return [
        *run_plain(url, TABLES),
        *run_plain(url, 'SELECT id FROM "User"'),
        *run_plain(url, ledger),
    ]
