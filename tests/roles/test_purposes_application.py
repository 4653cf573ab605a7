"""The application's role: every function works, and nothing but rows is within reach."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from tests.promises.test_statements_sent import ONE, SEVERAL, Call, Ids, ids
from tests.roles.logins import url_as
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.models import MODELS
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.packs import load_pack, starter_pack
from triosigno_db.roles import RoleNames
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category

__all__ = ["ids"]

DENIED = "P1010"

CALLS: dict[str, Call] = {**ONE, **{name: call for name, (_, call) in SEVERAL.items()}}


class UndoneError(Exception):
    """Leaves a transaction so that the next call finds the same rows."""


def undo() -> None:
    raise UndoneError


def test_every_function_works(ids: Ids) -> None:
    for name, call in CALLS.items():
        try:
            with pytest.raises(UndoneError), db.transaction():
                call(ids)
                undo()
        except Exception as error:
            error.add_note(name)
            raise


def test_writes_with_a_key_are_counted_once(ids: Ids, admin_url: str, names: RoleNames) -> None:
    attempt = partial(db.record_attempt, ids["user"], ids["sign"], is_correct=True)
    assert attempt(idempotency_key="one") == attempt(idempotency_key="one")
    complete = partial(db.complete_session, ids["session"], score=1, xp_earned=1)
    assert complete(idempotency_key="two") == complete(idempotency_key="two")
    db.connect(url_as(admin_url, names.reader))
    with pytest.raises(db.TrioSignoDBError) as caught:
        run_sql(f'SELECT 1 FROM {KEYS_SCHEMA}."{KEYS_TABLE}"')
    assert caught.value.prisma_code == DENIED
    db.connect(url_as(admin_url, names.application))
    assert db.delete_idempotency_keys(before=datetime.now(UTC) + timedelta(seconds=1)) == 2


def test_its_health_is_told(triosigno_db: IsolatedDatabase) -> None:
    assert db.ping() > 0
    assert db.pool_status().idle == 1


def test_blocks_and_repeated_transactions_work(triosigno_db: IsolatedDatabase) -> None:
    with db.connection(), db.transaction("serializable"), db.transaction():
        make_category()
    assert db.run_in_transaction(make_category).name


def test_content_is_imported(triosigno_db: IsolatedDatabase) -> None:
    load_pack(starter_pack())
    assert db.search_signs("bonjour").items


def test_it_does_not_make_or_drop_the_schema(triosigno_db: IsolatedDatabase) -> None:
    for change in (db.create_schema, db.drop_schema):
        with pytest.raises(db.TrioSignoDBError) as caught:
            change()
        assert caught.value.prisma_code == DENIED
    assert set(count_rows(triosigno_db.url)) == {model.__name__ for model in MODELS}


def test_it_does_not_make_the_schema_in_an_empty_one(
    triosigno_db: IsolatedDatabase, admin_url: str
) -> None:
    db.connect(admin_url)
    db.drop_schema(accept_data_loss=True)
    db.connect(triosigno_db.url)
    with pytest.raises(db.TrioSignoDBError) as caught:
        db.create_schema()
    assert caught.value.prisma_code == DENIED


def test_it_does_not_migrate(triosigno_db: IsolatedDatabase) -> None:
    for command in (migrator.status, migrator.deploy, migrator.rollback):
        with pytest.raises(db.TrioSignoDBError) as caught:
            command()
        assert caught.value.prisma_code == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "Sign" ADD COLUMN mine text',
        "COMMENT ON TABLE \"Sign\" IS 'mine'",
        "COPY \"Sign\" TO PROGRAM 'cat'",
        "DROP EXTENSION plpgsql",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        'CREATE INDEX ON "Sign" (name)',
        "CREATE SCHEMA mine",
        "CREATE TABLE mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "CREATE VIEW mine AS SELECT 1",
        'CREATE TRIGGER mine AFTER INSERT ON "Sign" EXECUTE FUNCTION pg_notify()',
        'DELETE FROM "_prisma_migrations"',
        'DROP TABLE "Sign"',
        'INSERT INTO "_prisma_migrations" (id) VALUES (1)',
        'SELECT count(*) FROM "_prisma_migrations"',
        "SELECT pg_read_file('postgresql.conf')",
        'TRUNCATE "Sign" CASCADE',
    ],
)
def test_whatever_is_not_about_rows_is_refused(
    triosigno_db: IsolatedDatabase, statement: str
) -> None:
    with pytest.raises(db.TrioSignoDBError) as caught:
        run_sql(statement)
    assert caught.value.prisma_code == DENIED


def test_it_does_not_become_the_owner(triosigno_db: IsolatedDatabase, names: RoleNames) -> None:
    with pytest.raises(db.TrioSignoDBError) as caught:
        run_sql("SELECT set_config('role', %(role)s, false)", role=names.owner)
    assert caught.value.prisma_code == DENIED


def test_later_tables_are_the_application_s_at_once(
    triosigno_db: IsolatedDatabase, admin_url: str, names: RoleNames
) -> None:
    run_plain(url_as(admin_url, names.owner), "CREATE TABLE later (id int)")
    for statement in (
        "INSERT INTO later VALUES (1)",
        "UPDATE later SET id = 2",
        "SELECT id FROM later",
        "DELETE FROM later",
    ):
        run_sql(statement)
    with pytest.raises(db.TrioSignoDBError):
        run_sql("TRUNCATE later")
    db.connect(url_as(admin_url, names.reader))
    with pytest.raises(db.TrioSignoDBError):
        run_sql("SELECT id FROM later")
