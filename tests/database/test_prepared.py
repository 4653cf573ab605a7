"""Prepared statements: the ones used last stay, and no interruption makes a name unusable."""

import itertools
from typing import Any

import pytest
from pydantic import create_model

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.prepared import PreparedStatements
from triosigno_db.testing.factories import make_user

FIELDS = [name for name in db.UserRecord.model_fields if name != "id"]


class Server:
    """Notes what is sent, in the place of a cursor."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.interrupts = False

    def execute(self, text: str) -> None:
        self.sent.append(text)
        if self.interrupts:
            self.interrupts = False
            raise KeyboardInterrupt


class Text:
    """A statement that can be prepared."""

    @staticmethod
    def prepare_as(name: str) -> str:
        return f"PREPARE {name}"

    @staticmethod
    def execute_as(name: str) -> str:
        return f"EXECUTE {name}"


def test_a_statement_is_prepared_once_under_a_name_of_its_own() -> None:
    server, prepared = Server(), PreparedStatements()
    texts = {prepared.prepare(server, key, Text(), 9) for key in ("1_a", "2_b", "1_a", "2_b")}
    assert texts == {"EXECUTE triosigno_1_1_a", "EXECUTE triosigno_2_2_b"}
    assert server.sent == ["PREPARE triosigno_1_1_a", "PREPARE triosigno_2_2_b"]


def test_the_one_used_longest_ago_makes_room() -> None:
    server, prepared = Server(), PreparedStatements()
    for key in ("1_a", "2_b", "1_a", "3_c"):
        prepared.prepare(server, key, Text(), 2)
    assert server.sent[-1] == 'DEALLOCATE "triosigno_2_2_b"'
    assert [key in prepared for key in ("1_a", "2_b", "3_c")] == [True, False, True]


def test_an_interrupted_statement_is_prepared_again_under_another_name() -> None:
    server, prepared = Server(), PreparedStatements()
    server.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        prepared.prepare(server, "1_a", Text(), 9)
    assert prepared.prepare(server, "1_a", Text(), 9) == "EXECUTE triosigno_2_1_a"


def shapes(count: int) -> list[type[db.Record]]:
    found = itertools.chain.from_iterable(
        itertools.combinations(FIELDS, size) for size in range(1, len(FIELDS))
    )
    kinds: dict[str, Any] = {
        name: (field.annotation, ...) for name, field in db.UserRecord.model_fields.items()
    }
    return [
        create_model("Part", __base__=db.Record, **{name: kinds[name] for name in names})
        for names in itertools.islice(found, count)
    ]


def test_requests_of_many_shapes_leave_as_many_statements_as_the_setting_says(
    triosigno_url: str,
) -> None:
    db.connect(f"{triosigno_url}?statement_cache_size=20", password_cost=4)
    user = make_user()
    with db.connection():
        for shape in shapes(100):
            assert db.get_user(user.id, shape=shape).model_fields_set
        [(count,)] = run_sql("SELECT count(*) FROM pg_prepared_statements")
        assert count == len(current_database().session.conn.prepared) == 20


def test_without_a_cache_nothing_is_prepared(triosigno_url: str) -> None:
    db.connect(triosigno_url, statement_cache_size=0, password_cost=4)
    with db.connection():
        make_user()
        assert run_sql("SELECT count(*) FROM pg_prepared_statements") == [(0,)]


@pytest.mark.parametrize("size", [-1, 10_001, "many"])
def test_a_wrong_size_is_refused(triosigno_url: str, size: Any) -> None:
    with pytest.raises(db.InvalidInputError, match="statement_cache_size"):
        db.connect(triosigno_url, statement_cache_size=size)


def test_a_transaction_survives_the_deallocation(triosigno_url: str) -> None:
    db.connect(triosigno_url, statement_cache_size=1, password_cost=4)
    with db.transaction():
        user = make_user()
        assert db.get_user(user.id).id == db.get_user_with_preferences(user.id).id == user.id
    assert db.get_user(user.id).id == user.id
