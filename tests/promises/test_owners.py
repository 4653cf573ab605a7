"""Another owner's rows: no function reads or changes them, unless it is meant to."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.test_statements_sent import ONE, SEVERAL, Call, Ids, make_rows
from triosigno_db.models import MODELS, User
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

CALLS: dict[str, Call] = {
    **ONE,
    **{name: call for name, (_, call) in SEVERAL.items()},
    "delete_achievement": lambda ids: db.delete_achievement(ids["achievement"], cascade=True),
}

RETURN_NEW_NAMES = {"create_category", "create_sign", "create_user"}
"""The functions that are called with another name each time."""

READS_OTHERS = {
    "count_users": "it counts accounts",
    "delete_idempotency_keys": "a key has no owner",
    "get_leaderboard": "it compares learners",
    "list_users": "it lists accounts",
}
"""The functions whose results tell of other accounts, and why."""

CHANGES_OTHERS = {
    "delete_achievement": "the awards of a deleted achievement go with it",
    "delete_idempotency_keys": "a key has no owner",
    "delete_sign": "with cascade=True the progress with a deleted sign goes with it",
}
"""The functions that change rows of other accounts, and why."""

KEYS = 'triosigno_db."IdempotencyKey"'
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASH = re.compile(r"\$2b\$04\$.{53}")


class UndoError(Exception):
    """Undoes a transaction."""


@pytest.fixture
def ids(triosigno_db: IsolatedDatabase) -> Ids:
    return make_rows()


def populate(ids: Ids) -> db.UserWithPreferences:
    """Give another account rows of every kind, about the same content as the first one's."""
    other = make_user(
        email="other@elsewhere.example",
        username="somebody else",
        password="mot de passe",
        first_name="Other",
        last_name="Owner",
        profile_picture="https://elsewhere.example/p.png",
    )
    db.update_preferences(other.id, db.PreferenceChanges(language="de", learning_goal=77))
    for sign in (ids["sign"], ids["other_sign"]):
        for number in range(3):
            key = f"{sign}{number}"
            db.record_attempt(other.id, sign, is_correct=True, idempotency_key=key)
    for is_completed in (True, False):
        session = db.start_session(other.id, ids["lesson"])
        if is_completed:
            db.complete_session(session.id, score=9, xp_earned=900, idempotency_key="other")
    db.award_achievement(other.id, ids["achievement"])
    return other


def rows_of(url: str, user_id: str) -> dict[str, list[Any]]:
    """Read all rows that belong to an account, and the idempotency keys of all."""
    found = {"User": run_plain(url, 'SELECT * FROM "User" WHERE id = %s', [user_id])}
    for field in User._meta.backrefs:
        table = field.model._meta.table_name
        query = f'SELECT * FROM "{table}" WHERE "{field.column_name}" = %s ORDER BY id'
        found[table] = run_plain(url, query, [user_id])
    found["IdempotencyKey"] = run_plain(url, f"SELECT * FROM {KEYS} ORDER BY digest")
    return found


def masked(result: Any, known: Iterable[str]) -> Any:
    """Replace what differs between two equal calls: new ids, times and new rows' numbers."""
    known = {*known}
    if isinstance(result, BaseModel):
        return masked(result.model_dump(), known)
    if isinstance(result, dict):
        return {name: masked(value, known) for name, value in result.items()}
    if isinstance(result, list | tuple):
        return [masked(each, known) for each in result]
    if isinstance(result, datetime):
        return "time"
    if isinstance(result, str) and result not in known:
        return re.sub(r"\d+", "n", _UUID.sub("id", _HASH.sub("hash", result)))
    return result


@pytest.mark.parametrize("name", CALLS)
def test_another_owner_s_rows_are_neither_read_nor_changed(
    triosigno_db: IsolatedDatabase, ids: Ids, name: str
) -> None:
    alone: Any = None
    with suppress(UndoError), db.transaction():
        alone = CALLS[name](ids)
        raise UndoError
    other = populate(ids)
    before = rows_of(triosigno_db.url, other.id)
    assert all(before.values()), "the other owner has rows in each table"
    beside = CALLS[name](ids)
    if name not in {*READS_OTHERS, *RETURN_NEW_NAMES}:
        assert masked(beside, ids.values()) == masked(alone, ids.values())
    after = rows_of(triosigno_db.url, other.id)
    changed = {table for table, rows in before.items() if not kept(rows, after[table])}
    assert bool(changed) == (name in CHANGES_OTHERS), changed


def kept(before: list[Any], after: list[Any]) -> bool:
    return all(row in after for row in before)


@pytest.mark.parametrize("read", [db.count_users, db.get_leaderboard, db.list_users])
def test_what_reads_others_reads_them(ids: Ids, read: Callable[[], Any]) -> None:
    alone = read()
    populate(ids)
    assert read() != alone


def test_the_other_owner_has_rows_of_every_table_that_has_owners(
    triosigno_db: IsolatedDatabase, ids: Ids
) -> None:
    owned = {field.model._meta.table_name for field in User._meta.backrefs}
    found = rows_of(triosigno_db.url, populate(ids).id)
    assert set(found) == {"User", "IdempotencyKey", *owned}
    assert owned < {model._meta.table_name for model in MODELS}
