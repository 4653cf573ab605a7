"""Shadow databases: what is replayed there, and that nothing is left of them."""

from pathlib import Path

import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.migrator.deployed import (
    INIT,
    ONE,
    TWO,
    tables,
)
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import (
    dev,
    diff,
    read_history,
)
from triosigno_db.migrator.session import open_session
from triosigno_db.migrator.shadow import (
    create_in_schema,
    replay,
    shadow_database,
    temporary_catalogs,
)


def test_no_shadow_database_is_left(connected: str, history: Path) -> None:
    dev("nothing", history=history)
    (history / INIT / "migration.sql").write_text("SELECT 1 / 0;")
    with pytest.raises(db.TrioSignoDBError):
        diff(history=history)
    names = run_sql("SELECT datname FROM pg_database WHERE datname LIKE 'triosigno_shadow%%'")
    assert names == []


def shadow_databases() -> list[tuple[str]]:
    return run_sql("SELECT datname FROM pg_database WHERE datname LIKE 'triosigno_shadow%%'")


def test_a_shadow_database_is_dropped_after_an_error(connected: str) -> None:
    with pytest.raises(ZeroDivisionError), shadow_database(db.Settings.load(connected)) as session:
        assert len(shadow_databases()) == 1
        session.run("CREATE TABLE public.one ()")
        raise ZeroDivisionError
    assert shadow_databases() == []


def test_a_script_is_run_in_a_schema_of_its_own(connected: str) -> None:
    with shadow_database(db.Settings.load(connected)) as session:
        catalog = create_in_schema(session, "other", "CREATE TABLE one (x integer);")
        assert list(catalog.tables) == ["one"]
        assert session.read_catalog().tables == {}


def test_temporary_tables_show_each_step_and_leave_nothing(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();', two='CREATE TABLE "Two" ();')
    with open_session(db.Settings.load(connected)) as session:
        catalogs = temporary_catalogs(session, read_history(folder))
        assert {name: list(each.tables) for name, each in catalogs.items()} == {
            ONE: ["One"],
            TWO: ["One", "Two"],
        }
        assert session.run("SELECT to_regclass('pg_temp.\"One\"')") == [(None,)]
    assert tables() == set()


def test_a_script_that_manages_its_transaction_is_replayed_in_a_shadow_database(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one='BEGIN;\nCREATE TABLE "One" ();\nCOMMIT;', two="SELECT 1;")
    with shadow_database(db.Settings.load(connected)) as session:
        assert list(replay(session, read_history(folder)).tables) == ["One"]


@pytest.mark.parametrize(
    "script", ["-- triosigno-db: no-transaction\nSELECT 1;", "BEGIN;\nSELECT 1;\nCOMMIT;"]
)
def test_a_script_without_a_transaction_is_not_replayed_in_one(
    connected: str, write_history: WriteHistory, script: str
) -> None:
    folder = write_history(one=script)
    with (
        open_session(db.Settings.load(connected)) as session,
        pytest.raises(MigrationError, match="cannot be replayed in a transaction"),
    ):
        temporary_catalogs(session, read_history(folder))
