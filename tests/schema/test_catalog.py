"""A schema as the catalogs tell it, and two of them compared: every difference, by its place."""

import pytest

from tests.server_features import has_trigrams
from triosigno_db.database.execution import run_sql
from triosigno_db.schema.catalog import (
    Catalog,
    Difference,
    as_valid,
    compare,
    is_same_constraint,
    read_catalog,
)

TABLES = """
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x', feels mood);
CREATE INDEX parent_name_idx ON parent (name);
CREATE TABLE child (id int, parent int CONSTRAINT child_fkey REFERENCES parent);
"""

CHANGES = {
    "ALTER TABLE parent ADD extra int": "extra",
    "ALTER TABLE parent DROP feels": "feels",
    "ALTER TABLE parent ALTER name DROP NOT NULL": "name",
    "ALTER TABLE parent ALTER name DROP DEFAULT": "name",
    "ALTER TABLE parent ALTER name TYPE varchar(9)": "name",
    "ALTER TABLE child DROP CONSTRAINT child_fkey": "child_fkey",
    "ALTER TABLE child ADD CONSTRAINT positive CHECK (id > 0)": "positive",
    "DROP INDEX parent_name_idx": "parent_name_idx",
    "CREATE UNIQUE INDEX another ON child (id)": "another",
    "DROP TABLE child": "child",
    "CREATE TABLE third (id int)": "third",
    "ALTER TYPE mood ADD VALUE 'calm'": "mood",
    "CREATE TYPE other AS ENUM ('a')": "other",
}


@pytest.fixture
def before(connected: str) -> Catalog:
    run_sql(TABLES)
    return read_catalog("public")


def test_a_catalog_holds_tables_columns_indexes_constraints_and_enums(before: Catalog) -> None:
    assert before.enums == {"mood": ("happy", "sad")}
    assert sorted(before.tables) == ["child", "parent"]
    parent = before.tables["parent"]
    assert [str(column) for column in parent.columns] == [
        "integer NOT NULL",
        "text NOT NULL DEFAULT 'x'::text",
        "mood",
    ]
    assert "parent_name_idx" in parent.indexes
    assert "FOREIGN KEY" in before.tables["child"].constraints["child_fkey"]


def test_equal_schemas_have_no_difference(before: Catalog) -> None:
    assert compare(before, read_catalog("public")) == ()


@pytest.mark.parametrize(("change", "place"), CHANGES.items(), ids=CHANGES)
def test_a_change_is_a_difference_either_way(before: Catalog, change: str, place: str) -> None:
    run_sql(change)
    after = read_catalog("public")
    for expected, found in ((before, after), (after, before)):
        differences = compare(expected, found)
        assert differences
        assert all(isinstance(each, Difference) for each in differences)
        assert any(place in str(each) for each in differences)


def test_another_schema_is_read_as_if_it_were_this_one(before: Catalog) -> None:
    run_sql(f"CREATE SCHEMA other; SET search_path = other; {TABLES}")
    run_sql("SET search_path = public")
    assert compare(before, read_catalog("other")) == ()


def test_only_some_tables_can_be_kept(before: Catalog) -> None:
    kept = before.only(["parent", "missing"], [])
    assert (list(kept.tables), dict(kept.enums)) == (["parent"], {})


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("CHECK ((a > 0))", "CHECK ((a > 0))", True),
        ("CHECK ((a > 0))", "CHECK ((a > 0)) NOT VALID", True),
        ("CHECK ((a > 0)) NOT VALID", "CHECK ((a > 0))", True),
        ("CHECK ((a > 0))", "CHECK ((a > 1))", False),
        ("CHECK ((a > 0))", None, False),
    ],
)
def test_whether_a_constraint_was_validated_makes_no_difference(
    one: str, other: str | None, is_same: bool
) -> None:
    assert is_same_constraint(one, other) is is_same
    assert as_valid(one) == "CHECK ((a > 0))"


def test_a_catalog_tells_what_gives_a_column_its_values_and_its_collation(connected: str) -> None:
    run_sql(
        'CREATE TABLE t (a serial, b int GENERATED ALWAYS AS IDENTITY, c text COLLATE "C",'
        " d int GENERATED ALWAYS AS (b * 2) STORED, e int DEFAULT nextval('t_a_seq'),"
        " f varchar(4)[], g numeric(8, 2))"
    )
    columns = read_catalog("public").tables["t"].columns
    assert [column.generation for column in columns] == [
        "SERIAL",
        "GENERATED ALWAYS AS IDENTITY",
        None,
        "GENERATED ALWAYS AS ((b * 2)) STORED",
        *(None, None, None),
    ]
    assert [column.name for column in columns if column.is_identity] == ["b"]
    assert [column.name for column in columns if column.is_generated] == ["d"]
    assert [str(column) for column in columns] == [
        "integer NOT NULL DEFAULT nextval('t_a_seq'::regclass)",
        "integer NOT NULL GENERATED ALWAYS AS IDENTITY",
        'text COLLATE "C"',
        "integer GENERATED ALWAYS AS ((b * 2)) STORED",
        "integer DEFAULT nextval('t_a_seq'::regclass)",
        "character varying(4)[]",
        "numeric(8,2)",
    ]


def test_indexes_of_trigrams_can_be_left_out(connected: str) -> None:
    if not has_trigrams(connected):
        pytest.skip("this server ships no pg_trgm")
    run_sql('CREATE SCHEMA "a.b"; CREATE EXTENSION pg_trgm SCHEMA "a.b"; CREATE TABLE t (a text)')
    run_sql('CREATE INDEX one ON t USING gin (a "a.b".gin_trgm_ops); CREATE INDEX two ON t (a)')
    found = read_catalog("public")
    assert found.tables["t"].indexes["one"] == ("CREATE INDEX one ON t USING gin (a gin_trgm_ops)")
    assert list(found.without_trigrams().tables["t"].indexes) == ["two"]
