"""Sessions outside of the pool: which database they reach, and the lock that they take."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from typer.testing import CliRunner

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.migrator.deployed import NAMES, ONE, tables
from tests.plain_sql import run_plain
from triosigno_db import migrator
from triosigno_db.cli.app import app
from triosigno_db.errors import MigrationError, MigrationLockedError
from triosigno_db.migrator import deploy
from triosigno_db.migrator.session import (
    Session,
    migration_lock,
    open_reading_session,
    open_session,
)
from triosigno_db.schema.catalog import CATALOGS
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK
from triosigno_db.testing import IsolatedDatabase


def hold_lock(url: str) -> Any:
    connection = psycopg2.connect(url, application_name="somebody")
    connection.cursor().execute(f"SELECT pg_advisory_lock({PRISMA_LOCK})")
    return connection


def test_a_held_lock_names_its_holder(connected: str) -> None:
    holder = hold_lock(connected)
    process = holder.info.backend_pid
    with pytest.raises(MigrationLockedError, match=rf"process {process} \(somebody\)"):
        deploy(lock_timeout=0.1)
    holder.close()
    assert deploy() == NAMES


def test_the_lock_can_be_switched_off(connected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = hold_lock(connected)
    monkeypatch.setenv("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1")
    assert deploy(lock_timeout=0.1) == NAMES
    holder.close()


def test_the_lock_is_released_before_the_session_ends(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        with migration_lock(session, 1):
            assert held_locks(connected) == 1
        assert held_locks(connected) == 0


def held_locks(url: str) -> int:
    ((count,),) = run_plain(
        url,
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    return int(count)


def test_a_pooler_is_refused(connected: str) -> None:
    db.disconnect()
    db.connect(connected, pgbouncer=True)
    with pytest.raises(MigrationError, match="direct connection"):
        deploy()


Call = Callable[[Any, Path], object]

CALLS: dict[str, Call] = {
    "status": lambda database, history: migrator.status(database, history=history),
    "deploy": lambda database, history: migrator.deploy(database, history=history),
    "rollback": lambda database, history: migrator.rollback(database, history=history),
    "baseline": lambda database, history: migrator.baseline(database, history=history),
    "resolve_applied": lambda database, history: migrator.resolve_applied(
        ONE, database, history=history
    ),
    "resolve_rolled_back": lambda database, _: migrator.resolve_rolled_back(ONE, database),
    "diff": lambda database, history: migrator.diff(database, history=history),
    "dev": lambda database, history: migrator.dev(
        "next", database, history=history, accept_data_loss=True
    ),
    "reset": lambda database, history: migrator.reset(database, history=history),
}
# What a call finds in an empty database; the others succeed.
REFUSALS = {
    "baseline": db.SchemaMismatchError,
    "resolve_rolled_back": MigrationError,
}


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> tuple[str, Call]:
    """Each function of the migrator that works on a database."""
    return request.param, CALLS[request.param]


def test_a_url_or_settings_are_enough(
    empty_url: str, write_history: WriteHistory, call: tuple[str, Call]
) -> None:
    name, function = call
    folder = write_history(one=('CREATE TABLE "One" ();', 'DROP TABLE "One";'))
    for database in (empty_url, db.Settings.load(empty_url)):
        with ExitStack() as refused:
            # A migration can be resolved as applied once.
            if name in REFUSALS or (name == "resolve_applied" and database is not empty_url):
                expected = REFUSALS.get(name, MigrationError)
                refused.enter_context(pytest.raises(expected))
            function(database, folder)
    with pytest.raises(db.NotConnectedError):
        db.pool_status()


def test_without_a_database_nothing_is_changed(
    write_history: WriteHistory,
    call: tuple[str, Call],
    monkeypatch: pytest.MonkeyPatch,
    triosigno_url: str,
) -> None:
    # Not even that of the environment: nobody has named it.
    monkeypatch.setenv("DATABASE_URL", triosigno_url)
    _, function = call
    with pytest.raises(db.NotConnectedError, match="pass a URL or Settings"):
        function(None, write_history(one="SELECT 1;"))


def test_what_is_no_database_is_named(write_history: WriteHistory, call: tuple[str, Call]) -> None:
    _, function = call
    folder = write_history(one="SELECT 1;")
    with pytest.raises(db.InvalidInputError) as caught:
        function(folder, folder)
    assert caught.value.field == "url_or_settings"


def test_the_database_that_is_given_comes_before_the_connected_one(
    triosigno_db: IsolatedDatabase, empty_url: str
) -> None:
    # The connected one has the whole history, the other one nothing.
    assert migrator.status().exit_code == 0
    assert migrator.status(empty_url).pending == tuple(NAMES)


ALONE = """
DO $$ BEGIN
    IF (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND backend_type = 'client backend') <> 1 THEN RAISE 'others are connected'; END IF;
END $$;
"""


def test_a_deployment_has_one_connection(empty_url: str, write_history: WriteHistory) -> None:
    folder = write_history(one=(ALONE, ALONE))
    assert deploy(empty_url, history=folder) == (ONE,)
    assert migrator.rollback(empty_url, history=folder) == (ONE,)


def test_the_command_line_has_one_connection(empty_url: str, write_history: WriteHistory) -> None:
    options = ["--url", empty_url, "--migrations", str(write_history(one=(ALONE, ALONE)))]
    for command in ("deploy", "rollback"):
        ended = CliRunner().invoke(app, ["migrate", command, *options])
        assert ended.exit_code == 0, ended.output
        assert ONE in ended.output


def path_of(session: Session) -> str:
    ((path,),) = session.run("SELECT current_setting('search_path')")
    return str(path)


def test_only_the_catalogs_are_found_outside_of_in_schema(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        assert path_of(session) == CATALOGS
        with session.in_schema():
            assert path_of(session) == "public"
        with session.in_schema("pg_temp"):
            with session.in_schema():
                assert path_of(session) == "pg_temp"
            assert path_of(session) == CATALOGS
        assert path_of(session) == CATALOGS


def test_the_search_path_is_restored_after_an_error(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        with pytest.raises(db.TrioSignoDBError), session.in_schema():
            session.run("SELECT 1 / 0")
        assert path_of(session) == CATALOGS
        with pytest.raises(db.TrioSignoDBError), session.transaction(), session.in_schema():
            session.run("SELECT 1 / 0")
        assert path_of(session) == CATALOGS


def test_a_script_that_sets_the_search_path_changes_it_for_itself_only(
    connected: str, write_history: WriteHistory
) -> None:
    history = write_history(
        one="SELECT pg_catalog.set_config('search_path', '', false);",
        two='CREATE TABLE "Two" ();',
        three="-- triosigno-db: no-transaction\nSET search_path TO pg_temp;",
        four='CREATE TABLE "Four" ();',
    )
    assert len(deploy(history=history)) == 4
    assert tables() == {"Two", "Four"}


def test_a_block_of_its_own_or_that_of_the_transaction_in_progress(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        with session.atomic():
            session.run("CREATE TABLE public.one ()")
        with session.rolled_back(), session.atomic():
            session.run("DROP TABLE public.one")
        assert session.run("SELECT to_regclass('public.one') IS NULL") == [(False,)]


def test_a_read_through_a_pooler_leaves_the_search_path_of_its_session(connected: str) -> None:
    with open_reading_session(db.Settings.load(connected)) as session:
        assert path_of(session) == CATALOGS
        session.run("COMMIT")
        assert path_of(session) == '"public"'
        session.run("BEGIN")
