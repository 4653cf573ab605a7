"""Every function that takes a shape returns it, or refuses it before anything is sent."""

import inspect
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

import triosigno_db as db
from tests.promises.test_owners import CALLS
from tests.promises.test_statements_sent import Ids, make_rows
from triosigno_db.testing import IsolatedDatabase, counting_statements

SHAPED = sorted(
    name for name in CALLS if "shape" in inspect.signature(getattr(db, name)).parameters
)

FIND_NOTHING = {
    "find_user_by_email",
    "list_signs_to_review",
    "list_user_achievements",
    "list_users",
}
"""The functions whose call in `CALLS` finds no row."""


@pytest.fixture
def ids(triosigno_db: IsolatedDatabase) -> Ids:
    return make_rows()


def default_shape_of(name: str) -> type[db.Record]:
    shape: type[db.Record] = inspect.signature(getattr(db, name)).parameters["shape"].default
    return shape


def records_in(result: Any) -> Iterable[Any]:
    return result if isinstance(result, db.Page | list | tuple) else [result]


@pytest.mark.parametrize("name", SHAPED)
def test_a_record_has_the_shape(ids: Ids, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    field, known = next(iter(default_shape_of(name).model_fields.items()))
    shape = type("Narrow", (db.Record,), {"__annotations__": {field: known.annotation}})
    monkeypatch.setattr(db, name, partial(getattr(db, name), shape=shape))
    records = [each for each in records_in(CALLS[name](ids)) if each is not None]
    assert {type(record) for record in records} == (set() if name in FIND_NOTHING else {shape})


@pytest.mark.parametrize("name", SHAPED)
def test_a_shape_with_another_type_is_refused_before_anything_is_sent(
    ids: Ids, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field = next(iter(default_shape_of(name).model_fields))
    shape = type("Wrong", (db.Record,), {"__annotations__": {field: dict[str, int]}})
    monkeypatch.setattr(db, name, partial(getattr(db, name), shape=shape))
    with counting_statements() as sent, pytest.raises(db.InvalidInputError):
        CALLS[name](ids)
    assert sent.names == []
