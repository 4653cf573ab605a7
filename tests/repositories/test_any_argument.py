"""Any argument at all: each function answers, or raises an error of the library's own."""

import inspect
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

import triosigno_db as db
from tests.content import make_category, make_lesson, make_module, make_sign, make_user

CALLS = 1500
ELSEWHERE = {
    "connect",
    "connection",
    "create_schema",
    "disconnect",
    "drop_schema",
    "run_in_transaction",
    "transaction",
}
FUNCTIONS: list[Callable[..., Any]] = [
    getattr(db, name)
    for name in db.__all__
    if inspect.isfunction(getattr(db, name)) and name not in ELSEWHERE
]
INPUTS: list[type[db.Input]] = [
    getattr(db, name)
    for name in db.__all__
    if inspect.isclass(getattr(db, name)) and issubclass(getattr(db, name), db.Input)
]


CALLERS_FAULT = (
    db.AccountInactiveError,
    db.AlreadyExistsError,
    db.ConflictError,
    db.InUseError,
    db.InvalidCredentialsError,
    db.InvalidInputError,
    db.NotFoundError,
)


class Shape(db.Record):
    id: str


class NoField(db.Record):
    pass


class UnknownField(db.Record):
    nickname: str


class WrongType(db.Record):
    id: int


ODD: list[Any] = [
    *(
        "",
        " ",
        "a\0b",
        "\ud800",
        "x" * 100_000,
        "é" * 300,
        "\u0301",
        "\u202e",
        "İ",
        "ß",
        "🤟🏽" * 20,
    ),
    *("%", "_", "\\", "'", '"', "{}", "{0}", "%s", "%(id)s", "$1", '"; DROP TABLE "User"; --'),
    *(
        "null",
        "NaN",
        "9" * 40,
        "STUDENT",
        "BEGINNER",
        "day",
        "all",
        "UTC",
        "../zone",
        "eyJ",
        "AAAA" * 20,
    ),
    *(
        0,
        -1,
        1,
        2**31 - 1,
        2**31,
        2**63,
        10**30,
        1.5,
        float("nan"),
        float("inf"),
        True,
        False,
        None,
    ),
    *(b"x", [], [1], {}, {"a": 1}, range(3), iter([1]), object(), len, UUID(int=0)),
    *(date(2026, 1, 31), datetime(2026, 1, 31)),  # noqa: DTZ001 (a naive one is odd)
    *(datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)),
    *(Shape, NoField, UnknownField, WrongType, dict, db.Record, db.UserRecord, db.ModuleTree),
    *(db.UserChanges(), db.UserChanges(first_name=None), db.PreferenceChanges(learning_goal=5)),
    *(
        db.SignChanges(image_url=None),
        db.ModuleChanges(order=2**31 - 1),
        db.LessonChanges(title="x"),
    ),
]


@pytest.fixture
def ids(database: str) -> dict[str, str]:
    """The id of a row for each argument that names one."""
    user, lesson, category = make_user(), make_lesson(), make_category()
    achievement = db.create_achievement(
        db.NewAchievement(
            name="first", description="", image_url="https://example.org/a", xp_reward=2**31 - 1
        )
    )
    return {
        "user_id": user.id,
        "lesson_id": lesson.id,
        "module_id": make_module().id,
        "sign_id": make_sign().id,
        "category_id": category.id,
        "session_id": db.start_session(user.id, lesson.id).id,
        "achievement_id": achievement.id,
        "name_or_id": achievement.id,
    }


@pytest.mark.parametrize("seed", range(2))
def test_every_function_answers_or_raises_an_error_of_its_own(
    ids: dict[str, str], seed: int
) -> None:
    choice = random.Random(seed)
    attempts = [db.Attempt(sign_id=ids["sign_id"], is_correct=True)]
    odd = [*ODD, *ids.values(), attempts, [*ids.values()], uuid4()]
    for _ in range(CALLS):
        function = choice.choice(FUNCTIONS)
        arguments: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.default is parameter.empty or choice.random() < 0.4:
                is_known = name in ids and choice.random() < 0.6
                arguments[name] = ids[name] if is_known else choice.choice(odd)
        try:
            function(**arguments)
        except CALLERS_FAULT:
            continue
        except Exception as error:
            error.add_note(f"{function.__name__} of {repr(arguments)[:500]}")
            raise


@pytest.mark.parametrize("kind", INPUTS, ids=lambda each: each.__name__)
def test_every_input_is_made_or_names_its_wrong_fields(kind: type[db.Input]) -> None:
    choice = random.Random(kind.__name__)
    for _ in range(200):
        values = {name: choice.choice(ODD) for name in kind.model_fields if choice.random() < 0.8}
        try:
            made = kind(**values)
        except db.InvalidInputError as error:
            wrong = {field for field, _ in error.errors}
        else:
            wrong = set()
            assert made == kind(**values)
        assert wrong <= {*kind.model_fields}
