"""The columns of models: each field of Peewee is made as Peewee makes it, or refused by name."""

from typing import Any

import peewee
import playhouse.fields
import pytest
from playhouse import postgres_ext

import triosigno_db as db
from tests.schema.peewee_tables import assert_made_alike, fields_of, table
from tests.schema.what_models_say import (
    FIELDS,
    INTERNAL,
    BigParent,
    Made,
    NoColumn,
    Parent,
    Refused,
    model_with,
)
from triosigno_db.schema.ddl import to_sql

MADE = {kind: each for kind, each in FIELDS.items() if isinstance(each, Made)}
REFUSED = {kind: each for kind, each in FIELDS.items() if isinstance(each, Refused)}
NO_COLUMN = {kind: each for kind, each in FIELDS.items() if isinstance(each, NoColumn)}

pytestmark = pytest.mark.filterwarnings("ignore:.*PrimaryKeyField.*:DeprecationWarning")


def name_of(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


def test_the_table_has_every_field_of_peewee() -> None:
    assert fields_of(peewee, postgres_ext, playhouse.fields) - INTERNAL == set(FIELDS)


@pytest.mark.parametrize("kind", MADE, ids=name_of)
def test_a_field_is_made_as_peewee_makes_it(connected: str, kind: type[peewee.Field]) -> None:
    model = model_with(MADE[kind].field())
    assert_made_alike(Parent, model)
    assert f"{MADE[kind].type} " in to_sql([model])


@pytest.mark.parametrize("kind", REFUSED, ids=name_of)
def test_a_field_that_can_not_be_made_is_refused_by_name(kind: type[peewee.Field]) -> None:
    model = model_with(REFUSED[kind].field())
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([Parent, model])
    assert str(caught.value).startswith("Thing.one: ")
    assert REFUSED[kind].why in str(caught.value)


@pytest.mark.parametrize("kind", NO_COLUMN, ids=name_of)
def test_a_field_that_is_no_column_makes_none(connected: str, kind: type[peewee.Field]) -> None:
    made = assert_made_alike(model_with(NO_COLUMN[kind].field()))
    assert "one" not in [column.name for column in made.tables["Thing"].columns]


COLUMNS: dict[str, Any] = {
    "null": lambda: peewee.TextField(null=True),
    "collation": lambda: peewee.TextField(collation='"C"'),
    "column_name": lambda: peewee.TextField(column_name="a word"),
    "a reserved word": lambda: peewee.TextField(column_name="order"),
    "a check": lambda: peewee.IntegerField(constraints=[peewee.Check("one > 0")]),
    "a named check": lambda: peewee.IntegerField(constraints=[peewee.Check("one > 0", "positive")]),
    "a doubled percent sign": lambda: peewee.TextField(
        constraints=[peewee.Check("one LIKE 'a%%'")]
    ),
    "a default of the server": lambda: peewee.DateTimeField(
        constraints=[peewee.Default("CURRENT_TIMESTAMP")]
    ),
    "a generated value": lambda: peewee.IntegerField(
        null=True, constraints=[peewee.SQL("GENERATED ALWAYS AS (id * 2) STORED")]
    ),
    "several constraints": lambda: peewee.IntegerField(
        constraints=[peewee.SQL("UNIQUE"), peewee.Check("one > 0"), peewee.Default("7")]
    ),
    "no length": lambda: peewee.CharField(None),
    "a key of text": lambda: peewee.CharField(40, primary_key=True),
    "an identity for itself": lambda: peewee.IdentityField(generate_always=True),
    "two dimensions": lambda: postgres_ext.ArrayField(peewee.IntegerField, dimensions=2),
    "elements with a length": lambda: postgres_ext.ArrayField(
        peewee.CharField, {"max_length": 40}, index=False
    ),
    "elements with a precision": lambda: postgres_ext.ArrayField(
        peewee.DecimalField, {"max_digits": 8, "decimal_places": 2}
    ),
    "to a field": lambda: peewee.ForeignKeyField(Parent, field="name", backref="+"),
    "to a key of 64 bits": lambda: peewee.ForeignKeyField(BigParent, backref="+"),
    "to itself": lambda: peewee.ForeignKeyField("self", null=True, backref="+"),
    "with the column of its own": lambda: peewee.ForeignKeyField(
        Parent, column_name="the parent", object_id_name="parent_key", backref="+"
    ),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_an_option_is_made_as_peewee_makes_it(connected: str, case: str) -> None:
    assert_made_alike(Parent, BigParent, model_with(COLUMNS[case]()))


REFUSALS: dict[str, tuple[Any, str]] = {
    "unindexed": (
        lambda: peewee.TextField(unindexed=True),
        "Thing.one: unindexed= is of SQLite: leave it out",
    ),
    "sequence": (
        lambda: peewee.IntegerField(sequence="numbers"),
        "Thing.one: sequence= is not supported: use AutoField, BigAutoField or IdentityField",
    ),
    "a constraint as text": (
        lambda: peewee.TextField(constraints=["CHECK (true)"]),
        "Thing.one: constraints= must be Check(...), Default(...) or SQL(...)",
    ),
    "a placeholder": (
        lambda: peewee.TextField(constraints=[peewee.Check("one LIKE '%s'")]),
        "Thing.one: write a percent sign as %% in CHECK (one LIKE '%s')",
    ),
    "to what is not unique": (
        lambda: peewee.ForeignKeyField(
            table("Plain", name=peewee.TextField()), field="name", backref="+"
        ),
        "Thing.one: Plain.name, which it refers to, must be unique: add unique=True",
    ),
    "to several columns": (
        lambda: peewee.ForeignKeyField(
            table(
                "Pair",
                {"primary_key": peewee.CompositeKey("a", "b")},
                a=peewee.TextField(),
                b=peewee.TextField(),
            ),
            backref="+",
        ),
        "Thing.one: Pair has no primary key of one column: name a unique one by field=",
    ),
    "to no key": (
        lambda: peewee.ForeignKeyField(
            table("Keyless", {"primary_key": False}, a=peewee.TextField()), backref="+"
        ),
        "Thing.one: Keyless has no primary key of one column: name a unique one by field=",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_an_option_that_can_not_be_made_is_refused_by_name(case: str) -> None:
    declare, why = REFUSALS[case]
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([model_with(declare())])
    assert str(caught.value) == why
