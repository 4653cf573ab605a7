"""The functions as coroutines: the same names and arguments."""

import inspect
from types import FunctionType

import pytest

import triosigno_db
from triosigno_db import aio as db

OWN_DOCS = {
    "connect",
    "connection",
    "disconnect",
    "iterate",
    "ping",
    "reading_from_replica",
    "run_in_transaction",
    "transaction",
}

TAKE_COROUTINES = {"iterate", "run_in_transaction"}

AT_ONCE = {"on_statement", "pool_stats", "pool_status"}

FUNCTIONS = [
    name
    for name in db.__all__
    if isinstance(getattr(db, name), FunctionType) and name not in {*AT_ONCE, "connect"}
]


def test_the_names_are_those_of_the_package() -> None:
    assert db.__all__ == triosigno_db.__all__
    for name in triosigno_db.__all__:
        here, there = getattr(db, name), getattr(triosigno_db, name)
        is_coroutine = isinstance(there, FunctionType) and name not in AT_ONCE
        assert (here is there) != is_coroutine, name


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, "connect"}))
def test_each_function_has_the_same_signature(name: str) -> None:
    here, there = getattr(db, name), getattr(triosigno_db, name)
    parameters = [list(inspect.signature(each).parameters.values()) for each in (here, there)]
    assert parameters[0] == parameters[1] or name in TAKE_COROUTINES
    assert inspect.getdoc(here)
    if name not in OWN_DOCS:
        assert inspect.iscoroutinefunction(here)
        assert inspect.getdoc(here) == inspect.getdoc(there)
