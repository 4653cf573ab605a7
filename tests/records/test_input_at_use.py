"""Inputs where they are used: objects that were never validated are; dumps can be read again."""

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

import triosigno_db as db
from tests.plain_sql import count_rows
from triosigno_db.enums import LabelEnum
from triosigno_db.records.input import check_input
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

INPUTS = [
    each
    for name in db.__all__
    if isinstance(each := getattr(db, name), type)
    and issubclass(each, db.Input)
    and each not in (db.Input, db.Changes)
]
CHANGES = [each for each in INPUTS if issubclass(each, db.Changes)]

VALUES: dict[str, Any] = {
    "email": "zoe@example.org",
    "username": "zoe",
    "password": "geheim",
    "difficulty": "BEGINNER",
    "role": "TEACHER",
    "order": 3,
    "learning_goal": 20,
    "xp_reward": 5,
    "mastery_level": 7,
    "is_correct": True,
    "notifications": False,
    "dark_mode": True,
    "language": "fr",
    "video_url": "https://example.org/v.mp4",
    "image_url": "https://example.org/i.png",
    "profile_picture": "https://example.org/i.png",
}


def made(kind: type[db.Input], *, every: bool = True) -> db.Input:
    """An input with a value for every field, or for the first one alone."""
    names = list(kind.model_fields)[: None if every else 1]
    return kind(**{name: VALUES.get(name, name) for name in names})


@pytest.mark.parametrize("kind", INPUTS)
def test_a_dump_is_read_again_as_an_equal_input(kind: type[db.Input]) -> None:
    given = made(kind)
    known = given.model_dump()
    if "password" in kind.model_fields:
        # It is in no dump, so that no dump of an input becomes an account by mistake.
        for read in (
            lambda: kind.model_validate_json(given.model_dump_json()),
            lambda: kind(**given.model_dump()),
        ):
            with pytest.raises((ValueError, db.InvalidInputError), match="required") as caught:
                read()
            assert "geheim" not in str(caught.value)
        known["password"] = "geheim"
    assert kind(**known) == given
    if "password" not in kind.model_fields:
        assert kind.model_validate_json(given.model_dump_json()) == given


@pytest.mark.parametrize("kind", CHANGES)
def test_changes_dump_what_is_set(kind: type[db.Changes]) -> None:
    assert kind().model_dump() == {}
    assert kind().model_dump_json() == "{}"
    one = made(kind, every=False)
    assert list(one.model_dump(by_alias=False)) == list(kind.model_fields)[:1]
    assert kind.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize("kind", INPUTS)
def test_a_copy_is_equal(kind: type[db.Input]) -> None:
    for given in (made(kind), *([kind()] if kind in CHANGES else [])):
        for duplicate in (copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))):
            assert duplicate(given) == given
            assert check_input("field", duplicate(given), kind) == given


@pytest.mark.parametrize("kind", INPUTS)
def test_values_that_were_not_validated_are_refused(kind: type[db.Input]) -> None:
    given = made(kind)
    for name in kind.model_fields:
        for bad in (
            given.model_copy(update={name: object()}),
            kind.model_construct(**{**vars(given), name: object()}),
        ):
            with pytest.raises(db.InvalidInputError) as caught:
                check_input("field", bad, kind)
            assert [each.field for each in caught.value.errors] == [name]
    with pytest.raises(db.InvalidInputError, match="secret"):
        check_input("field", given.model_copy(update={"secret": 1}), kind)


def test_a_subclass_adds_no_column(triosigno_db: IsolatedDatabase) -> None:
    class Sneaky(db.UserChanges):
        role: str = "ADMIN"

    user = make_user()
    with pytest.raises(db.InvalidInputError, match="role"):
        db.update_user(user.id, Sneaky(role="ADMIN"))
    assert db.get_user(user.id) == db.get_user(user.id, shape=db.UserRecord)
    assert db.get_user(user.id).role is db.UserRole.STUDENT


@pytest.mark.parametrize(
    "update",
    [
        {"role": "ADMIN"},
        {"is_active": False},
        {"password": "clear"},
        {"id": "other"},
        {"email": "no address"},
        {"username": "a\0b"},
        {"profile_picture": "javascript:alert(1)"},
    ],
)
def test_a_copy_changes_nothing_else(
    triosigno_db: IsolatedDatabase, update: dict[str, Any]
) -> None:
    user = make_user()
    for bad in (
        db.UserChanges().model_copy(update=update),
        db.UserChanges.model_construct(_fields_set=set(update), **update),
        db.UserChanges(first_name="Zoé").model_copy(update=update),
    ):
        if not {*vars(bad)} >= {*update}:
            continue  # pydantic itself leaves out what the class does not have
        with pytest.raises(db.InvalidInputError):
            db.update_user(user.id, bad)
    assert db.get_user_with_preferences(user.id) == user


def unvalidated(kind: type[db.Input]) -> db.Input:
    broken = {name: object() for name in kind.model_fields}
    return kind.model_construct(**broken)


def functions_with_inputs() -> dict[str, tuple[Callable[..., Any], str, type[db.Input]]]:
    found = {}
    for name in db.__all__:
        function = getattr(db, name)
        if inspect.isfunction(function):
            for parameter, kind in get_type_hints(function).items():
                if isinstance(kind, type) and issubclass(kind, db.Input):
                    found[name] = (function, parameter, kind)
    return found


@pytest.mark.parametrize("name", functions_with_inputs())
def test_every_function_refuses_what_was_not_validated(
    triosigno_db: IsolatedDatabase, name: str
) -> None:
    function, parameter, kind = functions_with_inputs()[name]
    before = count_rows(triosigno_db.url)
    others = [p for p in inspect.signature(function).parameters if p.endswith("_id")]
    with pytest.raises(db.InvalidInputError) as caught:
        function(**dict.fromkeys(others, "x"), **{parameter: unvalidated(kind)})
    assert caught.value.field in kind.model_fields
    assert count_rows(triosigno_db.url) == before


def test_a_label_that_was_only_read_is_no_input(triosigno_db: IsolatedDatabase) -> None:
    unknown = {db.UserRole: "MODERATOR", db.DifficultyLevel: "EXPERT"}
    checked = 0
    for kind in INPUTS:
        for name, field in kind.model_fields.items():
            enums = [each for each in (field.annotation,) if isinstance(each, type)]
            for enum in enums:
                if issubclass(enum, LabelEnum):
                    checked += 1
                    label = enum.read(unknown[enum])  # type: ignore[index]
                    for value in (label, label.value):
                        with pytest.raises(db.InvalidInputError, match=name):
                            kind(**{**vars(made(kind)), name: value})
    assert checked == 3
    with pytest.raises(db.InvalidInputError, match="role"):
        db.set_role("x", db.UserRole.read("MODERATOR"))
    with pytest.raises(db.InvalidInputError, match="role"):
        db.list_users(role=db.UserRole.read("MODERATOR"))


def test_anyone_may_sign_up_and_nobody_as_an_administrator(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(ValueError, match="role"):
        db.SignUp.model_validate({**VALUES, "role": "ADMIN"})
    user = db.create_user(made(db.SignUp))  # type: ignore[arg-type]
    assert (user.role, user.email) == (db.UserRole.STUDENT, "zoe@example.org")
    assert db.authenticate("zoe", "geheim").id == user.id
    with pytest.raises(ValueError, match="masteryLevel"):
        db.PublicAttempt.model_validate({"signId": "x", "isCorrect": True, "masteryLevel": 100})
