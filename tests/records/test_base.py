"""The base of records, pages and inputs: immutable, in camelCase on the wire, silent on values."""

import pydantic
import pytest

from triosigno_db.records.base import WireModel


class Place(WireModel):
    house_number: int


def test_a_field_is_given_by_either_name_and_written_in_camel_case() -> None:
    by_name, by_alias = Place(house_number=7), Place.model_validate({"houseNumber": 7})
    assert by_name == by_alias
    assert by_name.model_dump_json() == '{"houseNumber":7}'


def test_an_object_is_immutable() -> None:
    place = Place(house_number=7)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        place.house_number = 8
    assert hash(place) == hash(Place(house_number=7))


def test_an_error_does_not_show_the_value() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Place.model_validate({"houseNumber": "a secret"})
    assert "a secret" not in str(caught.value)
