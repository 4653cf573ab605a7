"""A page: a sequence of its items, not to be changed, and in JSON as the wire has it."""

import copy
import pickle
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

import triosigno_db as db


class Name(db.Record):
    name: str


class Detailed(Name):
    image_url: str


PAGE = db.Page[Name](items=(Name(name="a"),), next_cursor="abc", has_more=True)

LETTERS = tuple(Name(name=letter) for letter in "abca")
LAST = db.Page[Name](items=LETTERS, next_cursor=None, has_more=False)
EMPTY = db.Page[Name](items=(), next_cursor=None, has_more=False)


def test_a_page_is_a_sequence_of_its_items() -> None:
    assert isinstance(LAST, Sequence)
    assert tuple(LAST) == LETTERS
    assert [len(page) for page in (EMPTY, PAGE, LAST)] == [0, 1, 4]
    assert tuple(reversed(LAST)) == LETTERS[::-1]
    first, *others = LAST
    assert (first, tuple(others)) == (LETTERS[0], LETTERS[1:])
    assert [bool(page) for page in (EMPTY, PAGE)] == [False, True]


def test_items_are_found_by_their_place_and_their_value() -> None:
    assert (LAST[0], LAST[-1]) == (LETTERS[0], LETTERS[-1])
    assert LAST[1:3] == LETTERS[1:3]
    assert LAST[::-1] == LETTERS[::-1]
    assert LETTERS[1] in LAST
    assert Name(name="z") not in LAST
    assert (LAST.index(LETTERS[1]), LAST.count(Name(name="a"))) == (1, 2)
    with pytest.raises(IndexError):
        _ = LAST[4]
    with pytest.raises(ValueError, match=r"^$"):
        LAST.index(Name(name="z"))


def test_a_page_stays_a_record() -> None:
    assert list(LAST.model_dump()) == ["items", "nextCursor", "hasMore"]
    assert LAST != LETTERS
    for same in (copy.copy(LAST), copy.deepcopy(LAST), pickle.loads(pickle.dumps(EMPTY))):
        assert isinstance(same, db.Page)
    assert copy.deepcopy(LAST) == LAST
    assert hash(copy.deepcopy(LAST)) == hash(LAST)
    assert repr(EMPTY) == "Page[Name](items=(), next_cursor=None, has_more=False)"


def test_a_page_in_json_is_camel_case() -> None:
    assert PAGE.model_dump_json() == '{"items":[{"name":"a"}],"nextCursor":"abc","hasMore":true}'


def test_a_page_can_be_read_back() -> None:
    assert db.Page[Name].model_validate_json(PAGE.model_dump_json()) == PAGE


def test_a_page_can_not_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PAGE.has_more = False  # type: ignore[misc]


def test_records_keep_the_fields_that_they_have_beyond_the_page_s_shape() -> None:
    page = db.Page[Name](
        items=(Detailed(name="a", image_url="b"),), next_cursor=None, has_more=False
    )
    assert page.model_dump()["items"] == ({"name": "a", "imageUrl": "b"},)


@pytest.mark.parametrize("missing", ["items", "next_cursor", "has_more"])
def test_every_field_must_be_given(missing: str) -> None:
    given = {"items": (), "next_cursor": None, "has_more": False}
    del given[missing]
    with pytest.raises(ValidationError):
        db.Page[Name](**given)
