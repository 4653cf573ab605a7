"""The rows that fuzzed calls work on: made once, watched, and put back where a call has written."""

import base64
import inspect
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import psycopg2
import pytest
from psycopg2 import sql

import triosigno_db as db
from tests.fuzz.hostile import MARK, SECRET
from tests.plain_sql import TABLES
from triosigno_db.repositories import pages
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

_IMAGE = "https://media.example.org/image.webp"
_SAVED = "saved"

_KEYS: tuple[Any, ...] = (
    *(None, 7, "text", [], {}, [1], [1, 2, 3], ["a", "b"], [None, None], [[1], {"at": 1}]),
    *([{"at": "no date"}, MARK], [{"at": None}, MARK], [{}, MARK], [{"at": "2026-01-31"}, 7]),
    *([{"at": "2026-01-31T08:00:00+01:00"}, MARK], [{"at": "9999-12-31T23:59:59"}, MARK]),
    *([MARK, "a\0b"], [MARK, "\ud800"], [2**70, MARK], [1e400, MARK], [True, False]),
)
"""What is no pair of keys, or one of a wrong kind."""


class Cursor(NamedTuple):
    """A real cursor, the function that gave it, and what binds it to its list."""

    function: str
    text: str
    query: str


class Cursors:
    """Cursors: real ones, altered ones, and some that anybody can make where there is no secret."""

    def __init__(self, real: Sequence[Cursor]) -> None:
        self._real = real

    def draw(self, choice: Random, function: str) -> Any:
        """Draw a cursor that is real, of another list, altered, cut, forged, or none at all."""
        own = [each for each in self._real if each.function == function]
        is_own = own and choice.random() < 0.8
        _, real, query = choice.choice(own if is_own else self._real)
        place = choice.randrange(len(real))
        return choice.choice(
            (
                *(real, None, real[:place], real + choice.choice("=A-\0\ud800é"), real * 2),
                *(real[:place] + choice.choice("A_-z0 \0é") + real[place + 1 :], real.lower()),
                *(_flip(real, choice), self._forge(choice, query), MARK, "eyJ", "=", "A" * 100_000),
            )
        )

    def _forge(self, choice: Random, query: str) -> str:
        keys = json.dumps(choice.choice(_KEYS)).encode()
        if choice.random() < 0.2:
            keys = choice.choice((b"", b"{", b"\xff", b"NaN", b"[" * 100_000, b'["\xc3"'))
        return base64.urlsafe_b64encode(pages._digest(keys, query) + keys).decode().rstrip("=")


def _flip(cursor: str, choice: Random) -> str:
    packed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    packed[choice.randrange(len(packed))] ^= 1 << choice.randrange(8)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


class Known(NamedTuple):
    """What is in the database, for arguments that name some of it."""

    url: str
    ids: dict[str, list[str]]
    emails: list[str]
    names: list[str]
    cursors: Cursors

    def of(self, parameter: str) -> list[str]:
        """List the ids that a parameter may take, those of everything for an unknown one."""
        return self.ids.get(parameter) or [each for ids in self.ids.values() for each in ids]


def make_rows(url: str, monkeypatch: pytest.MonkeyPatch) -> Known:
    """Make at least four rows of each kind that there are lists of."""
    users = [make_user(password=SECRET, first_name=MARK) for _ in range(4)]
    db.deactivate_user(users[3].id)
    category = make_category()
    categories = [category, *(make_category() for _ in range(3))]
    signs = [make_sign(category_id=category.id, name=f"{MARK} {n}") for n in range(4)]
    modules = [make_module(lessons=0) for _ in range(4)]
    lessons = [make_lesson(signs=0, module_id=modules[0].id) for _ in range(5)]
    achievements = [_make_achievement(number) for number in range(4)]
    for lesson in lessons[:2]:
        db.set_lesson_signs(lesson.id, [sign.id for sign in signs])
    for sign in signs:
        db.record_attempt(users[0].id, sign.id, is_correct=False)
    for achievement in achievements[:3]:
        db.award_achievement(users[0].id, achievement.id)
    sessions = [db.start_session(users[0].id, lesson.id) for lesson in lessons[:4]]
    db.complete_session(sessions[3].id, score=1, xp_earned=1)
    rows = {
        "user_id": users,
        "category_id": categories,
        "sign_id": signs,
        "module_id": modules,
        "lesson_id": lessons,
        "session_id": sessions,
        "achievement_id": achievements,
    }
    ids = {name: [row.id for row in made] for name, made in rows.items()}
    names = [achievement.name for achievement in achievements]
    return Known(
        url,
        ids | {"name_or_id": ids["achievement_id"] + names},
        [user.email for user in users],
        [*names, *(user.username for user in users), *(sign.name for sign in signs)],
        Cursors(_real_cursors(users[0].id, monkeypatch)),
    )


