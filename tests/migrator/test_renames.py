"""Renames: what is found, and that the values stay."""

import re
from pathlib import Path

import pytest

import triosigno_db as db
from tests.migrator.conftest import Edit
from tests.migrator.deployed import (
    declared,
    script_of,
    sorted_schema,
)
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import InvalidInputError
from triosigno_db.migrator import (
    Rename,
    deploy,
    dev,
    rollback,
)
from triosigno_db.migrator.renames import (
    find_column_renames,
    find_key_renames,
    find_table_renames,
    take_given_rename,
)
from triosigno_db.schema.catalog import Catalog, Column, Table, compare


def test_a_rename_keeps_the_values(
    connected: str, triosigno_url: str, history: Path, edit: Edit
) -> None:
    edit('"firstName"', '"givenName"')
    asked: list[str] = []

    def agree(rename: Rename) -> bool:
        asked.append(f"{rename.what} to {rename.new_name}")
        return True

    deploy(history=history)
    run_sql(
        'INSERT INTO "User" (id, email, username, password, "givenName", "updatedAt") VALUES '
        "('7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11', 'a@b.org', 'a', 'x', 'Zoé', now())"
    )
    written = dev("first_name", history=history, is_rename=agree)
    assert asked == ["column User.givenName to firstName"]
    assert "RENAME COLUMN" in script_of(written)
    assert "DROP" not in script_of(written)
    user = db.get_user_with_preferences("7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11")
    assert user.first_name == "Zoé"
    rollback(history=history)
    assert run_sql('SELECT "givenName" FROM "User"') == [("Zoé",)]
    deploy(history=history)
    there = sorted_schema()
    assert compare(declared(triosigno_url), there) == ()


def test_a_renamed_table_takes_its_keys_and_indexes_along(
    connected: str, triosigno_url: str, history: Path, edit: Edit
) -> None:
    for path in history.rglob("*.sql"):
        path.write_text(re.sub(r'"Achievement(_|")', r'"Badge\1', path.read_text()))
    deploy(history=history)
    run_sql(
        "INSERT INTO \"Badge\" VALUES ('id', 'first', '', 'https://example.org', 1, now(), now())"
    )
    written = dev("badge", history=history, is_rename=lambda _: True)
    assert "DROP" not in script_of(written)
    assert 'RENAME TO "Achievement"' in script_of(written)
    assert run_sql('SELECT name FROM "Achievement"') == [("first",)]
    rollback(history=history)
    assert run_sql('SELECT name FROM "Badge"') == [("first",)]
    deploy(history=history)
    there = sorted_schema()
    assert compare(declared(triosigno_url), there) == ()


def test_what_is_no_rename_is_dropped_and_added(connected: str, history: Path, edit: Edit) -> None:
    edit('"firstName"', '"givenName"')
    written = dev("first_name", history=history, is_rename=lambda _: False)
    assert "DROP COLUMN" in script_of(written)
    assert "ADD COLUMN" in script_of(written)


def catalog(**tables: Table) -> Catalog:
    return Catalog(tables, {})


def table(*columns: Column, indexes: dict[str, str] | None = None, **constraints: str) -> Table:
    return Table(columns, indexes or {}, constraints)


SIZE, WIDTH = Column("size", "integer", True, None), Column("width", "integer", True, None)
NAME = Column("name", "text", True, None)
TIME = Column("time", "date", True, None)


def test_a_table_with_the_same_columns_may_be_a_rename() -> None:
    (rename,) = find_table_renames(catalog(Thing=table(SIZE)), catalog(Object=table(SIZE)))
    assert rename == Rename(
        "table Thing",
        "Object",
        'ALTER TABLE "Thing" RENAME TO "Object";',
        'ALTER TABLE "Object" RENAME TO "Thing";',
        "Thing:Object",
    )
    assert find_table_renames(catalog(Thing=table(SIZE)), catalog(Object=table(NAME))) == ()


