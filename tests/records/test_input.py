"""Inputs: every wrong field in one error, named as in Python, without its value."""

import json
import pickle
import string
from typing import Any
from unicodedata import normalize

import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import triosigno_db as db
from triosigno_db.testing import IsolatedDatabase

USER = {"email": "zoe@example.org", "username": "zoe", "password": "geheim"}
SIGN = {
    "name": "Merci",
    "description": "",
    "video_url": "https://example.org/a.mp4",
    "difficulty": "BEGINNER",
    "category_id": "7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11",
}
MODULE = {"title": "Saluer", "description": ""}


def wrong(make: type[db.Input], **values: Any) -> db.InvalidInputError:
    with pytest.raises(db.InvalidInputError) as caught:
        make(**values)
    assert caught.value.__cause__ is None
    return caught.value


def test_every_wrong_field_is_told_at_once() -> None:
    error = wrong(db.NewUser, email="zoe", username=" ", password="", profile_picture="x")
    fields = ["email", "username", "password", "profile_picture"]
    assert [each.field for each in error.errors] == fields
    assert (error.field, error.why) == error.errors[0]
    assert all(f"{field}: " in str(error) for field in fields)
    assert error.prisma_code == "P2007"


@pytest.mark.parametrize(
    ("make", "good", "field", "value"),
    [
        (db.NewUser, USER, "email", "zoe"),
        (db.NewUser, USER, "email", "zoe@example.org\0"),
        (db.NewUser, USER, "email", "z" * 250 + "@example.org"),
        (db.NewUser, USER, "email", "z" * 10_000_000 + "@example.org"),
        (db.NewUser, USER, "username", ""),
        (db.NewUser, USER, "username", "  \n "),
        (db.NewUser, USER, "username", "a\0b"),
        (db.NewUser, USER, "username", "\ud800"),
        (db.NewUser, USER, "username", "x" * 201),
        (db.NewUser, USER, "username", "x" * 10_000_000),
        (db.NewUser, USER, "username", 7),
        (db.NewUser, USER, "username", None),
        (db.NewUser, USER, "password", "x" * 73),
        (db.NewUser, USER, "password", "é" * 37),
        (db.NewUser, USER, "password", "x\0y"),
        (db.NewUser, USER, "password", "\ud800"),
        (db.NewUser, USER, "password", ""),
        (db.NewUser, USER, "password", None),
        (db.NewUser, USER, "role", "GUEST"),
        (db.NewUser, USER, "profile_picture", "ftp://example.org"),
        (db.NewUser, USER, "profile_picture", "javascript:alert(1)"),
        (db.NewUser, USER, "first_name", ""),
        (db.NewSign, SIGN, "video_url", "https://"),
        (db.NewSign, SIGN, "video_url", "https://a b.org"),
        (db.NewSign, SIGN, "video_url", "https://example.org/" + "x" * 2048),
        (db.NewSign, SIGN, "description", "x" * 10_001),
        (db.NewSign, SIGN, "difficulty", "easy"),
        (db.NewSign, SIGN, "category_id", ""),
        (db.NewSign, SIGN, "category_id", None),
        (db.NewModule, MODULE, "order", -1),
        (db.NewModule, MODULE, "order", 2**31),
        (db.NewModule, MODULE, "order", "1"),
        (db.NewModule, MODULE, "order", True),
        (db.NewModule, MODULE, "order", 1.0),
    ],
)
def test_a_wrong_value_names_its_field(
    make: type[db.Input], good: dict[str, Any], field: str, value: object
) -> None:
    error = wrong(make, **{**good, field: value})
    assert [each.field for each in error.errors] == [field]
    assert len(str(error)) < 300


def test_a_missing_and_an_unknown_field_are_named() -> None:
    error = wrong(db.NewUser, email="zoe@example.org", username="zoe", pasword="geheim")
    assert [each.field for each in error.errors] == ["password", "pasword"]


def test_texts_are_trimmed_and_addresses_lower_case() -> None:
    user = db.NewUser(email=" Zoé.M@Example.ORG ", username="\tzoe\n", password=" x ")
    assert (user.email, user.username) == ("zoé.m@example.org", "zoe")
    assert isinstance(user.password, pydantic.SecretStr)
    assert user.password.get_secret_value() == " x "


@pytest.mark.parametrize("password", ["x" * 72, "é" * 36, " ", "𝄞" * 18])
def test_a_password_may_have_72_bytes(password: str) -> None:
    assert db.NewUser(**{**USER, "password": password})


def test_json_s_own_spelling_is_taken() -> None:
    camel = {**USER, "firstName": "Zoé", "profilePicture": "https://example.org/z"}
    assert db.NewUser.model_validate(camel).first_name == "Zoé"
    assert db.NewUser.model_validate_json(json.dumps(camel)).first_name == "Zoé"


def test_frameworks_get_pydantic_s_own_error_without_the_value() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        db.NewUser.model_validate({**USER, "password": "secret" * 13})
    assert "secret" not in str(caught.value)


def test_an_input_can_not_be_changed_and_shows_no_password() -> None:
    user = db.NewUser(**USER)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        user.username = "other"  # type: ignore[misc]
    assert "geheim" not in f"{user!r} {user} {user.model_dump()} {user.model_dump_json()}"


def test_the_error_can_be_pickled() -> None:
    error = wrong(db.NewUser, email="zoe", username="", password="x")
    again = pickle.loads(pickle.dumps(error))
    assert (again.errors, str(again)) == (error.errors, str(error))


@pytest.mark.parametrize(
    ("call", "field", "kind"),
    [
        (db.create_user, "new", "NewUser"),
        (db.create_category, "new", "NewCategory"),
        (db.create_sign, "new", "NewSign"),
        (db.create_module, "new", "NewModule"),
        (db.create_lesson, "new", "NewLesson"),
    ],
)
@pytest.mark.parametrize("value", [None, {}, "text", db.NewUser])
def test_something_else_than_the_input_is_refused(
    triosigno_db: IsolatedDatabase, call: Any, field: str, kind: str, value: object
) -> None:
    with pytest.raises(db.InvalidInputError, match=f"{field}: must be a {kind}"):
        call(value)


def test_a_refusal_holds_the_values_nowhere() -> None:
    error = wrong(db.NewUser, email="zoe", username="zoe", password="x" * 73)
    assert (error.__cause__, error.__context__) == (None, None)


@given(title=st.text(), description=st.text())
@example(title="\U0002f800", description="e\u0301")
def test_any_text_is_kept_but_for_its_edges_or_refused(title: str, description: str) -> None:
    is_long = max(len(title), len(normalize("NFC", title))) > 200
    is_wrong = not title.strip() or "\0" in title + description or is_long
    try:
        module = db.NewModule(title=title, description=description)
    except db.InvalidInputError:
        assert is_wrong
        return
    for given_text, kept in ((title, module.title), (description, module.description)):
        assert kept in normalize("NFC", given_text)
        assert kept.strip() == normalize("NFC", given_text).strip()


@given(name=st.text(string.ascii_letters, min_size=1, max_size=20))
def test_any_plain_address_is_taken_in_lower_case(name: str) -> None:
    user = db.NewUser(**{**USER, "email": f"{name}@Example.org"})
    assert user.email == f"{name.lower()}@example.org"
