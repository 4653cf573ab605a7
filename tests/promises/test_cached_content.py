"""The content cache: after any function it holds what the database holds."""

from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.promises.test_statements_sent import ONE, SEVERAL, Call, Ids, make_rows

CALLS: dict[str, Call] = ONE | {name: call for name, (_, call) in SEVERAL.items()}

CHANGE_CONTENT = {
    "add_sign_to_lesson",
    "create_achievement",
    "create_category",
    "create_lesson",
    "create_module",
    "create_sign",
    "delete_achievement",
    "delete_category",
    "delete_lesson",
    "delete_module",
    "delete_sign",
    "remove_sign_from_lesson",
    "reorder_lesson_signs",
    "reorder_lessons",
    "reorder_modules",
    "set_lesson_signs",
    "update_achievement",
    "update_category",
    "update_lesson",
    "update_sign",
}
"""The functions whose call changes what a cached function returns."""


class CategoryName(db.Record):
    name: str


@pytest.fixture
def ids(triosigno_url: str) -> Ids:
    db.connect(triosigno_url, content_cache_seconds=600, password_cost=4)
    rows = make_rows()
    db.update_module(rows["module"], db.ModuleChanges(title="cleared"))
    return rows


def cached_reads(ids: Ids) -> list[Callable[[], Any]]:
    return [
        lambda: db.get_module_tree(ids["module"]),
        db.list_module_trees,
        db.list_modules,
        db.list_categories,
        db.list_achievements,
    ]


def read(ids: Ids) -> list[Any]:
    return [each() for each in cached_reads(ids)]


def read_from_database(ids: Ids) -> list[Any]:
    with db.transaction():  # which reads past the cache
        return read(ids)


@pytest.mark.parametrize("name", CALLS)
def test_a_cached_read_shows_every_write(ids: Ids, name: str) -> None:
    before = read(ids)
    CALLS[name](ids)
    stored = read_from_database(ids)
    assert read(ids) == stored
    assert (stored != before) == (name in CHANGE_CONTENT)


def test_a_write_whose_row_can_not_be_read_clears_the_cache_too(
    triosigno_url: str, ids: Ids
) -> None:
    category = ids["category"]
    run_plain(triosigno_url, 'UPDATE "SignCategory" SET "updatedAt" = \'infinity\'')
    run_plain(triosigno_url, 'UPDATE "SignCategory" SET "createdAt" = \'infinity\'')
    assert {each.name for each in db.list_categories(shape=CategoryName).items}
    with pytest.raises(db.UnreadableRowError, match="The write is stored"):
        db.update_category(category, db.CategoryChanges(name="new"))
    assert "new" in {each.name for each in db.list_categories(shape=CategoryName).items}
