"""What models say of tables, and their names: made as Peewee makes it, or refused by name."""

import inspect
from enum import StrEnum

import peewee
import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.schema.options_of_peewee import (
    EXPRESSIONS,
    FIELD_OPTIONS,
    FOREIGN_KEY_OPTIONS,
    INDEX_OPTIONS,
    OWN_PARAMETERS,
    TABLE_OPTIONS,
    MadeOption,
    RefusedOption,
)
from tests.schema.peewee_tables import assert_made_alike, table
from tests.schema.what_models_say import FIELDS, Mood, Parent
from tests.server_features import has_nulls_not_distinct
from triosigno_db.models import BaseModel
from triosigno_db.models.fields import EnumField
from triosigno_db.schema.ddl import to_sql

ALL = {
    "field": FIELD_OPTIONS,
    "foreign key": FOREIGN_KEY_OPTIONS,
    "index": INDEX_OPTIONS,
    "table": TABLE_OPTIONS,
}
CASES = {f"{of}: {name}": case for of, options in ALL.items() for name, case in options.items()}
MADE = {name: case for name, case in CASES.items() if isinstance(case, MadeOption)}
REFUSED = {name: case for name, case in CASES.items() if isinstance(case, RefusedOption)}

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning")


def parameters(of: type) -> set[str]:
    """List the parameters of a constructor that have names."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = inspect.signature(of).parameters.values()
    return {each.name for each in found if each.kind in named}


def test_the_tables_have_every_option_of_peewee() -> None:
    assert parameters(peewee.Field) == set(FIELD_OPTIONS)
    assert parameters(peewee.ForeignKeyField) == set(FOREIGN_KEY_OPTIONS)
    assert parameters(peewee.ModelIndex) == set(INDEX_OPTIONS)
    assert parameters(peewee.Index) - {"table", "expressions"} <= set(INDEX_OPTIONS)
    assert parameters(peewee.Metadata) == set(TABLE_OPTIONS)
    own = {name for kind in FIELDS for name in parameters(kind)}
    assert own - set(FIELD_OPTIONS) - set(FOREIGN_KEY_OPTIONS) == OWN_PARAMETERS


@pytest.mark.parametrize("case", MADE)
def test_an_option_is_made_as_peewee_makes_it(connected: str, case: str) -> None:
    if "nulls_distinct" in case and not has_nulls_not_distinct(connected):
        pytest.skip("this server has no NULLS NOT DISTINCT")
    assert_made_alike(*MADE[case].models())


@pytest.mark.parametrize("case", REFUSED)
def test_an_option_that_can_not_be_made_is_refused_by_name(case: str) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql(REFUSED[case].models())
    assert str(caught.value) == REFUSED[case].error


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_an_index_on_an_expression_is_made_as_peewee_makes_it(connected: str, case: str) -> None:
    assert_made_alike(*EXPRESSIONS[case].models())


LONG = "x" * 64


def with_two_names() -> list[type[BaseModel]]:
    return [table("Thing"), table("Other", {"table_name": "Thing"})]


def with_a_label() -> list[type[BaseModel]]:
    class Long(StrEnum):
        LABEL = LONG

    return [table("Thing", one=EnumField(Long))]  # type: ignore[type-var]


def with_the_name_of_a_type() -> list[type[BaseModel]]:
    return [table("Thing", one=EnumField(Mood)), table("Mood")]


def with_the_name_of_an_index() -> list[type[BaseModel]]:
    thing = table("Thing", one=peewee.TextField())
    thing.add_index(thing.one, name="Other")
    return [thing, table("Other")]


NAMES = {
    "a table": (lambda: [table(LONG)], f"{LONG}: {LONG} is longer than 63 bytes"),
    "a column": (
        lambda: [table("Thing", one=peewee.TextField(column_name=LONG))],
        f"Thing: {LONG} is longer than 63 bytes",
    ),
    "a key": (
        lambda: [table("Thing", one=peewee.ForeignKeyField(Parent, constraint_name=LONG))],
        f"Thing: {LONG} is longer than 63 bytes",
    ),
    "a label": (with_a_label, f"Long: {LONG} is longer than 63 bytes"),
    "two tables": (
        with_two_names,
        "Thing: 2 tables or enum types have this name: rename all but one",
    ),
    "a type and a table": (
        with_the_name_of_a_type,
        "Mood: 2 tables or enum types have this name: rename all but one",
    ),
    "an index and a table": (
        with_the_name_of_an_index,
        "Other: 2 tables or indexes have this name: rename all but one",
    ),
    "two constraints": (
        lambda: [table("Thing", {"checks": (("a", "true"), ("a", "false"))})],
        "a: 2 constraints of Thing have this name: rename all but one",
    ),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_name_that_postgresql_would_cut_or_has_is_refused(case: str) -> None:
    declare, why = NAMES[case]
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql(declare())
    assert str(caught.value) == why


def test_a_model_of_another_base_is_refused() -> None:
    class Foreign(peewee.Model):
        pass

    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([Foreign])  # type: ignore[list-item]
    assert str(caught.value) == "<Model: Foreign>: a model must derive from BaseModel"


def test_nothing_is_made_if_anything_is_refused(connected: str) -> None:
    with pytest.raises(db.InvalidInputError):
        to_sql([Parent, table("Thing", {"schema": "other"})])
    made = "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert run_plain(connected, made) == []


def test_the_table_between_two_models_is_one_of_them(connected: str) -> None:
    between = peewee.DeferredThroughModel()
    left = table("Left")
    right = table("Right", lefts=peewee.ManyToManyField(left, through_model=between))
    through = table(
        "Through", left=peewee.ForeignKeyField(left), right=peewee.ForeignKeyField(right)
    )
    between.set_model(through)
    assert_made_alike(left, right, through)