def test_each_candidate_is_found_the_most_alike_first() -> None:
    old = catalog(A=table(NAME, TIME), B=table(SIZE, NAME, TIME))
    new = catalog(C=table(SIZE, NAME, TIME, WIDTH))
    assert [each.option for each in find_table_renames(old, new)] == ["B:C", "A:C"]


def test_a_table_with_one_more_column_may_be_a_rename() -> None:
    (rename,) = find_table_renames(
        catalog(Thing=table(SIZE, NAME)), catalog(Object=table(SIZE, NAME, WIDTH))
    )
    assert rename.option == "Thing:Object"


def test_a_column_with_another_default_may_be_a_rename() -> None:
    old = catalog(T=table(SIZE._replace(default="1", nullable=False)))
    (rename,) = find_column_renames(old, catalog(T=table(WIDTH)))
    assert rename.option == "T.size:width"


def test_a_column_of_another_type_with_a_similar_name_may_be_a_rename() -> None:
    new = catalog(T=table(Column("shoe_size", "text", True, None)))
    old = catalog(T=table(Column("shoeSize", "integer", True, None), TIME))
    (rename,) = find_column_renames(old, new)
    assert rename.option == "T.shoeSize:shoe_size"


def test_a_given_rename_needs_no_likeness() -> None:
    old = catalog(Thing=table(SIZE), T=table(SIZE))
    new = catalog(Object=table(NAME), T=table(NAME))
    given = ["T.size:name", "Thing:Object"]
    renames = [take_given_rename(old, new, given), take_given_rename(old, new, given)]
    assert [rename and rename.option for rename in renames] == ["Thing:Object", "T.size:name"]
    assert take_given_rename(old, new, given) is None


@pytest.mark.parametrize(
    "given",
    ["", "size", "T.size", "T.size:", "T.size:size", "T.missing:name", "T.size:missing", "T:Thing"],
)
def test_an_unknown_rename_is_refused(given: str) -> None:
    with pytest.raises(InvalidInputError, match="renames"):
        take_given_rename(catalog(T=table(SIZE)), catalog(T=table(NAME)), [given])


def test_a_name_that_another_index_still_has_is_not_given() -> None:
    index = 'CREATE INDEX "{}" ON "{}" USING btree (size)'
    old = catalog(
        T=table(SIZE, indexes={"Old": index.format("Old", "T")}),
        Gone=table(SIZE, indexes={"New": index.format("New", "Gone")}),
    )
    new = catalog(T=table(SIZE, indexes={"New": index.format("New", "T")}))
    assert find_key_renames(old, new) == ()


@pytest.mark.parametrize(("after", "found"), [(NAME, []), (SIZE, [])])
def test_columns_of_other_types_or_the_same_name_are_no_rename(
    after: Column, found: list[Rename]
) -> None:
    assert list(find_column_renames(catalog(T=table(SIZE)), catalog(T=table(after)))) == found


def test_braces_in_a_name_are_part_of_it() -> None:
    old, new = catalog(**{"{}": table(SIZE)}), catalog(**{"{}": table(WIDTH)})
    (rename,) = find_column_renames(old, new)
    assert rename.up == 'ALTER TABLE "{}" RENAME COLUMN "size" TO "width";'


def test_constraints_and_indexes_keep_what_they_say() -> None:
    index = 'CREATE INDEX "{}" ON "T" USING btree (size)'
    old = catalog(T=table(SIZE, indexes={"Old": index.format("Old")}, Old_check="CHECK (size > 0)"))
    new = catalog(T=table(SIZE, indexes={"New": index.format("New")}, New_check="CHECK (size > 0)"))
    assert [each.up for each in find_key_renames(old, new)] == [
        'ALTER TABLE "T" RENAME CONSTRAINT "Old_check" TO "New_check";',
        'ALTER INDEX "Old" RENAME TO "New";',
    ]
