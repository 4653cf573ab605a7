"""Defaults and values of models as SQL: what PostgreSQL stores is what Python meant."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import peewee
import playhouse.fields
import pytest
from playhouse import postgres_ext

import triosigno_db as db
from tests.schema.peewee_tables import LIBRARY, make_by_library, table
from tests.schema.what_models_say import Mood
from triosigno_db.database.execution import run_sql
from triosigno_db.database.transactions import transaction
from triosigno_db.models import fields
from triosigno_db.schema.catalog import read_catalog, searching
from triosigno_db.schema.ddl import to_sql
from triosigno_db.schema.ddl_values import write_node, write_value

KEY = UUID("12345678-1234-5678-1234-567812345678")
NOON = datetime(2026, 1, 31, 12, 30, 15, 250000)  # noqa: DTZ001 (a plain column has no zone)

DEFAULTS: dict[str, tuple[Callable[..., Any], Any]] = {
    "text": (peewee.TextField, "it's 100% \\ {} \" ; é"),
    "a label": (lambda **option: fields.EnumField(Mood, **option), Mood.GLAD),
    "a label as text": (lambda **option: playhouse.fields.EnumField(Mood, **option), Mood.SAD),
    "a truth": (peewee.BooleanField, True),
    "a falsehood": (fields.BooleanField, False),
    "a number": (peewee.IntegerField, -7),
    "a large number": (peewee.BigIntegerField, 2**40),
    "a fraction": (peewee.DoubleField, 0.1),
    "an infinity": (peewee.DoubleField, -math.inf),
    "a decimal": (lambda **option: peewee.DecimalField(8, 2, **option), Decimal("-12.50")),
    "a timestamp": (peewee.DateTimeField, NOON),
    "a timestamp in UTC": (fields.TimestampField, NOON.replace(tzinfo=UTC)),
    "a timestamp with a zone": (postgres_ext.DateTimeTZField, NOON.replace(tzinfo=UTC)),
    "a date": (peewee.DateField, date(2026, 1, 31)),
    "a time": (peewee.TimeField, time(12, 30, 15)),
    "an interval": (postgres_ext.IntervalField, timedelta(days=-1, seconds=5)),
    "a uuid": (peewee.UUIDField, KEY),
    "a binary uuid": (peewee.BinaryUUIDField, KEY),
    "bytes": (peewee.BlobField, b"\x00'\\\xff"),
    "bits": (peewee.BitField, 6),
    "an address": (peewee.IPField, "127.0.0.1"),
    "JSON": (peewee.JSONField, {"a": ["it's", 1, None, "é"]}),
    "a text in JSON": (postgres_ext.BinaryJSONField, "it's"),
    "texts": (lambda **option: postgres_ext.ArrayField(peewee.TextField, **option), ["it's", "é"]),
    "no texts": (lambda **option: postgres_ext.ArrayField(peewee.TextField, **option), []),
    "numbers in two dimensions": (
        lambda **option: postgres_ext.ArrayField(dimensions=2, **option),
        [[1, 2], [3, 4]],
    ),
}


@pytest.mark.parametrize("case", DEFAULTS)
def test_a_constant_is_what_a_row_without_a_value_gets(connected: str, case: str) -> None:
    field, value = DEFAULTS[case]
    model = table("Thing", one=field(default=value))
    make_by_library(model)
    with transaction(), searching(LIBRARY):
        run_sql('INSERT INTO "Thing" DEFAULT VALUES')
        found = model.get().one
    if isinstance(found, memoryview):
        found = bytes(found)
    # The library's connection adds the zone to a timestamp without one.
    assert found == (value.replace(tzinfo=UTC) if isinstance(value, datetime) else value)


def test_an_array_may_have_labels_by_default(connected: str) -> None:
    field = postgres_ext.ArrayField(fields.EnumField, {"enum": Mood}, default=[Mood.SAD, "it's"])
    make_by_library(table("Thing", one=field))
    column = read_catalog(LIBRARY).tables["Thing"].columns[1]
    assert (column.type, column.default) == (
        '"Mood"[]',
        "ARRAY['100%'::\"Mood\", 'it''s'::\"Mood\"]",
    )


def test_a_default_is_the_same_whether_the_library_is_connected_or_not(connected: str) -> None:
    models = [
        table("Thing", one=field(default=value), two=field(default=value))
        for field, value in DEFAULTS.values()
    ]
    while_connected = [to_sql([model]) for model in models]
    db.disconnect()
    assert [to_sql([model]) for model in models] == while_connected


def test_a_function_is_called_by_python_alone(connected: str) -> None:
    make_by_library(table("Thing", one=peewee.UUIDField(default=lambda: KEY)))
    assert read_catalog(LIBRARY).tables["Thing"].columns[1].default is None


def test_an_expression_is_one_of_the_server(connected: str) -> None:
    make_by_library(table("Thing", one=peewee.DateField(default=peewee.fn.now())))
    assert read_catalog(LIBRARY).tables["Thing"].columns[1].default == "now()"


def test_a_default_in_the_constraints_comes_first(connected: str) -> None:
    field = peewee.IntegerField(default=1, constraints=[peewee.SQL("default 2")])
    make_by_library(table("Thing", one=field))
    assert read_catalog(LIBRARY).tables["Thing"].columns[1].default == "2"


REFUSED: dict[str, tuple[peewee.Field, str]] = {
    "a label that is none": (fields.EnumField(Mood, default="HAPPY"), "the field does not take"),
    "a naive timestamp": (
        fields.TimestampField(default=NOON),
        "the field does not take its default=",
    ),
    "an aware timestamp": (
        peewee.DateTimeField(default=NOON.replace(tzinfo=UTC)),
        "the default= of a TIMESTAMP must be naive",
    ),
    "a timestamp without a zone": (
        postgres_ext.DateTimeTZField(default=NOON),
        "the default= of a TIMESTAMPTZ must be aware",
    ),
    "what JSON can't hold": (peewee.JSONField(default={1, 2}), "the default= is no JSON"),
    "a text for an array": (
        postgres_ext.ArrayField(peewee.TextField, default="abc"),
        "the default= of an array must be a list",
    ),
    "a set": (peewee.IntegerField(default={1}), "a set can't be written as a constant"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_default_that_is_no_constant_is_refused(case: str) -> None:
    field, why = REFUSED[case]
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([table("Thing", one=field)])
    assert str(caught.value).startswith(f"Thing.one: {why}")


def test_values_in_a_node_are_constants() -> None:
    thing: Any = table("Thing", one=peewee.TextField(), two=peewee.IntegerField())
    assert write_node("x", (thing.one == "it's %s") & (thing.two << [1, 2])) == (
        "((\"one\" = 'it''s %s') AND (\"two\" IN (1, 2)))"
    )
    assert write_node("x", "two %% 2 = 1") == "two % 2 = 1"
    with pytest.raises(db.InvalidInputError):
        write_node("x", "one LIKE '%s'")


def test_a_value_that_the_driver_does_not_know_is_refused() -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        write_value("Thing.one", object())
    assert str(caught.value) == "Thing.one: a object can't be written as a constant"
