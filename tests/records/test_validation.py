"""Pydantic's errors as the library's: every wrong field by its Python name, without its value."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from triosigno_db.errors import InvalidInputError
from triosigno_db.records.validation import invalid_input


class Inner(BaseModel):
    numbers: list[int]


class Outer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    first_name: str = Field(max_length=3)
    inner_part: Inner | None = None

    @field_validator("first_name")
    @classmethod
    def _refuse_x(cls, text: str) -> str:
        if text == "x":
            raise ValueError("must not be an x")
        return text


def error_of(values: Any) -> InvalidInputError:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(values)
    return invalid_input(caught.value, Outer)


def test_a_field_is_named_by_its_attribute_however_it_was_spelt() -> None:
    for name in ("firstName", "first_name"):
        error = error_of({name: "secret"})
        assert error.field == "first_name"
        assert "secret" not in str(error)


def test_every_wrong_field_is_named() -> None:
    error = error_of({"firstName": 7, "innerPart": {"numbers": [1, "b"]}})
    assert [each.field for each in error.errors] == ["first_name", "inner_part.numbers.1"]


def test_what_is_no_object_is_an_input() -> None:
    assert error_of(7).field == "input"


def test_a_validator_s_own_words_are_kept() -> None:
    assert error_of({"firstName": "x"}).why == "must not be an x"
