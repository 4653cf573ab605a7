"""Which indexes there are, and what an attempt writes: to the table, and to no index."""

import random
from itertools import permutations
from typing import NamedTuple

import pytest

import triosigno_db as db
from tests.cluster import until
from tests.plain_sql import run_plain
from triosigno_db.models import MODELS
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_sign, make_user

INDEXES = """
SELECT tables.relname, indexes.relname, amname, array_agg(
    pg_get_indexdef(indexrelid, place::int, false) ORDER BY place)
FROM pg_index JOIN pg_class tables ON tables.oid = indrelid
JOIN pg_class indexes ON indexes.oid = indexrelid JOIN pg_am ON pg_am.oid = indexes.relam,
     generate_series(1, indnatts) place
WHERE tables.relname = ANY(%s) GROUP BY 1, 2, 3
"""
UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'Progress'"

LEARNERS, SIGNS = 20, 200
ATTEMPTS = 2000


class Index(NamedTuple):
    """An index: its table, its name, its access method and what it holds."""

    table: str
    name: str
    method: str
    columns: list[str]

    def begins(self, other: "Index") -> bool:
        """Whether another index of the table finds all that this one finds."""
        same_table = (self.table, self.method) == (other.table, other.method)
        return same_table and other.columns[: len(self.columns)] == self.columns


@pytest.fixture
def indexes(triosigno_db: IsolatedDatabase) -> list[Index]:
    tables = [model._meta.table_name for model in MODELS]
    return [Index(*row) for row in run_plain(triosigno_db.url, INDEXES, (tables,))]


def test_no_index_is_the_beginning_of_another(indexes: list[Index]) -> None:
    found = [(one.name, other.name) for one, other in permutations(indexes, 2) if one.begins(other)]
    assert len(indexes) > len(MODELS)
    assert found == []


def test_no_index_holds_a_column_that_an_attempt_changes(
    triosigno_db: IsolatedDatabase, indexes: list[Index]
) -> None:
    user, sign = make_user(), make_sign()

    def attempt(is_correct: bool) -> dict[str, object]:
        db.record_attempt(user.id, sign.id, is_correct=is_correct)
        ((row,),) = run_plain(triosigno_db.url, 'SELECT to_jsonb(p) FROM "Progress" p')
        return dict(row)

    first, second = attempt(False), attempt(True)
    changed = {f'"{name}"' for name in first if first[name] != second[name]}
    assert {'"masteryLevel"', '"totalAttempts"', '"lastPracticed"'} <= changed
    held = {column for index in indexes if index.table == "Progress" for column in index.columns}
    assert not held & changed


@pytest.fixture
def practised(triosigno_db: IsolatedDatabase) -> tuple[list[str], list[str]]:
    """Learners who have practised all signs; the rows of each are scattered."""
    users = [make_user().id for _ in range(LEARNERS)]
    category = make_sign().category_id
    run_plain(
        triosigno_db.url,
        'INSERT INTO "Sign" ("id", "name", "description", "videoUrl", "difficulty", "categoryId", '
        "\"updatedAt\") SELECT 's' || n, 's' || n, '', '', 'BEGINNER', %s, now() "
        "FROM generate_series(1, %s) n",
        (category, SIGNS),
    )
    run_plain(
        triosigno_db.url,
        'INSERT INTO "Progress" ("id", "userId", "signId", "updatedAt") '
        'SELECT gen_random_uuid(), "User"."id", "Sign"."id", now() FROM "Sign", "User"',
    )
    return users, [f"s{number}" for number in range(1, SIGNS + 1)]


def test_attempts_at_signs_that_were_practised_write_to_no_index(
    triosigno_db: IsolatedDatabase, practised: tuple[list[str], list[str]]
) -> None:
    users, signs = practised
    choice = random.Random(2026)
    for _ in range(ATTEMPTS):
        db.record_attempt(choice.choice(users), choice.choice(signs), is_correct=True)
    # A session reports what it has counted when it ends, at the latest.
    db.disconnect()
    until(lambda: run_plain(triosigno_db.url, UPDATES)[0][0] >= ATTEMPTS)
    ((updates, hot),) = run_plain(triosigno_db.url, UPDATES)
    assert updates == ATTEMPTS
    assert hot >= 0.95 * updates
