"""Content: changed by its fields, and deleted unless it is used."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from triosigno_db.models import Lesson, Module, Sign, SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_category,
    make_sign,
    make_user,
)

IMAGE = "https://example.org/image.webp"


def make_achievement(**values: Any) -> db.AchievementRecord:
    defaults = {"name": "first", "description": "", "image_url": IMAGE, "xp_reward": 1}
    return db.create_achievement(db.NewAchievement(**{**defaults, **values}))


def create_module(**values: Any) -> db.ModuleRecord:
    return db.create_module(db.NewModule(**{"title": "Saluer", "description": "", **values}))


def create_lesson(**values: Any) -> db.LessonRecord:
    if "module_id" not in values:
        values["module_id"] = create_module().id
    return db.create_lesson(db.NewLesson(**{"title": "Oui", "description": "", **values}))


KINDS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], Any, Any]] = {
    "Achievement": (
        make_achievement,
        db.get_achievement,
        db.update_achievement,
        db.AchievementChanges,
        db.delete_achievement,
    ),
    "Lesson": (
        create_lesson,
        lambda key: db.get_lesson(key, shape=db.LessonRecord),
        db.update_lesson,
        db.LessonChanges,
        db.delete_lesson,
    ),
    "Module": (create_module, db.get_module, db.update_module, db.ModuleChanges, db.delete_module),
    "Sign": (make_sign, db.get_sign, db.update_sign, db.SignChanges, db.delete_sign),
    "SignCategory": (
        make_category,
        db.get_category,
        db.update_category,
        db.CategoryChanges,
        db.delete_category,
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, triosigno_db: IsolatedDatabase) -> str:
    return str(request.param)


pytestmark = pytest.mark.usefixtures("triosigno_db")


def test_a_row_is_read_as_it_was_made(kind: str) -> None:
    make, get, *_ = KINDS[kind]
    made = make()
    assert get(made.id) == made


def test_only_what_is_set_is_changed(kind: str, triosigno_db: IsolatedDatabase) -> None:
    make, get, update, changes, _ = KINDS[kind]
    key = make().id
    run_plain(triosigno_db.url, f"""UPDATE "{kind}" SET "updatedAt" = '2026-01-01'""")
    made = get(key)
    changed = update(made.id, changes(description="new"))
    assert changed == get(made.id)
    assert changed.updated_at > made.updated_at
    assert (
        changed.model_copy(update={"description": made.description, "updated_at": made.updated_at})
        == made
    )
    assert update(made.id, changes()) == changed


def test_an_unknown_row_is_named(kind: str) -> None:
    _, get, update, changes, delete = KINDS[kind]
    unknown = uuid4()
    for call in (get, delete, lambda key: update(key, changes(description="new"))):
        with pytest.raises(db.NotFoundError) as caught:
            call(unknown)
        assert (caught.value.entity, caught.value.key) == (kind, str(unknown))
        with pytest.raises(db.InvalidInputError, match="_id: must be text of 1 to 255"):
            call("")


def test_what_nobody_uses_is_deleted(kind: str) -> None:
    make, get, _, _, delete = KINDS[kind]
    made, other = make(), make(**({"name": "other"} if kind == "Achievement" else {}))
    delete(made.id)
    with pytest.raises(db.NotFoundError):
        get(made.id)
    assert get(other.id) == other


def use_category() -> tuple[str, dict[str, int]]:
    category = make_category().id
    for _ in range(3):
        make_sign(category_id=category)
    return category, {"Sign": 3}


def use_module() -> tuple[str, dict[str, int]]:
    return create_lesson().module_id, {"Lesson": 1}


def use_lesson() -> tuple[str, dict[str, int]]:
    lesson = create_lesson().id
    db.set_lesson_signs(lesson, [make_sign().id])
    for _ in range(2):
        db.start_session(make_user().id, lesson)
    return lesson, {"LearningSession": 2}


def use_sign() -> tuple[str, dict[str, int]]:
    sign = make_sign().id
    db.set_lesson_signs(create_lesson().id, [sign])
    for _ in range(2):
        db.record_attempt(make_user().id, sign, is_correct=True)
    return sign, {"LessonSign": 1, "Progress": 2}


def use_practised_sign() -> tuple[str, dict[str, int]]:
    sign = make_sign().id
    db.record_attempt(make_user().id, sign, is_correct=True)
    return sign, {"Progress": 1}


def use_achievement() -> tuple[str, dict[str, int]]:
    achievement = make_achievement().id
    db.award_achievement(make_user().id, achievement)
    return achievement, {"UserAchievement": 1}


USED: list[tuple[Callable[[], tuple[str, dict[str, int]]], Callable[..., None]]] = [
    (use_category, db.delete_category),
    (use_module, db.delete_module),
    (use_lesson, db.delete_lesson),
    (use_sign, db.delete_sign),
    (use_practised_sign, db.delete_sign),
    (use_achievement, db.delete_achievement),
]


@pytest.mark.parametrize(("use", "delete"), USED)
def test_what_is_used_stays_and_tells_by_what(
    triosigno_db: IsolatedDatabase, use: Any, delete: Any
) -> None:
    key, uses = use()
    before = count_rows(triosigno_db.url)
    with pytest.raises(db.InUseError) as caught:
        delete(key)
    assert caught.value.uses == uses
    for entity, count in uses.items():
        assert f"{count} row{'s' * (count > 1)} of {entity}" in str(caught.value)
    assert count_rows(triosigno_db.url) == before


@pytest.mark.parametrize(
    ("use", "delete"), [(use_sign, db.delete_sign), (use_achievement, db.delete_achievement)]
)
def test_a_cascade_takes_what_uses_it_along(
    triosigno_db: IsolatedDatabase, use: Any, delete: Any
) -> None:
    key, uses = use()
    delete(key, cascade=True)
    rows = count_rows(triosigno_db.url)
    assert [rows[entity] for entity in uses] == [0] * len(uses)
    assert rows["User"] >= 1


def test_an_error_inside_a_transaction_leaves_it_whole(triosigno_db: IsolatedDatabase) -> None:
    key, _ = use_category()
    with db.transaction():
        with pytest.raises(db.InUseError):
            db.delete_category(key)
        with pytest.raises(db.NotFoundError):
            db.delete_category(uuid4())
        made = make_category()
    assert db.get_category(made.id) == made


def test_a_name_that_is_taken_is_refused(triosigno_db: IsolatedDatabase) -> None:
    for make, update, changes in (
        (make_category, db.update_category, db.CategoryChanges),
        (make_sign, db.update_sign, db.SignChanges),
        (make_achievement, db.update_achievement, db.AchievementChanges),
    ):
        one, other = make(name="one"), make(name="other")
        with pytest.raises(db.AlreadyExistsError) as caught:
            update(other.id, changes(name="one"))
        assert (caught.value.field, caught.value.value) == ("name", "one")
        assert update(one.id, changes(name="one")).name == "one"


def test_a_reference_to_nothing_is_refused(triosigno_db: IsolatedDatabase) -> None:
    sign, lesson = make_sign(), create_lesson()
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        db.update_sign(sign.id, db.SignChanges(category_id=unknown))
    assert (caught.value.entity, caught.value.key) == ("SignCategory", str(unknown))
    with pytest.raises(db.NotFoundError) as caught:
        db.update_lesson(lesson.id, db.LessonChanges(module_id=unknown))
    assert (caught.value.entity, caught.value.key) == ("Module", str(unknown))


def test_counts_are_of_what_is_there(triosigno_db: IsolatedDatabase) -> None:
    category = make_category()
    signs = [make_sign(category_id=category.id).id for _ in range(3)]
    module, empty = create_module(), create_module()
    for chosen in (signs[:2], signs[1:]):
        db.set_lesson_signs(create_lesson(module_id=module.id).id, chosen)
    counts = {each.id: each.sign_count for each in db.list_categories().items}
    assert counts[category.id] == 3
    assert [(m.id, m.lesson_count, m.sign_count) for m in db.list_modules().items] == [
        (module.id, 2, 3),
        (empty.id, 0, 0),
    ]


@pytest.mark.parametrize(
    ("make", "model"),
    [
        (make_category, SignCategory),
        (make_sign, Sign),
        (create_module, Module),
        (create_lesson, Lesson),
    ],
)
def test_what_comes_back_is_what_is_stored(make, model) -> None:
    made = make()
    (stored,) = model.select().where(model.id == made.id)
    assert {name: getattr(stored, name) for name in type(made).model_fields} == dict(made)
    assert made.created_at == made.updated_at


@pytest.mark.parametrize(("make", "entity"), [(make_category, "SignCategory"), (make_sign, "Sign")])
def test_a_taken_name_names_the_field(triosigno_db: IsolatedDatabase, make, entity: str) -> None:
    name = make().name
    category = make_category()
    extra = {"category_id": category.id} if make is make_sign else {}
    before = count_rows(triosigno_db.url)
    with pytest.raises(db.AlreadyExistsError) as caught:
        make(name=name, **extra)
    assert (caught.value.entity, caught.value.field) == (entity, "name")
    assert caught.value.value == name
    assert count_rows(triosigno_db.url) == before


@pytest.mark.parametrize(
    ("make", "parent", "entity"),
    [
        (make_sign, "category_id", "SignCategory"),
        (create_lesson, "module_id", "Module"),
        (lambda **parent: create_lesson(order=1, **parent), "module_id", "Module"),
    ],
)
def test_an_unknown_parent_is_named(
    triosigno_db: IsolatedDatabase, make, parent: str, entity: str
) -> None:
    unknown = uuid4()
    with pytest.raises(db.NotFoundError) as caught:
        make(**{parent: unknown})
    assert (caught.value.entity, caught.value.key) == (entity, str(unknown))
    assert caught.value.prisma_code == "P2003"
    assert set(count_rows(triosigno_db.url).values()) == {0}
