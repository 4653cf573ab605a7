"""Counting statements: those of all threads, by name, and none of transactions' own."""

import threading

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory
from triosigno_db.testing import StatementCounter, counting_statements

pytestmark = pytest.mark.usefixtures("triosigno_db")


def test_functions_are_counted_by_their_statements_names() -> None:
    with counting_statements() as sent:
        db.count_users()
        run_sql("SELECT 1")
    assert len(sent) == 2
    assert sent.names[1] == "SELECT 1"
    assert " " not in sent.names[0]


def test_models_are_counted_by_their_text() -> None:
    with counting_statements() as sent:
        SignCategory.select().where(SignCategory.name == "secret").count()
    (text,) = sent.names
    assert text.startswith("SELECT")
    assert "secret" not in text


def test_what_opens_and_ends_a_transaction_is_not_counted() -> None:
    with counting_statements() as sent, db.transaction(), db.transaction():
        db.count_users()
    assert len(sent) == 1


def test_statements_of_other_threads_are_counted() -> None:
    with counting_statements() as sent:
        threads = [threading.Thread(target=db.count_users) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(sent) == 4


def test_a_block_counts_its_own_statements_alone() -> None:
    db.count_users()
    with counting_statements() as sent:
        assert len(sent) == 0
    db.count_users()
    assert len(sent) == 0


def test_what_was_counted_can_be_forgotten(statement_counter: StatementCounter) -> None:
    db.count_users()
    statement_counter.reset()
    assert (len(statement_counter), statement_counter.names) == (0, [])
    db.count_users()
    assert len(statement_counter) == 1
