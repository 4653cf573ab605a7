"""The library's own objects: who may make them, and what is said to who may not."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.server_features import has_trigrams
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import deploy, read_history, status
from triosigno_db.schema import to_sql
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.schema.create import expected_catalog
from triosigno_db.schema.own_objects import (
    can_index_trigrams,
    fold_script,
    index_script,
    keys_script,
    search_index_script,
)


def test_the_migrations_are_these_statements() -> None:
    scripts = {migration.name[15:]: migration.script for migration in read_history()}
    assert scripts["search_indexes"] == f"{fold_script()}\n\n{search_index_script()}\n"
    assert scripts["idempotency_keys"] == f"{keys_script()}\n"


OBJECTS = """
SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname IN ('public', 'triosigno_db')
"""


@pytest.fixture
def role(connected: str) -> Iterator[str]:
    """The role of the connection: it may create tables, but not schemas in the database."""
    role = f"role_{uuid4().hex}"
    run_plain(connected, f"CREATE ROLE {role} LOGIN PASSWORD 'owner'")
    run_plain(connected, f"GRANT ALL ON SCHEMA public TO {role}")
    db.connect(connected, user=role, password="owner", password_cost=4)
    yield role
    db.disconnect()
    run_plain(connected, f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.mark.parametrize("make", [db.create_schema, deploy])
def test_who_may_not_make_the_schema_is_told_how_and_nothing_is_made(
    connected: str, role: str, make: Callable[[], object]
) -> None:
    with pytest.raises(db.PermissionDeniedError) as caught:
        make()
    name = connected.rpartition("/")[2]
    assert f"GRANT CREATE ON DATABASE {name} TO {role}," in str(caught.value)
    advice = f"CREATE SCHEMA triosigno_db AUTHORIZATION {role}"
    assert str(caught.value).endswith(advice)
    assert run_plain(connected, OBJECTS) == []
    run_plain(connected, advice)
    make()
    assert status().exit_code == 0 or make is db.create_schema
    db.create_schema()
    assert db.search_signs("a").items == ()


@pytest.mark.parametrize("make", [db.create_schema, deploy])
def test_who_may_not_use_the_schema_is_told_how_and_nothing_is_made(
    connected: str, role: str, make: Callable[[], object]
) -> None:
    run_plain(connected, "CREATE SCHEMA triosigno_db")
    advice = f"GRANT USAGE, CREATE ON SCHEMA triosigno_db TO {role}"
    for rights in (
        f"REVOKE ALL ON SCHEMA triosigno_db FROM {role}",
        advice.replace(", CREATE", ""),
    ):
        run_plain(connected, rights)
        with pytest.raises(db.PermissionDeniedError) as caught:
            make()
        assert str(caught.value).endswith(advice)
        assert run_plain(connected, OBJECTS) == []
    run_plain(connected, advice)
    make()
    db.create_schema()


def test_what_another_owner_has_made_is_used(connected: str, role: str) -> None:
    db.connect(connected, schema_name="other", password_cost=4)
    db.create_schema()
    run_plain(connected, f"GRANT USAGE ON SCHEMA triosigno_db TO {role}")
    for make in (deploy, db.create_schema):
        db.connect(connected, user=role, password="owner", password_cost=4)
        make()
        assert db.search_signs("a").items == ()


def test_a_comparison_makes_nothing_in_the_library_s_schema(connected: str) -> None:
    with db.transaction():
        run_sql("SET LOCAL search_path TO pg_temp")
        run_sql(to_sql())
        assert run_sql("SELECT to_regnamespace('triosigno_db') IS NULL") == [(True,)]


def test_an_index_is_created_from_its_definition() -> None:
    assert (
        index_script("CREATE INDEX a ON b USING btree (c)")
        == "CREATE INDEX a ON b USING btree (c);"
    )
    script = index_script("CREATE INDEX a ON b USING gin ((c || '100%') gin_trgm_ops)")
    assert "%1$I.gin_trgm_ops" in script
    assert "100%%" in script


def test_a_search_index_is_possible_once_its_function_and_the_extension_exist(
    connected: str,
) -> None:
    assert not can_index_trigrams(run_sql)
    db.create_schema()
    assert can_index_trigrams(run_sql) is has_trigrams(connected)
    run_sql("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
    assert not can_index_trigrams(run_sql)


def test_a_comparison_has_the_search_indexes_where_they_are_possible(connected: str) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server ships no pg_trgm")
    db.create_schema()
    there = read_catalog('"public"')
    assert "Sign_search_idx" in there.tables["Sign"].indexes
    expected = expected_catalog()
    assert expected.tables["Sign"].indexes == there.tables["Sign"].indexes
    assert expected.tables["User"].indexes == there.tables["User"].indexes
