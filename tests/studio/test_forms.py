"""The studio's forms accept what the inputs of the functions accept, and show their messages."""

from collections.abc import Iterator
from typing import Any, get_args

import peewee
import pytest
from playwright.sync_api import Page, expect

import triosigno_db as db
from tests.promises.one_of_each import make_one_of_each
from tests.sampling import mostly_slow
from tests.studio.asking import Asking, text_of
from tests.studio.browsing import enter
from tests.studio.serving import Serve
from triosigno_db.models import (
    BaseModel,
    LessonSign,
    User,
    UserAchievement,
    UserPreference,
)
from triosigno_db.models.fields import EnumField, IntegerField
from triosigno_db.records.input import Changes, Input
from triosigno_db.repositories.rows import column
from triosigno_db.studio.writing import WRITERS
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_sign, make_user

pytestmark = pytest.mark.xdist_group("browser")

TEXTS = (
    *("", " ", "x", "x" * 200, "x" * 201, "x" * 5_000, "x" * 10_001),
    *("e\u0301", "a\r\nb", "a\nb", "a\0b", "  padded  ", "\u202e", "\x1b[31m", "a\u0301" * 40),
    *("javascript:alert(1)", "https://media.example.org/e\u0301.png", "http://", "data:,x"),
    *("https://media.example.org/" + "x" * 2_030, " https://media.example.org/a b"),
    *("notanemail", "UPPER@Example.ORG", "L\u00e9a <lea@example.org>", "a@xn--bcher-kva.example"),
    *("fr", "fr-CA", "FR_fr", "<script>alert(1)</script>", "NULL"),
)
NUMBERS = ("", " ", "0", "1", "-1", "+3", " 7 ", "100", "1440", "1441", "2147483647", "2147483648")
NUMBERS += ("1.5", "1e3", "0x1", "1_000", "\u0661", "nonsense", "9" * 50, "9" * 5_000, "a\0")
LABELS = ("", "TEACHER", "ADVANCED", "KING", "beginner", "a\0")
REFERENCES = ("", "nobody", "x" * 256, "a\0b", " ", "__None")


def cases() -> Iterator[Any]:
    for model, writer in WRITERS.items():
        for kind in filter(None, (writer.new, writer.changes)):
            for name in kind.model_fields:
                yield model, kind, name


CASES = list(cases())


@pytest.fixture
def asking(triosigno_db: IsolatedDatabase) -> Asking:
    return Asking()


@pytest.mark.parametrize(
    ("model", "kind", "name"),
    mostly_slow(CASES, 20, unpack=True),
    ids=[f"{kind.__name__}.{name}" for _, kind, name in CASES],
)
def test_a_field_accepts_exactly_what_the_input_accepts(
    asking: Asking, model: type[BaseModel], kind: type[Input], name: str
) -> None:
    form = Form(asking, model, kind)
    accepted = refused = 0
    for text in texts_for(column(model, name)):
        values = form.values | {name: text}
        typed = {each: type_of(kind, model, each, given) for each, given in values.items()}
        try:
            expected = getattr(kind(**typed), name)
        except db.InvalidInputError as exc:
            reasons = [each.why for each in exc.errors]
            before = form.rows()
            answer = form.send(values)
            assert answer.status_code == 422, text
            for reason in reasons:
                assert f"<li>{reason}</li>" in text_of(answer), text
            assert form.rows() == before
            refused += 1
            continue
        answer = form.send(values)
        if isinstance(column(model, name), peewee.ForeignKeyField) and text not in ("", *form.ids):
            assert answer.status_code == 422, text
            assert "<li>There is no " in text_of(answer), text
            refused += 1
            continue
        assert answer.status_code == 302, (text, text_of(answer))
        assert form.stored(name) in stored_as(model, name, expected), text
        form.tidy_up()
        accepted += 1
    assert accepted or isinstance(column(model, name), peewee.ForeignKeyField)
    assert refused or name in ("is_active", "notifications", "dark_mode")


def stored_as(model: type[BaseModel], name: str, value: Any) -> Any:
    """What is stored of a value: an order may be that after the last, or at most that."""
    if name == "order" and (value is None or model is LessonSign):
        return (1, 2)
    return (value,)


