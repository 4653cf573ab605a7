"""What the check says of a changed schema is true: the functions that it names break, no others."""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

import triosigno_db as db
from tests.compatibility.changing import Change, changes
from tests.compatibility.deriving import recorded_statements
from tests.compatibility.every_call import (
    UndoError,
    every_call,
    make_all_rows,
    run_and_undo,
)
from tests.promises.test_statements_sent import Call, Ids
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.from_catalog import from_catalog
from triosigno_db.compatibility.judgement import judge
from triosigno_db.compatibility.needs import library_needs
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.models import MODELS
from triosigno_db.schema.catalog import read_catalog
from triosigno_db.testing import IsolatedDatabase

CHANGES = changes()
SEED = 16
WORD = re.compile(r"\b[A-Za-z_]+\b")
SYSTEM_COLUMNS = {"xmax"}
READING = {need.function for need in library_needs().functions if not need.writes_rows}


@pytest.fixture
def ids(triosigno_db: IsolatedDatabase) -> Iterator[Ids]:
    ids = make_all_rows()
    db.disconnect()
    # A prepared statement would be planned for tables that are rolled back.
    db.connect(triosigno_db.url, password_cost=4, statement_cache_size=0)
    yield ids
    db.disconnect()


class Run:
    """What all functions did: which of them failed, and what the others read."""

    def __init__(self, ids: Ids) -> None:
        self.failed: set[str] = set()
        self.read: dict[str, list[str]] = {}
        for function, calls in every_call().items():
            for call in calls:
                self._run(function, call, ids)

    def _run(self, function: str, call: Call, ids: Ids) -> None:
        try:
            result = run_and_undo(call, ids)
        except (TrioSignoDBError, AssertionError, TypeError):
            # A hash of another type is no text.
            self.failed.add(function)
        else:
            if function in READING:
                self.read.setdefault(function, []).append(repr(result))


def mistakes(change: Change, ids: Ids, before: Run) -> list[str]:
    """Make a change and undo it; tell what the check says wrongly of it."""
    told: list[str] = []
    with suppress(UndoError), db.transaction():
        try:
            run_sql(change.sql)
        except TrioSignoDBError:
            raise UndoError from None  # not with these rows
        found = from_catalog(read_catalog('"public"'))
        judged = judge(expected_structure(), found, library_needs())
        named = {function for each in judged for function in each.functions}
        after = Run(ids)
        wrong = {name for name, read in after.read.items() if read != before.read[name]}
        told += [f"{name} fails" for name in after.failed - named]
        if change.truth == "fails":
            told += [f"{name} returns something else" for name in wrong - named]
            told += [f"{name} works" for name in named - after.failed]
        raise UndoError
    return sorted(told)


def check(changes: Sequence[Change], ids: Ids) -> None:
    before = Run(ids)
    assert before.failed == set()
    told = {f"{change.kind} {change.what}": mistakes(change, ids, before) for change in changes}
    assert {name: wrong for name, wrong in told.items() if wrong} == {}


def test_a_change_of_each_kind_is_judged_right(ids: Ids) -> None:
    kinds: dict[str, Change] = {}
    for change in random.Random(SEED).sample(CHANGES, len(CHANGES)):
        kinds.setdefault(change.kind, change)
    assert len(kinds) > 25
    check([*kinds.values()], ids)


def test_a_new_column_may_have_any_name(ids: Ids, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded_statements(monkeypatch) as recorded:
        Run(ids)
    names = {name for each in recorded for name in WORD.findall(each.definition)} - SYSTEM_COLUMNS
    assert {"sign_id", "total", "isNew"} <= names
    added = []
    for model in MODELS:
        new = ", ".join(
            f'ADD COLUMN "{name}" text' for name in sorted(names - model._meta.columns.keys())
        )
        table = model._meta.table_name
        added.append(Change("add columns to", table, f'ALTER TABLE "{table}" {new}'))
    check(added, ids)


@pytest.mark.slow
def test_every_change_is_judged_right(ids: Ids) -> None:
    assert len(CHANGES) > 700
    check(CHANGES, ids)
