"""Objects of other roles in the schemas, and the library's own schema made by somebody else."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.server_features import has_trigrams
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.schema.catalog import CATALOGS, searching
from triosigno_db.schema.owners import ForeignObject, foreign_objects


@pytest.fixture
def neighbour(connected: str) -> Iterator[str]:
    """A role that may create objects in the schema, and other schemas."""
    role = f"neighbour_{uuid4().hex}"
    database = connected.rpartition("/")[2]
    run_plain(
        connected,
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret';"
        f"GRANT USAGE, CREATE ON SCHEMA public TO {role};"
        f'GRANT CREATE ON DATABASE "{database}" TO {role}',
    )
    yield role
    db.disconnect()
    run_plain(connected, f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def found(schema_name: str = "public") -> list[str]:
    with db.transaction(), searching(CATALOGS):
        return [each.description for each in foreign_objects(run_sql, schema_name)]


@pytest.mark.parametrize(
    ("statement", "description"),
    [
        ("CREATE TABLE planted ()", "table public.planted"),
        ("CREATE VIEW planted AS SELECT 1", "view public.planted"),
        ("CREATE SEQUENCE planted", "sequence public.planted"),
        ("CREATE TYPE planted AS ENUM ('a')", "type public.planted"),
        ("CREATE DOMAIN planted AS text", "type public.planted"),
        (
            "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "function public.planted()",
        ),
        (
            "CREATE OPERATOR === (LEFTARG = int4, RIGHTARG = int4, FUNCTION = pg_catalog.int4eq)",
            "operator public.===(integer,integer)",
        ),
        ('CREATE COLLATION planted FROM "C"', "collation public.planted"),
        ("CREATE SCHEMA triosigno_db", "schema triosigno_db"),
    ],
)
def test_what_another_role_owns_is_found(
    connected: str, neighbour: str, statement: str, description: str
) -> None:
    run_sql('CREATE TABLE "User" ()')
    assert found() == []
    run_plain(connected, f"SET ROLE {neighbour}; {statement}")
    assert found() == [description]


def test_what_is_in_other_schemas_is_not_listed(connected: str, neighbour: str) -> None:
    run_plain(connected, f"SET ROLE {neighbour}; CREATE SCHEMA elsewhere CREATE TABLE planted ()")
    assert found() == []


def test_a_trigger_on_a_table_of_the_library_is_found_by_its_function(
    connected: str, neighbour: str
) -> None:
    db.create_schema()
    run_sql(f'GRANT TRIGGER ON "User" TO {neighbour}')
    run_plain(
        connected,
        f"SET ROLE {neighbour}; CREATE SCHEMA elsewhere; CREATE FUNCTION elsewhere.f()"
        " RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        'CREATE TRIGGER planted BEFORE INSERT ON public."User"'
        " FOR EACH ROW EXECUTE FUNCTION elsewhere.f()",
    )
    assert found() == ['trigger planted on public."User", which calls elsewhere.f()']


def test_who_made_the_tables_is_expected_and_who_asks_too(connected: str, neighbour: str) -> None:
    migrator.deploy(db.Settings.load(connected, user=neighbour, password="secret"))
    assert found() == []
    db.connect(connected, user=neighbour, password="secret")
    assert found() == []
    run_plain(connected, "CREATE TABLE of_a_superuser ()")
    assert found() == []
    assert found("other") == []


def test_an_extension_s_objects_are_not_listed(connected: str, neighbour: str) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server has no extension that any role may create")
    run_plain(connected, f"SET ROLE {neighbour}; CREATE EXTENSION pg_trgm")
    assert found() == []


@pytest.mark.parametrize("make", [db.create_schema, migrator.deploy])
@pytest.mark.parametrize(
    "planted",
    [
        "CREATE SCHEMA triosigno_db",
        "CREATE FUNCTION triosigno_db.fold_text(text) RETURNS text LANGUAGE sql IMMUTABLE"
        " AS 'SELECT $1'",
        'CREATE TABLE triosigno_db."IdempotencyKey" (digest uuid, "createdAt" timestamp)',
    ],
)
def test_the_library_s_schema_is_not_used_if_somebody_else_has_filled_it(
    connected: str, neighbour: str, make: Callable[[], object], planted: str
) -> None:
    if "SCHEMA triosigno_db" not in planted:
        run_sql(f"CREATE SCHEMA triosigno_db; GRANT ALL ON SCHEMA triosigno_db TO {neighbour}")
    run_plain(connected, f"SET ROLE {neighbour}; {planted}")
    with pytest.raises(db.PermissionDeniedError, match=f"of {neighbour}.*Nothing was changed"):
        make()
    assert run_sql("SELECT to_regclass('public.\"User\"') IS NULL") == [(True,)]
    run_sql(f"GRANT {neighbour} TO CURRENT_USER")
    make()


def test_an_object_names_its_owner() -> None:
    assert (
        str(ForeignObject("mallory", "table public.planted")) == "table public.planted, of mallory"
    )