def _make_achievement(number: int) -> db.AchievementRecord:
    # The highest reward there is: a second one is beyond what an account can hold.
    reward = 2**31 - 1 if number == 3 else number
    new = db.NewAchievement(
        name=f"{MARK} {number}", description="", image_url=_IMAGE, xp_reward=reward
    )
    return db.create_achievement(new)


def _real_cursors(user_id: str, monkeypatch: pytest.MonkeyPatch) -> list[Cursor]:
    """Read the first page of every list, and what its cursor was bound to."""
    queries: list[str] = []
    digest = pages._digest

    def watched(keys: bytes, query: str) -> bytes:
        queries.append(query)
        return digest(keys, query)

    cursors = []
    with monkeypatch.context() as patch:
        patch.setattr(pages, "_digest", watched)
        for function in (getattr(db, name) for name in db.__all__):
            cursor = _first_cursor(function, user_id)
            if cursor is not None:
                cursors.append(Cursor(function.__name__, cursor, queries[-1]))
    return cursors


def _first_cursor(function: Callable[..., Any], user_id: str) -> str | None:
    known = {"user_id": user_id, "text": MARK}
    if not inspect.isfunction(function) or "cursor" not in inspect.signature(function).parameters:
        return None
    parameters = inspect.signature(function).parameters.values()
    needed = {each.name: known[each.name] for each in parameters if each.default is each.empty}
    page: db.Page[Any] = function(**needed, limit=1)
    assert page.next_cursor is not None, f"{function.__name__} has one row only"
    return page.next_cursor


class Watch:
    """Sees by one short query whether anything was written, and puts the rows back.

    Whatever writes takes a transaction's number, whether it is kept or not, and seldom anything
    else does: only where one was taken the rows are compared.
    """

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        self._cursor = self._connection.cursor()
        self._cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(_SAVED)))
        for name in TABLES:
            names = sql.Identifier(_SAVED, name), sql.Identifier(name)
            self._cursor.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(*names))
        self._cursor.execute("SET session_replication_role = replica")  # no foreign key's trigger
        digests = (
            sql.SQL("(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t)").format(
                sql.Identifier(name)
            )
            for name in TABLES
        )
        self._digests = sql.SQL("SELECT {}").format(sql.SQL(", ").join(digests))
        self._unchanged = self._one(self._digests)
        self._seen = self._number()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def restore(self) -> list[str]:
        """Put back what was changed since the last look, and tell which tables it was in."""
        before, self._seen = self._seen, self._number()
        if self._seen == before:
            return []
        now = self._one(self._digests)
        pairs = zip(TABLES, self._unchanged, now, strict=True)
        changed = [name for name, earlier, later in pairs if earlier != later]
        for name in changed:
            table, copy = sql.Identifier(name), sql.Identifier(_SAVED, name)
            text = sql.SQL("DELETE FROM {0}; INSERT INTO {0} TABLE {1}").format(table, copy)
            self._cursor.execute(text)
            self._seen = self._number()
        return changed

    def _number(self) -> Any:
        return self._one("SELECT pg_snapshot_xmax(pg_current_snapshot())")

    def _one(self, statement: Any) -> Any:
        self._cursor.execute(statement)
        return self._cursor.fetchone()
