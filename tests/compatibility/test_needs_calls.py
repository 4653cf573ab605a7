"""The calls from which the needs are derived: together they give every argument a value."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

import triosigno_db as db
from tests.compatibility.every_call import every_call, make_all_rows, run_and_undo
from tests.promises.test_statements_sent import FUNCTIONS
from triosigno_db.testing import IsolatedDatabase

SEND_NO_OTHER_STATEMENT = {"cursor", "limit", "shape", "timezone"}
"""Arguments whose value changes no column of a statement."""


def recording(function: Callable[..., Any], given: set[str]) -> Callable[..., Any]:
    """Note the arguments, and the fields of changes, that a function is called with."""
    signature = inspect.signature(function)

    @wraps(function)
    def record(*args: Any, **kwargs: Any) -> Any:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            given.add(name)
            if isinstance(value, db.Input):
                given.update(f"{name}.{field}" for field in value.model_fields_set)
        return function(*args, **kwargs)

    return record


def wanted(function: Callable[..., Any]) -> set[str]:
    """List the arguments of a function, and the fields of its changes."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    names = {each.name for each in parameters} - SEND_NO_OTHER_STATEMENT
    for each in parameters:
        if each.name == "changes":
            names |= {f"changes.{field}" for field in each.annotation.model_fields}
    return names


def test_every_argument_is_given(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make_all_rows()
    missing = {}
    for name, calls in every_call().items():
        function, given = getattr(db, name), set[str]()
        with monkeypatch.context() as patched:
            patched.setattr(db, name, recording(function, given))
            for call in calls:
                run_and_undo(call, ids)
        if left_out := wanted(function) - given:
            missing[name] = sorted(left_out)
    assert missing == {}


def test_every_function_is_called() -> None:
    assert every_call().keys() == FUNCTIONS
