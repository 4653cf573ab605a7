"""The constraints of models as SQL; tests/schema/test_ddl_tables.py compares them with Peewee's."""

import peewee
import pytest

import triosigno_db as db
from tests.schema.peewee_tables import LIBRARY, assert_made_alike, make_by_library, table
from tests.schema.what_models_say import Parent
from triosigno_db.models.fields import ForeignKey, IdField
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.schema.ddl import to_sql


def test_a_table_may_have_no_key(connected: str) -> None:
    made = assert_made_alike(table("Thing", {"primary_key": False}, one=peewee.TextField()))
    assert made.tables["Thing"].constraints == {}


def test_a_table_may_have_no_column(connected: str) -> None:
    assert assert_made_alike(table("Thing", {"primary_key": False})).tables["Thing"].columns == ()


def test_names_are_those_of_prisma_or_of_the_model(connected: str) -> None:
    thing = table(
        "Thing",
        {
            "checks": (("Thing_one_check", "true"),),
            "constraints": [peewee.Check("true", "own"), peewee.Check("false OR true")],
        },
        id=IdField(),
        one=peewee.ForeignKeyField(Parent, backref="+"),
        two=ForeignKey(Parent, on_delete="CASCADE", constraint_name="second", backref="+"),
    )
    make_by_library(Parent, thing)
    assert sorted(read_catalog(LIBRARY).tables["Thing"].constraints) == [
        "Thing_check",
        "Thing_oneId_fkey",
        "Thing_one_check",
        "Thing_pkey",
        "own",
        "second",
    ]


def test_a_key_that_a_model_inherits_is_named_after_its_own_table() -> None:
    abstract = table("Abstract", one=peewee.ForeignKeyField(Parent, backref="+"))
    thing = type("Thing", (abstract,), {})
    assert list(thing._meta.foreign_keys_by_name()) == ["Thing_oneId_fkey"]  # type: ignore[attr-defined]
    assert list(thing._meta.indexes_by_name()) == ["Thing_oneId_idx"]  # type: ignore[attr-defined]


def test_a_constraint_as_text_is_refused() -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([table("Thing", {"constraints": ["CHECK (true)"]})])
    assert str(caught.value) == "Thing Meta.constraints: each must be Check(...) or SQL(...)"
