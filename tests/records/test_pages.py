"""A page as a record: not to be changed, and in JSON as the wire has it."""

import pytest
from pydantic import ValidationError

import triosigno_db as db


class Name(db.Record):
    name: str


class Detailed(Name):
    image_url: str


PAGE = db.Page[Name](items=(Name(name="a"),), next_cursor="abc", has_more=True)


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
