"""Progress: signs that are due, lists by what teaches the sign, a module's progress."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_lesson, make_module, make_sign, make_user

# -- reviews ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mastery", "days"),
    [(0, 0), (1, 1), (39, 1), (40, 3), (69, 3), (70, 7), (89, 7), (90, 21), (100, 21)],
)
def test_a_sign_is_due_when_its_days_are_over(
    triosigno_db: IsolatedDatabase, mastery: int, days: int
) -> None:
    user = make_user().id
    for slack, sign in (("1 minute", make_sign()), ("-1 minute", make_sign())):
        db.record_attempt(user, sign.id, is_correct=True)
        run_plain(
            triosigno_db.url,
            'UPDATE "Progress" SET "masteryLevel" = %s,'
            " \"lastPracticed\" = timezone('UTC', now()) - %s * interval '1 day' - %s::interval"
            ' WHERE "signId" = %s',
            (mastery, days, slack, sign.id),
        )
        if slack == "1 minute":
            expected = sign
    (due,) = db.list_signs_to_review(user).items
    assert due.sign == expected
    assert due.last_practiced is not None
    assert due.due_at == due.last_practiced + timedelta(days=days)


def test_the_longest_overdue_comes_first(triosigno_db: IsolatedDatabase) -> None:
    user, signs = make_user().id, [make_sign().id for _ in range(4)]
    for age, sign in zip((3, 9, 5, None), signs, strict=True):
        db.record_attempt(user, sign, is_correct=True)
        run_plain(
            triosigno_db.url,
            'UPDATE "Progress"'
            " SET \"lastPracticed\" = timezone('UTC', now()) - %s * interval '1 d',"
            " \"createdAt\" = timezone('UTC', now()) - interval '7 d' WHERE \"signId\" = %s",
            (age, sign),
        )
    found = [each.sign_id for each in db.list_signs_to_review(user).items]
    # One that was never practised is due since it was made.
    assert found == [signs[1], signs[3], signs[2], signs[0]]
    assert db.list_signs_to_review(make_user().id).items == ()


# -- progress ---------------------------------------------------------------------------------


def test_progress_is_listed_by_what_teaches_the_sign(triosigno_db: IsolatedDatabase) -> None:
    user, module = make_user().id, make_module(lessons=0).id
    first, second = (make_lesson(signs=0, module_id=module).id for _ in range(2))
    a, b, c = sorted(make_sign().id for _ in range(3))
    db.set_lesson_signs(first, [a, b])
    db.set_lesson_signs(second, [b])
    for sign, mastery in ((a, 20), (b, 80), (c, 100)):
        db.record_attempt(user, sign, is_correct=True)
        db.record_attempt(user, sign, is_correct=True, mastery_level=mastery)
    for filters, expected in (
        ({}, [a, b, c]),
        ({"lesson_id": second}, [b]),
        ({"lesson_id": first}, [a, b]),
        ({"module_id": module}, [a, b]),
        ({"min_mastery": 80}, [b, c]),
        ({"max_mastery": 80}, [a, b]),
        ({"min_mastery": 21, "max_mastery": 99}, [b]),
        ({"module_id": module, "lesson_id": second, "max_mastery": 79}, []),
        ({"module_id": uuid4()}, []),
    ):
        found: Any = db.list_progress(user, **filters)  # type: ignore[arg-type]
        assert [row.sign_id for row in found.items] == expected
    assert db.get_progress(user, b).mastery_level == 80
    with pytest.raises(db.NotFoundError, match="There is no Progress of user"):
        db.get_progress(user, make_sign().id)


def test_a_sign_of_two_lessons_counts_once_in_the_module(triosigno_db: IsolatedDatabase) -> None:
    user, module = make_user().id, make_module(lessons=0, title="m").id
    first, second, empty = (make_lesson(signs=0, module_id=module, title=t).id for t in "abc")
    one, two, three = (make_sign().id for _ in range(3))
    db.set_lesson_signs(first, [one, two])
    db.set_lesson_signs(second, [two, three])
    for sign, mastery in ((one, 79), (two, 80)):
        db.record_attempt(user, sign, is_correct=True)
        db.record_attempt(user, sign, is_correct=True, mastery_level=mastery)
    db.record_attempt(make_user().id, three, is_correct=True)
    found = db.get_module_progress(user, module)
    assert (found.title, found.sign_count, found.practiced_count, found.mastered_count) == (
        "m",
        3,
        2,
        1,
    )
    assert found.mean_mastery == pytest.approx(159 / 3)
    assert [
        (row.lesson_id, row.order, row.sign_count, row.practiced_count, row.mastered_count)
        for row in found.lessons
    ] == [(first, 1, 2, 2, 1), (second, 2, 2, 1, 1), (empty, 3, 0, 0, 0)]
    assert [row.mean_mastery for row in found.lessons] == [79.5, 40.0, 0.0]
    for key, entity in (((uuid4(), module), "User"), ((user, uuid4()), "Module")):
        with pytest.raises(db.NotFoundError) as caught:
            db.get_module_progress(*key)
        assert caught.value.entity == entity
    assert db.get_module_progress(user, make_module(lessons=0).id).lessons == ()


def test_a_lesson_without_signs_does_not_count_in_the_mean(triosigno_db: IsolatedDatabase) -> None:
    user, module, sign = make_user().id, make_module(lessons=0).id, make_sign().id
    lesson, _ = (make_lesson(signs=0, module_id=module).id for _ in range(2))
    db.set_lesson_signs(lesson, [sign])
    db.record_attempt(user, sign, is_correct=True)
    db.record_attempt(user, sign, is_correct=True, mastery_level=50)
    assert db.get_module_progress(user, module).mean_mastery == 50
