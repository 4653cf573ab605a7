"""Round trips: how often each function goes to the server once it is warm.

The server logs every message that it is sent, under the name of the application.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from triosigno_db.testing import ThrowawayPostgres
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

LOGGED = "[triosigno_db] LOG:  statement: "

Sent = Callable[[Callable[[], Any]], list[str]]


@pytest.fixture(scope="module")
def logging_server() -> Iterator[ThrowawayPostgres]:
    settings = {"log_statement": "all", "log_line_prefix": "[%a] "}
    with ThrowawayPostgres(settings=settings) as server:
        db.connect(server.url)
        db.create_schema()
        db.disconnect()
        yield server


@pytest.fixture
def sent(logging_server: ThrowawayPostgres) -> Sent:
    """Make a call and give what it sent, each message by its first line."""
    # One connection: what is warm once is warm for every call.
    db.connect(logging_server.url, password_cost=4, connection_limit=1)
    (log,) = Path(logging_server.base_dir).glob("*.log")

    def during(call: Callable[[], Any]) -> list[str]:
        # A statement is logged before it runs.
        already = log.stat().st_size
        call()
        with log.open(encoding="utf-8") as lines:
            lines.seek(already)
            return [line.removeprefix(LOGGED) for line in lines if line.startswith(LOGGED)]

    return during


def calls() -> dict[str, Callable[[], Any]]:
    """One call of each function that is a single statement."""
    user, sign, category, module = make_user(), make_sign(), make_category(), make_module(lessons=0)
    db.set_lesson_signs(make_lesson(signs=0, module_id=module.id).id, [sign.id])
    return {
        "create_user": make_user,
        "get_user_with_preferences": lambda: db.get_user_with_preferences(user.id),
        "create_category": make_category,
        "create_sign": lambda: make_sign(category_id=category.id),
        "create_module": lambda: db.create_module(db.NewModule(title="m", description="", order=1)),
        "create_lesson": lambda: db.create_lesson(
            db.NewLesson(title="l", description="", module_id=module.id, order=1)
        ),
        "get_module_tree": lambda: db.get_module_tree(module.id),
        "record_attempt": lambda: db.record_attempt(user.id, sign.id, is_correct=True),
    }


ONE_STATEMENT = (
    "create_category",
    "create_lesson",
    "create_module",
    "create_sign",
    "create_user",
    "get_module_tree",
    "get_user_with_preferences",
    "record_attempt",
)


@pytest.mark.parametrize("function", ONE_STATEMENT)
def test_a_warm_call_is_one_round_trip(sent: Sent, function: str) -> None:
    call = calls()[function]
    call()
    assert len(sent(call)) == 1


@pytest.mark.parametrize("function", ONE_STATEMENT)
def test_the_first_call_on_a_connection_prepares_its_statement_as_well(
    logging_server: ThrowawayPostgres, sent: Sent, function: str
) -> None:
    call = calls()[function]
    db.connect(logging_server.url, password_cost=4)
    assert [text.split()[0] for text in sent(call)] == ["PREPARE", "EXECUTE"]


@pytest.mark.parametrize("function", ONE_STATEMENT)
def test_behind_a_pooler_every_call_is_one_round_trip(
    logging_server: ThrowawayPostgres, sent: Sent, function: str
) -> None:
    call = calls()[function]
    db.connect(f"{logging_server.url}?pgbouncer=true", password_cost=4)
    (message,) = sent(call)
    assert not message.startswith(("PREPARE", "EXECUTE"))


def test_a_list_of_signs_is_one_transaction_of_three_statements(sent: Sent) -> None:
    lesson, signs = make_lesson(signs=0), [make_sign().id for _ in range(3)]
    db.set_lesson_signs(lesson.id, signs)
    messages = [text.split()[0] for text in sent(lambda: db.set_lesson_signs(lesson.id, signs))]
    assert messages == ["BEGIN", "EXECUTE", "EXECUTE", "EXECUTE", "COMMIT"]


@pytest.mark.parametrize("block", [db.connection, db.transaction])
def test_calls_in_a_block_add_only_what_the_block_needs(sent: Sent, block) -> None:
    call = calls()["record_attempt"]
    call()

    def three_calls() -> None:
        with block():
            for _ in range(3):
                call()

    assert len(sent(three_calls)) == (3 if block is db.connection else 5)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda: db.get_user_with_preferences(uuid4()), db.NotFoundError),
        (lambda: db.get_module_tree(uuid4()), db.NotFoundError),
        (lambda: db.record_attempt(uuid4(), uuid4(), is_correct=True), db.NotFoundError),
    ],
)
def test_what_is_not_found_costs_one_round_trip(sent: Sent, wrong, error) -> None:
    def fail() -> None:
        with pytest.raises(error):
            wrong()

    fail()
    assert len(sent(fail)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: db.get_user_with_preferences(""),
        lambda: db.get_module_tree(""),
        lambda: db.record_attempt(uuid4(), uuid4(), is_correct=True, mastery_level=101),
        lambda: db.set_lesson_signs(uuid4(), [""]),
        lambda: make_user(username=""),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(sent: Sent, wrong) -> None:
    def fail() -> None:
        with pytest.raises(db.InvalidInputError):
            wrong()

    assert sent(fail) == []
