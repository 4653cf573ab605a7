"""Every function that takes a shape returns it, or refuses it before anything is sent."""

import inspect
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

import triosigno_db as db
from tests.promises.test_owners import CALLS, UndoError
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


def shaped(name: str, kind: Any, monkeypatch: pytest.MonkeyPatch) -> type[db.Record]:
    """Make a shape with one field, and call the function with it from now on."""
    field, known = next(iter(default_shape_of(name).model_fields.items()))
    annotations = {field: known.annotation if kind is None else kind}
    shape = type("Shape", (db.Record,), {"__annotations__": annotations})
    monkeypatch.setattr(db, name, partial(getattr(db, name), shape=shape))
    return shape


def test_records_have_the_shape(ids: Ids, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for name in SHAPED:
        with monkeypatch.context() as patch, suppress(UndoError), db.transaction():
            shape = shaped(name, None, patch)
            records = [each for each in records_in(CALLS[name](ids)) if each is not None]
            found[name] = {type(record) for record in records} - {shape}
            assert bool(records) == (name not in FIND_NOTHING), name
            raise UndoError
    assert found == {key: set() for key in SHAPED}


def test_a_shape_with_another_type_is_refused_before_anything_is_sent(
    ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SHAPED:
        with monkeypatch.context() as patch, counting_statements() as sent:
            shaped(name, dict[str, int], patch)
            with pytest.raises(db.InvalidInputError, match="shape"):
                CALLS[name](ids)
        assert sent.names == [], name
