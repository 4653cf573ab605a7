"""Adopting a database that has the tables but no history."""

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationError, SchemaMismatchError
from triosigno_db.migrator import baseline, deploy, read_history, shipped_history, status
from triosigno_db.schema.catalog import read_catalog

NAMES = tuple(each.name for each in read_history(shipped_history()))


def as_prisma_made_it() -> None:
    """Make the tables by the first migration's text, without a ledger."""
    run_sql(read_history(shipped_history())[0].script)


def test_a_database_that_prisma_made_is_adopted(connected: str) -> None:
    as_prisma_made_it()
    assert baseline() == NAMES[:1]
    assert status().pending == NAMES[1:]
    assert deploy() == NAMES[1:]
    db.create_schema()


def test_a_database_that_create_schema_made_is_adopted_whole(connected: str) -> None:
    db.create_schema()
    assert baseline() == NAMES
    assert deploy() == ()


def test_rows_and_other_tables_stay(connected: str) -> None:
    as_prisma_made_it()
    run_sql('CREATE TABLE "Other" ()')
    # The functions expect the columns of later migrations.
    run_sql(
        'INSERT INTO "User" (id, email, username, password, "updatedAt")'
        " VALUES ('1', 'a@example.org', 'a', 'b', now())"
    )
    baseline()
    deploy()
    assert run_sql('SELECT id, email, username FROM "User"') == [("1", "a@example.org", "a")]
    assert "Other" in read_catalog('"public"').tables


def test_every_difference_is_listed_and_nothing_changed(connected: str) -> None:
    as_prisma_made_it()
    run_sql(
        'ALTER TABLE "Sign" DROP COLUMN "imageUrl"; DROP INDEX "User_email_key";'
        'ALTER TABLE "Module" ADD COLUMN "color" TEXT;'
        'ALTER TABLE "Lesson" ALTER COLUMN "order" SET DEFAULT 1'
    )
    with pytest.raises(SchemaMismatchError) as caught:
        baseline()
    assert sorted(line.split(" is ")[0] for line in caught.value.differences) == [
        'column "Lesson"."order"',
        'column "Module"."color"',
        'column "Sign"."imageUrl"',
        'index "User_email_key" of "User"',
    ]
    assert "_prisma_migrations" not in read_catalog('"public"').tables


def test_an_empty_database_is_not_adopted(connected: str) -> None:
    with pytest.raises(SchemaMismatchError, match="init"):
        baseline()
    assert read_catalog('"public"').tables == {}


def test_a_database_with_this_history_is_not_adopted_again(connected: str) -> None:
    deploy()
    with pytest.raises(MigrationError, match="already applied") as caught:
        baseline()
    assert caught.value.prisma_code == "P3008"


def test_a_history_of_the_node_side_stays_as_it_is(connected: str) -> None:
    """Prisma's own migration made the tables: ours is marked beside it."""
    as_prisma_made_it()
    deploy_ledger_of_others()
    assert baseline() == NAMES[:1]
    deploy()
    found = status()
    assert [each.state.value for each in found.migrations] == ["unknown", *["applied"] * len(NAMES)]
    assert found.exit_code == 0


def test_deploying_without_adopting_says_what_to_do(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    with pytest.raises(MigrationError, match="run baseline first"):
        deploy()
    assert baseline() == NAMES[:1]


def deploy_ledger_of_others() -> None:
    run_sql(
        'CREATE TABLE "_prisma_migrations" (id VARCHAR(36) PRIMARY KEY NOT NULL, '
        "checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, "
        "migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, "
        "started_at TIMESTAMPTZ NOT NULL DEFAULT now(), "
        "applied_steps_count INTEGER NOT NULL DEFAULT 0);"
        "INSERT INTO \"_prisma_migrations\" VALUES ('x', 'y', now(), '20250301000000_init')"
    )
