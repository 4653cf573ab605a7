"""Adopting a database that has the tables but no history."""

from pathlib import Path

import pytest

import triosigno_db as db
from tests.migrator.deployed import ledger_rows, sorted_schema
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.server_features import has_trigrams
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationError, PermissionDeniedError, SchemaMismatchError
from triosigno_db.migrator import (
    MigrationState,
    baseline,
    deploy,
    read_history,
    reset,
    resolve_applied,
    rollback,
    shipped_history,
    status,
)
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.binaries import choose_installation

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


def test_a_database_that_create_schema_made_leads_on_to_deploy(connected: str) -> None:
    """What the catalogs do not show (functions, other schemas) is applied, and changes nothing."""
    db.create_schema()
    before = sorted_schema()
    with pytest.raises(MigrationError, match=r"create_schema\(\) or the demo"):
        deploy()
    # Where the server lacks pg_trgm, the migration of searches makes a function alone.
    first = 5 if has_trigrams(connected) else 4
    assert baseline() == (*NAMES[:first], NAMES[6])
    assert deploy() == NAMES[first:6]
    assert sorted_schema() == before
    assert status().exit_code == 0
    assert {row[0] for row in ledger_rows()} == {*NAMES}


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


def test_what_is_missing_is_listed_and_nothing_changed(connected: str) -> None:
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


def test_what_a_history_of_the_node_side_made_is_provided(connected: str) -> None:
    """Prisma's own migration made the tables: ours gets no row beside it."""
    as_prisma_made_it()
    deploy_ledger_of_others()
    assert baseline() == NAMES[:1]
    found = status()
    assert found.named(MigrationState.PROVIDED) == NAMES[:1]
    assert found.exit_code == 1
    assert deploy() == NAMES[1:]
    assert status().exit_code == 0
    assert [row[0] for row in ledger_rows()] == ["20250301000000_init", *NAMES[1:]]
    assert rollback(steps=99) == NAMES[:0:-1]
    with pytest.raises(MigrationError, match="already provided") as caught:
        baseline()
    assert caught.value.prisma_code == "P3008"
    with pytest.raises(MigrationError, match="already provided"):
        resolve_applied(NAMES[0])
    with pytest.raises(MigrationError, match="not on disk"):
        reset()
    assert deploy() == NAMES[1:]


def test_what_the_node_side_has_beside_it_is_no_difference(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    run_sql(
        'ALTER TABLE "User" DROP COLUMN "firstName", ADD COLUMN "nickname" TEXT,'
        ' ADD COLUMN "firstName" TEXT, ALTER COLUMN "createdAt" SET DEFAULT now();'
        'CREATE INDEX "User_nickname_idx" ON "User"("nickname");'
        'CREATE TABLE "Note" ("id" TEXT PRIMARY KEY);'
        "ALTER TYPE \"UserRole\" ADD VALUE 'PARENT' BEFORE 'STUDENT'"
    )
    assert baseline() == NAMES[:1]
    assert deploy() == NAMES[1:]


def test_a_later_migration_that_the_node_side_made_is_provided_as_well(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    run_sql(read_history()[2].script)
    assert baseline() == (NAMES[0], NAMES[2])
    assert deploy() == (NAMES[1], *NAMES[3:])
    assert status().named(MigrationState.PROVIDED) == (NAMES[0], NAMES[2])


def test_a_part_of_a_later_migration_is_refused_with_what_is_missing(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    run_sql('CREATE INDEX "Sign_categoryId_idx" ON "Sign"("categoryId")')
    with pytest.raises(SchemaMismatchError, match=rf"{NAMES[1]}.*drop what is there") as caught:
        baseline()
    assert len(caught.value.differences) == 11
    assert not any("Sign_categoryId_idx" in line for line in caught.value.differences)
    assert status().named(MigrationState.PROVIDED) == ()
    run_sql('DROP INDEX "Sign_categoryId_idx"')
    assert baseline() == NAMES[:1]


def test_what_a_newer_version_brings_can_be_provided_later(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    baseline()
    run_sql(read_history()[2].script)
    assert baseline() == NAMES[2:3]
    assert status().named(MigrationState.PROVIDED) == (NAMES[0], NAMES[2])


def test_deploying_without_adopting_says_what_to_do(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    before = ledger_rows()
    with pytest.raises(MigrationError, match="Run migrate baseline first") as e:
        deploy()
    assert e.value.prisma_code == "P3005"
    assert ledger_rows() == before
    assert baseline() == NAMES[:1]


def test_what_is_provided_is_said_on_a_read_only_connection_to_a_role_without_rights(
    connected: str,
) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    baseline()
    run_sql(
        "CREATE ROLE only_reads LOGIN PASSWORD 'x';GRANT SELECT ON _prisma_migrations TO only_reads"
    )
    try:
        reading = db.Settings.load(connected, user="only_reads", password="x")
        assert status(reading).named(MigrationState.PROVIDED) == NAMES[:1]
    finally:
        run_sql("DROP OWNED BY only_reads; DROP ROLE only_reads")


def test_a_role_that_does_not_own_the_ledger_is_told_what_to_do(connected: str) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    run_sql(
        "CREATE ROLE only_writes LOGIN PASSWORD 'x';"
        "GRANT SELECT, INSERT, UPDATE ON _prisma_migrations TO only_writes"
    )
    try:
        with pytest.raises(PermissionDeniedError, match="as the owner of the table"):
            baseline(db.Settings.load(connected, user="only_writes", password="x"))
        assert status().named(MigrationState.PROVIDED) == ()
    finally:
        run_sql("DROP OWNED BY only_writes; DROP ROLE only_writes")


def test_what_is_provided_survives_a_dump(
    connected: str, triosigno_server: DatabaseServer, tmp_path: Path
) -> None:
    as_prisma_made_it()
    deploy_ledger_of_others()
    baseline()
    programs = choose_installation(None).bin_dir
    if not (programs / "pg_dump").is_file():
        pytest.skip("this PostgreSQL has no pg_dump")
    dump = tmp_path / "dump.sql"
    run_process(
        [str(programs / "pg_dump"), "--section=pre-data", "-f", str(dump), connected],
        check=True,
        timeout=60,
    )
    for_psql = "\\"
    lines = [each for each in dump.read_text().splitlines() if not each.startswith(for_psql)]
    name = triosigno_server.new_name()
    restored = triosigno_server.create_database(name)
    try:
        run_plain(restored, "\n".join(lines))
        assert status(restored).named(MigrationState.PROVIDED) == NAMES[:1]
    finally:
        triosigno_server.drop_database(name)


def deploy_ledger_of_others() -> None:
    run_sql(
        'CREATE TABLE "_prisma_migrations" (id VARCHAR(36) PRIMARY KEY NOT NULL, '
        "checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, "
        "migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, "
        "started_at TIMESTAMPTZ NOT NULL DEFAULT now(), "
        "applied_steps_count INTEGER NOT NULL DEFAULT 0);"
        "INSERT INTO \"_prisma_migrations\" VALUES ('x', 'y', now(), '20250301000000_init')"
    )
