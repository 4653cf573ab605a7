"""The schema made at once: Prisma's exactly, compared before anything is touched."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.schema.catalogs import read_catalogs
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import deploy, rollback
from triosigno_db.testing import (
    DatabaseServer,
    ServerInstallation,
    ThrowawayPostgres,
    available_versions,
)

EXPECTED: dict[str, Any] = json.loads(
    Path(__file__).with_name("expected_catalog.json").read_text(encoding="utf-8")
)
"""What PostgreSQL's catalogs held once Prisma's own engine had created the first tables."""

OBJECTS = """
SELECT oid, xmin, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid
"""


def as_validated(catalogs: dict[str, Any]) -> dict[str, Any]:
    """Leave out that a check is not validated yet: the history adds checks to tables with rows."""
    for table in catalogs["tables"].values():
        for name, text in table["constraints"].items():
            table["constraints"][name] = text.removesuffix(" NOT VALID")
    return catalogs


@pytest.fixture(params=available_versions(), ids=lambda each: f"postgresql{each.version}")
def versioned_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database on each version there is: the machine's and the bundled ones."""
    installation: ServerInstallation = request.param
    with ThrowawayPostgres(version=installation.version) as server:
        yield server.url
        db.disconnect()


def test_create_schema_makes_the_tables_of_the_history_on_every_version(
    versioned_url: str,
) -> None:
    db.connect(versioned_url)
    db.create_schema()
    created = read_catalogs(versioned_url)
    db.drop_schema(accept_data_loss=True)
    deploy()
    deployed = read_catalogs(versioned_url)
    del deployed["tables"]["_prisma_migrations"]
    assert created == as_validated(deployed)


def test_the_first_migration_gives_prisma_s_tables_on_every_version(versioned_url: str) -> None:
    db.connect(versioned_url)
    first, *_ = deploy()
    rollback(to=first)
    catalogs = read_catalogs(versioned_url)
    del catalogs["tables"]["_prisma_migrations"]
    assert catalogs == EXPECTED


def test_functions_work_on_every_version(versioned_url: str) -> None:
    db.connect(versioned_url)
    db.create_schema()
    db.create_schema()
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    assert db.get_user_with_preferences(user.id) == user
    db.drop_schema(accept_data_loss=True)
    assert read_catalogs(versioned_url) == {"enums": {}, "tables": {}}


def test_a_second_call_changes_nothing(connected: str) -> None:
    db.create_schema()
    before = run_sql(OBJECTS)
    db.create_schema()
    assert run_sql(OBJECTS) == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('DROP TABLE "UserAchievement"', 'table "UserAchievement" is missing'),
        ('ALTER TABLE "User" DROP COLUMN "lastName"', 'column "User"."lastName" is missing'),
        ('ALTER TABLE "User" ADD "age" INT', 'column "User"."age" is not expected: integer'),
        ('ALTER TABLE "Sign" ALTER "name" TYPE varchar(9)', "character varying(9) NOT NULL"),
        ('ALTER TABLE "Sign" ALTER "imageUrl" SET NOT NULL', "is text NOT NULL, expected text"),
        ('ALTER TABLE "User" ALTER "role" DROP DEFAULT', 'column "User"."role"'),
        ('DROP INDEX "User_email_key"', 'index "User_email_key" of "User" is missing'),
        ('CREATE INDEX "x" ON "Sign"("name")', 'index "x" of "Sign" is not expected'),
        (
            'ALTER TABLE "Sign" DROP CONSTRAINT "Sign_categoryId_fkey"',
            'constraint "Sign_categoryId_fkey" of "Sign" is missing',
        ),
        ("ALTER TYPE \"UserRole\" ADD VALUE 'GUEST'", 'enum "UserRole"'),
        ('ALTER TYPE "UserRole" RENAME TO "Role"', 'enum "UserRole" is missing'),
    ],
)
def test_a_different_schema_is_told_and_left_alone(connected: str, change: str, told: str) -> None:
    db.create_schema()
    run_sql(change)
    before = run_sql(OBJECTS)
    with pytest.raises(db.SchemaMismatchError) as caught:
        db.create_schema()
    assert any(told in difference for difference in caught.value.differences), caught.value
    assert told in str(caught.value)
    assert run_sql(OBJECTS) == before


def test_all_differences_are_listed_at_once(connected: str) -> None:
    db.create_schema()
    run_sql('DROP INDEX "User_email_key"; ALTER TABLE "User" DROP COLUMN "lastName"')
    with pytest.raises(db.SchemaMismatchError) as caught:
        db.create_schema()
    assert len(caught.value.differences) == 2


def test_a_single_table_is_a_half_made_schema(connected: str) -> None:
    run_sql('CREATE TABLE "User" (id text)')
    with pytest.raises(db.SchemaMismatchError, match="nothing was changed"):
        db.create_schema()
    assert [row[2] for row in run_sql(OBJECTS) if row[2][0].isupper()] == ["User"]


@pytest.mark.parametrize(
    "obstacle", ['CREATE VIEW "Sign" AS SELECT 1', 'CREATE SEQUENCE "Progress"']
)
def test_a_name_that_something_else_has_leaves_nothing_half_made(
    connected: str, obstacle: str
) -> None:
    run_sql(obstacle)
    before = run_sql(OBJECTS)
    with pytest.raises(db.SchemaMismatchError, match="already exists"):
        db.create_schema()
    assert run_sql(OBJECTS) == before


def test_other_tables_are_left_alone(connected: str) -> None:
    run_sql('CREATE TABLE "Other" (id int); INSERT INTO "Other" VALUES (1)')
    db.create_schema()
    db.drop_schema(accept_data_loss=True)
    assert run_sql('SELECT id FROM "Other"') == [(1,)]


def test_two_at_once_both_succeed(connected: str) -> None:
    failures: list[BaseException] = []

    def create() -> None:
        try:
            db.create_schema()
        except db.TrioSignoDBError as exc:
            failures.append(exc)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("name", ["other", 'with "quotes"', "été", "User"])
def test_the_schema_of_the_url_holds_the_tables(empty_url: str, name: str) -> None:
    db.connect(empty_url, schema_name=name)
    db.create_schema()
    db.create_schema()
    assert read_catalogs(empty_url)["tables"] == {}
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    assert db.get_user_with_preferences(user.id) == user
    db.drop_schema(accept_data_loss=True)


def test_the_search_path_is_as_before(connected: str) -> None:
    with db.connection():
        run_sql("SET search_path TO pg_catalog")
        db.create_schema()
        db.create_schema()
        assert run_sql("SHOW search_path") == [("pg_catalog",)]


def test_nothing_is_made_without_the_right_to(
    triosigno_server: DatabaseServer, empty_url: str
) -> None:
    db.connect(empty_url)
    run_sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'reader'")
    run_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    db.disconnect()
    password = empty_url.split("@", maxsplit=1)[0]
    db.connect(empty_url.replace(password, "postgresql://reader:reader"))
    with pytest.raises(db.PermissionDeniedError, match="permission denied") as caught:
        db.create_schema()
    assert caught.value.prisma_code == "P1010"
