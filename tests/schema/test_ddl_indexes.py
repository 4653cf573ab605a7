"""The indexes of models as SQL; tests/schema/test_ddl_tables.py compares them with Peewee's."""

from typing import Any

import peewee
import pytest

import triosigno_db as db
from tests.schema.peewee_tables import LIBRARY, make_by_library, table
from triosigno_db.models import BaseModel
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.schema.ddl import to_sql


def thing() -> Any:
    return table("Thing", one=peewee.TextField(), two=peewee.IntegerField())


def index_names(model: type[BaseModel]) -> list[str]:
    return list(model._meta.indexes_by_name())


def test_an_operator_gets_the_parentheses_that_postgresql_wants(connected: str) -> None:
    model = thing()
    model.add_index(model.two + 1, name="next")
    make_by_library(model)
    (found,) = [
        text
        for name, text in read_catalog(LIBRARY).tables["Thing"].indexes.items()
        if name == "next"
    ]
    assert found.endswith("USING btree (((two + 1)))")


def test_an_index_without_a_name_gets_that_of_prisma() -> None:
    model = thing()
    model.add_index(model.two.desc(), model.one)
    model.add_index(model.one, unique=True, where=model.two > 3)
    model.add_index(peewee.fn.lower(model.one), model.two)
    assert index_names(model) == ["Thing_two_one_idx", "Thing_one_key", "Thing_two_idx"]


def test_a_given_name_is_kept() -> None:
    model = thing()
    model.add_index(model.one, name="by_one")
    model.add_index(peewee.Index("by two", "Thing", [model.two]))
    assert index_names(model) == ["by_one", "by two"]


def test_a_statement_is_refused() -> None:
    model = thing()
    model.add_index(peewee.SQL("CREATE INDEX a ON b (c)"))
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([model])
    assert str(caught.value) == (
        "Thing indexes: an index can't be a statement: "
        "use Model.index(..., name=, using=, where=, unique=)"
    )


def test_two_of_one_name_are_refused() -> None:
    model = thing()
    model.add_index(model.one)
    model.add_index(model.one, where=model.two > 3)
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([model])
    assert str(caught.value) == (
        "Thing indexes: two of them have the same columns, and one name: give name= to one of them"
    )


def test_a_part_that_is_no_column_is_refused() -> None:
    model = thing()
    model.add_index(peewee.Index("odd", "Thing", [7]))
    with pytest.raises(db.InvalidInputError) as caught:
        to_sql([model])
    assert str(caught.value) == "Thing index odd: a column or an expression was expected, not 7"
