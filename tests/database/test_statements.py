"""Statements: composed of models and SQL, compiled once, with the values apart from the text."""

from typing import Any

import pytest

import triosigno_db as db
from triosigno_db.database import statements
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.statements import Parameter, columns, compose, sql_columns, statement
from triosigno_db.models import Sign, SignCategory, User
from triosigno_db.records import Selection
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category

NAME = Selection(("name",))


@statement(reads_only=True)
def select_named(selection: Selection) -> Any:
    """Categories of one name."""
    query = SignCategory.select(*columns(SignCategory, selection))
    return query.where((SignCategory.name == Parameter("name")) | (SignCategory.name == "100 %"))


@statement(reads_only=False, idempotent=True, prepared=False)
def update_twice(model: Any) -> Any:
    """One value in two places."""
    return compose(
        "UPDATE {model} SET description = {text} WHERE name <> {text} AND '%' = '%' RETURNING id",
        model=model,
        text=Parameter("text"),
    )


def compiled(made: statements.Statement, schema: str = "public") -> statements.CompiledStatement:
    return made.compile(current_database(), schema)


def test_equal_choices_give_the_same_statement() -> None:
    assert select_named(NAME) is select_named(Selection(("name",)))
    assert select_named(NAME) is not select_named(Selection(("id",)))


def test_a_statement_is_named_by_its_builder_and_its_models() -> None:
    assert select_named(NAME).name == "select_named"
    assert update_twice(SignCategory).name == "update_twice_SignCategory"
    assert repr(update_twice(Sign)) == "<Statement update_twice_Sign>"


def test_values_are_no_part_of_the_text(triosigno_db: IsolatedDatabase) -> None:
    found = compiled(select_named(NAME))
    assert "%(name)s" in found.sql
    assert "'100 %%'" in found.sql
    assert "$1" in found.definition
    assert "'100 %'" in found.definition
    assert found.arguments.endswith("(%(name)s)")
    assert (found.reads_only, found.idempotent) == (True, False)


def test_a_parameter_in_two_places_is_one_value(triosigno_db: IsolatedDatabase) -> None:
    found = compiled(update_twice(SignCategory))
    assert found.sql.count("%(text)s") == 2
    assert found.sql.endswith("'%%' = '%%' RETURNING id")
    assert found.definition.count("$1") == 2
    assert "$2" not in found.definition
    assert found.arguments.count("%(text)s") == 1
    assert (found.reads_only, found.idempotent) == (False, True)


def test_only_what_may_be_planned_once_has_a_name_on_the_server(
    triosigno_db: IsolatedDatabase,
) -> None:
    assert compiled(update_twice(SignCategory)).key is None
    named = [compiled(select_named(Selection((name,)))).key for name in ("id", "name")]
    assert None not in named
    assert len({*named}) == 2


def test_a_text_is_compiled_once_for_each_schema(triosigno_db: IsolatedDatabase) -> None:
    made = select_named(NAME)
    assert compiled(made) is compiled(made)
    assert compiled(made, "public") is not compiled(made, "other")


def test_a_compiled_statement_runs(triosigno_db: IsolatedDatabase) -> None:
    for name in ("a % b", "100 %", "other"):
        make_category(name=name)
    rows = fetch_all(select_named(NAME), name="a % b")
    assert sorted(rows) == [("100 %",), ("a % b",)]
    fetch_all(update_twice(SignCategory), text="other")
    assert [each.description for each in db.list_categories().items].count("other") == 2


@pytest.mark.parametrize("name", ["password", "nonsense", "imageURL"])
def test_a_column_that_there_is_not_is_refused(name: str) -> None:
    for refuse in (
        lambda: columns(SignCategory, Selection((name,))),
        lambda: sql_columns("SignCategory", {"id": "c.id"}, Selection(("id", name))),
    ):
        with pytest.raises(db.InvalidInputError, match="SignCategory has no field") as caught:
            refuse()
        assert caught.value.field == "shape"


def test_computed_and_nested_columns_are_known() -> None:
    count = statements.NOW
    nested = Selection(("name", "signCount"), (("signs", NAME),))
    found = columns(SignCategory, nested, computed={"signCount": count}, nested=["signs"])
    assert found[0] is SignCategory.name
    assert found[1] is count
    with pytest.raises(db.InvalidInputError, match="no field signs"):
        columns(SignCategory, nested, computed={"signCount": count})


def test_columns_in_sql_leave_the_secret_ones_out() -> None:
    known = statements.columns_of(User, "u")
    assert known["firstName"] == 'u."firstName"'
    assert "password" not in known
