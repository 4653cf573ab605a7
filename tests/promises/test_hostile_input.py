"""Hostile input: kept exactly as given, or refused by name; an error leaves nothing behind."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unicodedata import normalize
from uuid import UUID, uuid4

import bcrypt
import pytest
from pydantic.alias_generators import to_camel

import triosigno_db as db
from tests.plain_sql import count_rows, run_plain
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

HUGE = 10_000_000

TEXTS = (
    "",
    " ",
    "\t\n",
    "\0",
    "a\0b",
    "\ud800",
    "a\udfffb",
    "x" * HUGE,
    "é" * (HUGE // 2),
    "'",
    "''",
    '"',
    "\\",
    "\\'; --",
    '\'; DROP TABLE "User"; --',
    'Robert\'); DROP TABLE "Sign"; --',
    "$$ $1 $tag$ ",
    "%s %(name)s %% %",
    "E'\\x00'",
    "{a,b} [1] (2) NULL",
    "NULL",
    "/* */ -- ;",
    "\\N",
    "\x01\x08\x1b\x7f",
    "\u202e\u2028\ufeff\ufffd",
    "🤟🏽 Ça va ? 手話",
    "e\u0301",
    "a\r\nb",
    "<script>alert(1)</script>",
    'https://media.example.org/\'; DROP TABLE "User"; --',
    "https://media.example.org/\0",
    "https://media.example.org/\ud800",
    "https://media.example.org/%27%00?q='\"\\&x=%s",
    "javascript:alert(1)",
    "o'hara@example.org",
    "a@b@example.org",
    "camille@example.org'; --",
)

make_bare_module = partial(make_module, lessons=0)
make_bare_lesson = partial(make_lesson, signs=0)

FIELDS: list[tuple[Callable[..., Any], str, str]] = [
    (make_user, "User", "email"),
    (make_user, "User", "username"),
    (make_user, "User", "first_name"),
    (make_user, "User", "last_name"),
    (make_user, "User", "profile_picture"),
    (make_category, "SignCategory", "name"),
    (make_category, "SignCategory", "description"),
    (make_category, "SignCategory", "image_url"),
    (make_sign, "Sign", "name"),
    (make_sign, "Sign", "description"),
    (make_sign, "Sign", "video_url"),
    (make_sign, "Sign", "image_url"),
    (make_bare_module, "Module", "title"),
    (make_bare_module, "Module", "description"),
    (make_bare_module, "Module", "image_url"),
    (make_bare_lesson, "Lesson", "title"),
    (make_bare_lesson, "Lesson", "description"),
]

RIGHT_ID = UUID("5e0b40a4-6a4e-4d1f-9a53-0c9c7a2ef5ad")

WRONG_IDS = (
    "",
    None,
    5,
    1.5,
    True,
    str(RIGHT_ID).encode(),
    RIGHT_ID.bytes,
    RIGHT_ID.int,
    f"{str(RIGHT_ID)[:-1]}\0",
    f"{str(RIGHT_ID)[:-1]}\ud800",
    "x" * HUGE,
    [str(RIGHT_ID)],
    {"id": str(RIGHT_ID)},
    object(),
    UUID,
)


@pytest.fixture(scope="module")
def kept_url(triosigno_server: DatabaseServer, triosigno_template: str) -> Iterator[str]:
    """A database that all tests of this file share."""
    name = f"hostile_{uuid4().hex}"
    yield triosigno_server.create_database(name, template=triosigno_template)
    triosigno_server.drop_database(name)


@pytest.fixture(autouse=True)
def hostile_url(kept_url: str) -> str:
    """The library, connected to it."""
    db.connect(kept_url, password_cost=4)
    return kept_url


def outcome_of(call: Callable[[], Any]) -> Any:
    """Make a call; give what it returns, or the refusal of its input."""
    try:
        return call()
    except db.InvalidInputError as error:
        return error


def refusal_of(call: Callable[[], Any]) -> db.InvalidInputError:
    """Make a call whose input must be refused; give the refusal."""
    error = outcome_of(call)
    assert isinstance(error, db.InvalidInputError), "the input was accepted"
    return error


@pytest.mark.parametrize(("make", "table", "field"), FIELDS)
def test_a_text_comes_back_equal_or_is_refused_by_name(
    hostile_url: str, make: Callable[..., Any], table: str, field: str
) -> None:
    parents = {
        make_sign: lambda: {"category_id": make_category().id},
        make_bare_lesson: lambda: {"module_id": make_module(lessons=0).id},
    }
    parent = parents.get(make, dict)()
    column = f'"{table}"."{to_camel(field)}"'
    before = count_rows(hostile_url)
    for text in TEXTS:
        shown = ascii(text[:60])
        made = outcome_of(lambda text=text: make(**parent, **{field: text}))
        if isinstance(made, db.InvalidInputError):
            assert [wrong.field for wrong in made.errors] == [field], shown
            assert len(str(made)) < 500, shown
            continue
        wanted = text.lower() if field == "email" else text.strip()
        wanted = wanted if field.endswith("url") else normalize("NFC", wanted)
        assert getattr(made, field) == wanted, shown
        deletion = f'DELETE FROM "{table}" WHERE id = %s RETURNING {column}'
        stored = run_plain(hostile_url, deletion, [made.id])
        assert stored == [(wanted,)], shown
    assert count_rows(hostile_url) == before


@pytest.mark.parametrize("password", ["", "\0", "a\0b", "x" * 73, "é" * 37, "x" * HUGE, "\ud800"])
def test_a_password_that_bcrypt_cannot_hash_is_refused(hostile_url: str, password: str) -> None:
    before = count_rows(hostile_url)
    error = refusal_of(lambda: make_user(password=password))
    assert error.field == "password"
    assert count_rows(hostile_url) == before


@pytest.mark.parametrize("password", ['\'; DROP TABLE "User"; --', "%s%(x)s", " ", "\\", "🤟🏽"])
def test_a_hostile_password_is_hashed_like_any_other(hostile_url: str, password: str) -> None:
    user = make_user(password=password)
    [(hashed,)] = run_plain(hostile_url, 'SELECT password FROM "User" WHERE id = %s', [user.id])
    assert bcrypt.checkpw(password.encode(), hashed.encode())


def calls_with(wrong: Any) -> dict[str, Callable[[], Any]]:
    """One call for each argument that is an id, by the name that an error must give it."""
    known = str(uuid4())
    return {
        "user_id": lambda: db.get_user_with_preferences(wrong),
        "user_id of record_attempt": lambda: db.record_attempt(wrong, known, is_correct=True),
        "sign_id": lambda: db.record_attempt(known, wrong, is_correct=True),
        "module_id": lambda: db.get_module_tree(wrong),
        "lesson_id": lambda: db.set_lesson_signs(wrong, [known]),
        "sign_ids[1]": lambda: db.set_lesson_signs(known, [known, wrong]),
        "category_id": lambda: make_sign(category_id=wrong),
        "module_id of NewLesson": lambda: make_lesson(signs=0, module_id=wrong),
    }


@pytest.mark.parametrize("argument", list(calls_with(None)))
def test_what_is_no_uuid_is_refused_by_name(hostile_url: str, argument: str) -> None:
    before = count_rows(hostile_url)
    for wrong in WRONG_IDS:
        error = refusal_of(calls_with(wrong)[argument])
        assert error.field == argument.split(maxsplit=1)[0], ascii(wrong)[:60]
        assert len(str(error)) < 200
    assert count_rows(hostile_url) == before


WRONG_ATTEMPTS = [
    *(("mastery_level", value) for value in (101, -1, "50", True, 2**31, 2**70, 1.0, [50], b"50")),
    *(("is_correct", value) for value in (None, 0, 1, "true", "", [])),
]


@pytest.mark.parametrize(("field", "value"), WRONG_ATTEMPTS)
def test_a_wrong_attempt_is_refused_by_name(hostile_url: str, field: str, value: Any) -> None:
    user, sign = make_user().id, make_sign().id
    db.record_attempt(user, sign, is_correct=True)
    before = run_plain(hostile_url, 'SELECT * FROM "Progress"')
    arguments: dict[str, Any] = {"is_correct": True, field: value}
    for sign_id in (sign, make_sign().id):
        error = refusal_of(lambda sign_id=sign_id: db.record_attempt(user, sign_id, **arguments))
        assert error.field == field
    assert run_plain(hostile_url, 'SELECT * FROM "Progress"') == before


@pytest.mark.parametrize("order", [-1, 2**31, 2**70, "1", True, 1.5, 1.0, float("nan"), [1]])
@pytest.mark.parametrize("make", [make_bare_module, make_bare_lesson])
def test_a_wrong_order_is_refused_by_name(hostile_url: str, make: Any, order: Any) -> None:
    parent = {"module_id": make_module(lessons=0).id} if make is make_bare_lesson else {}
    before = count_rows(hostile_url)
    error = refusal_of(lambda: make(order=order, **parent))
    assert error.field == "order"
    assert count_rows(hostile_url) == before


def test_the_highest_order_is_kept() -> None:
    assert make_lesson(signs=0, order=2**31 - 1).order == 2**31 - 1


@pytest.mark.parametrize(
    ("make", "field", "value"),
    [
        (make_user, "role", "OWNER"),
        (make_user, "role", "student"),
        (make_user, "role", None),
        (make_user, "email", None),
        (make_user, "username", 5),
        (make_user, "username", ["camille"]),
        (make_user, "password", None),
        (make_user, "password", 12345678),
        (make_user, "is_admin", True),
        (make_user, "id", str(RIGHT_ID)),
        (make_sign, "difficulty", "EASY"),
        (make_category, "name", None),
        (make_bare_module, "title", ["a"]),
    ],
)
def test_a_wrong_kind_of_value_is_refused_by_name(
    hostile_url: str, make: Any, field: str, value: Any
) -> None:
    before = count_rows(hostile_url)["User"]
    error = refusal_of(lambda: make(**{field: value}))
    assert error.field == field
    assert count_rows(hostile_url)["User"] == before


def test_every_wrong_field_is_named_at_once() -> None:
    error = refusal_of(lambda: make_user(email="no", username="", password="", last_name="\0"))
    assert [wrong.field for wrong in error.errors] == [
        "email",
        "username",
        "password",
        "last_name",
    ]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_a_copy_that_skipped_the_checks_is_refused_as_well(hostile_url: str, text: str) -> None:
    # pydantic's model_copy() does not validate what it is given.
    new = db.NewUser(email="copied@example.org", username="copied", password="x")
    before = count_rows(hostile_url)
    error = refusal_of(lambda: db.create_user(new.model_copy(update={"username": text})))
    assert error.field == "username"
    assert count_rows(hostile_url) == before


@pytest.mark.parametrize("role", ["OWNER", None, 7, UUID(int=0)])
def test_a_role_that_skipped_the_checks_is_refused_as_well(hostile_url: str, role: Any) -> None:
    new = db.NewUser(email="copied@example.org", username="copied", password="x")
    before = count_rows(hostile_url)
    error = refusal_of(lambda: db.create_user(new.model_copy(update={"role": role})))
    assert error.field == "role"
    assert count_rows(hostile_url) == before
