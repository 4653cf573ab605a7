"""What a statement declares: one that only reads runs in a READ ONLY transaction, no other does."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from tests.promises.test_statements_sent import ONE, SEVERAL, Call, make_rows
from triosigno_db import repositories
from triosigno_db.database.router import Router
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.models import LearningSession
from triosigno_db.testing import IsolatedDatabase

MORE: dict[str, Call] = {
    "complete_session": lambda ids: twice(
        lambda: db.complete_session(ids["session"], score=1, xp_earned=1, idempotency_key="k")
    ),
    "record_attempt": lambda ids: twice(
        lambda: db.record_attempt(ids["user"], ids["sign"], is_correct=True, idempotency_key="k")
    ),
    "get_learner_summary": lambda ids: summary_of_long_ago(ids["user"]),
    "update_user": lambda ids: db.update_user(
        ids["user"], db.UserChanges(email="new@example.org", username="new")
    ),
    "reorder_modules": lambda ids: refused(lambda: db.reorder_modules([ids["module"]])),
}
"""Calls that send further statements."""

CALLS: list[Call] = [*ONE.values(), *(call for _, call in SEVERAL.values()), *MORE.values()]


class UndoError(Exception):
    """Undoes a transaction."""


def twice(call: Callable[[], Any]) -> None:
    assert call() == call()


def refused(call: Callable[[], Any]) -> None:
    with pytest.raises(db.InvalidInputError):
        call()


def summary_of_long_ago(user_id: str) -> None:
    LearningSession.update(
        start_time=datetime(2001, 1, 1, tzinfo=UTC),
        end_time=datetime(2001, 1, 2, tzinfo=UTC),
        completed=True,
    ).execute()
    assert db.get_learner_summary(user_id).longest_streak == 1


class Trial:
    """Tries each statement in a READ ONLY transaction before the library sends it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.names: set[str] = set()
        self.wrong: list[str] = []

    def try_out(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> None:
        self.names.add(compiled.name)
        with closing(psycopg2.connect(self._url)) as connection:
            connection.set_session(readonly=True)
            writes = False
            try:
                connection.cursor().execute(compiled.sql, parameters)
            except psycopg2.errors.ReadOnlySqlTransaction:
                writes = True
        if writes == compiled.reads_only:
            self.wrong.append(f"{compiled.name} {'writes' if writes else 'only reads'}")


def statement_functions() -> Iterator[str]:
    """List the functions of the repositories that build a statement."""
    for found in pkgutil.walk_packages(repositories.__path__, f"{repositories.__name__}."):
        module = importlib.import_module(found.name)
        for name, function in vars(module).items():
            # `statement` wraps a builder, and caches what it returns.
            builder = getattr(getattr(function, "__wrapped__", None), "__wrapped__", None)
            if builder is not None and builder.__module__ == module.__name__:
                yield name


def test_each_statement_is_declared_as_what_it_is(
    triosigno_db: IsolatedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial, fetch = Trial(triosigno_db.url), Router.fetch

    def try_and_fetch(
        self: Router, compiled: CompiledStatement, parameters: Mapping[str, Any]
    ) -> list[Any]:
        trial.try_out(compiled, parameters)
        return fetch(self, compiled, parameters)

    ids = make_rows()
    monkeypatch.setattr(Router, "fetch", try_and_fetch)
    for call in CALLS:
        with suppress(UndoError), db.transaction():
            call(ids)
            raise UndoError
    assert trial.wrong == []
    functions = {*statement_functions()}
    untried = {
        function for function in functions if not any(n.startswith(function) for n in trial.names)
    }
    assert len(functions) > 50
    assert untried == set()
