"""Promised types: never run, checked by mypy."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import assert_type

import triosigno_db as db
from triosigno_db import aio, extending


class Card(db.Record):
    id: str
    name: str


class Outline(db.Record):
    title: str


class Seen(extending.Record):
    id: str


def a_whole_record_is_the_default(key: str) -> None:
    assert_type(db.get_user(key), db.UserRecord)
    assert_type(db.find_user_by_email("a@example.org"), db.UserRecord | None)
    assert_type(db.list_users(), db.Page[db.UserRecord])
    assert_type(db.list_users().items, tuple[db.UserRecord, ...])
    assert_type(db.get_user_with_preferences(key), db.UserWithPreferences)
    assert_type(db.export_user(key), db.UserExport)
    assert_type(db.get_module_tree(key), db.ModuleTree)
    assert_type(db.list_module_trees(), db.Page[db.ModuleTree])
    assert_type(db.list_categories(), db.Page[db.CategoryWithCounts])
    assert_type(db.search_signs("a"), db.Page[db.SignRecord])
    assert_type(db.get_lesson(key), db.LessonWithSigns)
    assert_type(db.reorder_modules([]), tuple[db.ModuleRecord, ...])
    assert_type(db.record_attempts(key, []), tuple[db.ProgressRecord, ...])
    assert_type(db.get_module_progress(key, key), db.ModuleProgress)
    assert_type(db.list_signs_to_review(key), db.Page[db.SignToReview])
    assert_type(db.start_session(key, key), db.SessionRecord)
    assert_type(db.award_achievement(key, "first"), db.Award)
    assert_type(db.get_learner_summary(key), db.LearnerSummary)
    assert_type(db.get_leaderboard("week"), db.Leaderboard)


def a_shape_is_what_comes_back(key: str) -> None:
    assert_type(db.get_sign(key, shape=Card), Card)
    assert_type(db.find_sign_by_name("a", shape=Card), Card | None)
    assert_type(db.list_signs(shape=Card), db.Page[Card])
    assert_type(db.get_module_tree(key, shape=Outline), Outline)
    assert_type(db.reorder_lessons(key, [], shape=Outline), tuple[Outline, ...])


def a_page_is_a_sequence_of_its_records() -> None:
    page = db.list_users()
    assert_type(page[0], db.UserRecord)
    assert_type(page[1:], tuple[db.UserRecord, ...])
    assert_type(list(page), list[db.UserRecord])
    records: Sequence[db.UserRecord] = page
    del records


def iteration_checks_the_arguments_and_gives_the_shape() -> None:
    assert_type(db.iterate(db.list_users, shape=Card), Iterator[Card])
    for user in db.iterate(db.list_users, role=db.UserRole.TEACHER, shape=db.UserRecord):
        assert_type(user, db.UserRecord)
    db.iterate(db.list_users, role=1)  # type: ignore[arg-type]
    db.iterate(db.list_users, rol=db.UserRole.TEACHER)  # type: ignore[arg-type]
    db.iterate(db.list_progress)  # type: ignore[arg-type]
    db.iterate(db.get_user, "")  # type: ignore[arg-type]
    users: Iterator[db.UserRecord] = db.iterate(db.list_users)
    del users


def what_a_function_returns_passes_through_a_transaction() -> None:
    assert_type(db.run_in_transaction(lambda: db.list_signs(limit=1)), db.Page[db.SignRecord])
    assert_type(db.run_in_transaction(lambda: 1), int)


def operator_packages_are_attributes() -> None:
    assert_type(db.roles.role_script(), str)
    assert_type(db.schema.to_sql(), str)
    assert_type(db.packs.starter_pack().count_rows(), int)


async def coroutines_are_an_attribute(key: str) -> None:
    assert_type(await db.aio.get_user(key), db.UserRecord)


def mistakes_are_told(key: str) -> None:
    db.get_usr(key)  # type: ignore[attr-defined]
    db.get_sign(key, shape=dict)  # type: ignore[type-var]
    card: Card = db.get_sign(key)  # type: ignore[assignment]
    db.get_leaderboard("year")  # type: ignore[arg-type]
    db.UserChanges(first_name=1)  # type: ignore[arg-type]
    del card


async def coroutines_promise_the_same(key: str) -> None:
    assert_type(await aio.get_user(key), aio.UserRecord)
    assert_type(await aio.get_module_tree(key), aio.ModuleTree)
    assert_type(await aio.get_module_tree(key, shape=Outline), Outline)
    assert_type(await aio.list_signs(shape=Card), aio.Page[Card])
    assert_type(await aio.find_sign_by_name("a"), aio.SignRecord | None)
    assert_type(await aio.record_attempt(key, key, is_correct=True), aio.ProgressRecord)
    assert_type(aio.iterate(aio.list_signs, shape=Card), AsyncIterator[Card])
    async for sign in aio.iterate(aio.list_signs, limit=10, shape=db.SignRecord):
        assert_type(sign, db.SignRecord)
    aio.iterate(db.list_signs)  # type: ignore[arg-type]
    async with aio.connect("postgresql://localhost/triosigno"), aio.transaction("serializable"):
        await aio.record_attempt(key, key)  # type: ignore[call-arg]
        await aio.get_sign(key, shape=dict)  # type: ignore[type-var]

    async def card() -> Card:
        return await aio.get_sign(key, shape=Card)

    assert_type(await aio.run_in_transaction(card), Card)
    assert_type(await aio.connect(), None)


@extending.statement(reads_only=True)
def select_seen(limit: int) -> object: ...


def fetch_seen(key: str) -> tuple[Seen, ...]:
    return extending.fetch_all(select_seen(limit=3), Seen, key=key)


async def functions_of_a_service_have_its_types(key: str) -> None:
    assert_type(select_seen(3), extending.Statement)
    assert_type(extending.fetch_all(select_seen(3), Seen), tuple[Seen, ...])
    assert_type(extending.fetch_one(select_seen(3), Seen), Seen | None)
    assert_type(extending.write(select_seen(3), Seen), tuple[Seen, ...])
    assert_type(await extending.coroutine(fetch_seen)(key), tuple[Seen, ...])
    select_seen("3")  # type: ignore[arg-type]
    extending.fetch_all(select_seen(3), dict)  # type: ignore[type-var]