class Form:
    """A form of a table: the values that a browser would send, and what is stored."""

    def __init__(self, asking: Asking, model: type[BaseModel], kind: type[Input]) -> None:
        self.asking, self.model, self.kind = asking, model, kind
        self.ids = tuple(make_one_of_each().values())
        (self.row,) = model.select().limit(1)
        self.is_new = not issubclass(kind, Changes) or "user_id" in kind.model_fields
        self.address = f"/{model.__name__}/" + (
            "new/" if self.is_new else f"edit/?id={self.row.id}"
        )
        self.values = {name: as_text(getattr(self.row, name)) for name in kind.model_fields}
        if self.is_new:
            self._make_room()
        self.token = asking.token_of(self.address)

    def _make_room(self) -> None:
        """Choose values for a new row that no other row has."""
        if self.model in (LessonSign, UserAchievement, UserPreference):
            self.row.delete_instance()
        for name in ("name", "title"):
            if name in self.values:
                self.values[name] = "another"

    def send(self, values: dict[str, str]) -> Any:
        # As a browser does: a checkbox that is not checked is not sent.
        data = {name: value for name, value in values.items() if value != "False"}
        return self.asking.client.post(self.address, data=data | {"csrf_token": self.token})

    def rows(self) -> list[Any]:
        return list(self.model.select(*self.model._meta.readable_columns().values()).tuples())

    def _newest(self) -> Any:
        if not self.is_new:
            return self.model.get_by_id(self.row.id)
        return next(iter(set(self.model.select()) - {self.row}))

    def stored(self, name: str) -> Any:
        return getattr(self._newest(), name)

    def tidy_up(self) -> None:
        if self.is_new:
            self._newest().delete_instance()


def texts_for(field: Any) -> tuple[str, ...]:
    if isinstance(field, peewee.ForeignKeyField):
        return REFERENCES
    if isinstance(field, IntegerField):
        return NUMBERS
    if isinstance(field, EnumField):
        return LABELS
    return ("True", "False") if isinstance(field, peewee.BooleanField) else TEXTS


def type_of(kind: type[Input], model: type[BaseModel], name: str, text: str) -> Any:
    field = column(model, name)
    if isinstance(field, peewee.BooleanField):
        return text == "True"
    text = text.replace("\r\n", "\n")
    if text == "" and type(None) in get_args(kind.model_fields[name].annotation):
        return None
    digits = text.strip().removeprefix("-").removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 40
    return int(text) if isinstance(field, IntegerField) and is_number else text


def as_text(value: Any) -> str:
    return "" if value is None else str(value)


def test_a_value_that_other_software_has_stored_can_stay(asking: Asking) -> None:
    user = make_user()
    User.update(email="Not An Address", first_name="two\r\nlines").execute()
    address = f"/User/edit/?id={user.id}"
    sent = {"email": "Not An Address", "first_name": "two\r\nlines", "last_name": "New"}
    assert asking.send(address, sent | {"username": user.username}).status_code == 302
    stored = db.get_user(user.id)
    assert (stored.email, stored.first_name, stored.last_name) == (
        "Not An Address",
        "two\r\nlines",
        "New",
    )
    assert "<textarea" in text_of(asking.client.get(address))


def test_what_is_wrong_is_read_at_the_field(
    page: Page, serve: Serve, triosigno_db: IsolatedDatabase
) -> None:
    sign = make_sign(name="Bonjour")
    with serve(triosigno_db.url, "--write") as studio:
        enter(page, studio)
        page.goto(f"{studio.address}/Sign/edit/?id={sign.id}")
        page.locator("#video_url").fill("javascript:alert(1)")
        page.locator("#name").fill("")
        page.get_by_role("button", name="Save", exact=True).click()
        for name, why in (
            ("video_url", "must be a URL that starts with http:// or https://"),
            ("name", "String should have at least 1 character"),
        ):
            field = page.locator(".form-group", has=page.locator(f"#{name}"))
            expect(field.locator("li")).to_have_text(why)
            expect(field.locator("li")).to_be_visible()
        assert db.get_sign(sign.id).name == "Bonjour"
        page.locator("#name").fill("Salut")
        page.locator("#video_url").fill("https://media.example.org/salut.mp4")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".alert-success")).to_be_visible()
    assert db.get_sign(sign.id).name == "Salut"
