"""Categories of signs: created, their names taken once."""

import pytest

import triosigno_db as db
from triosigno_db.testing.factories import make_category

pytestmark = pytest.mark.usefixtures("triosigno_db")
IMAGE = "https://media.example.org/bonjour.png"


def test_a_new_category_comes_back_as_given() -> None:
    made = db.create_category(db.NewCategory(name="Famille", description="Les proches"))
    assert (made.name, made.description, made.image_url) == ("Famille", "Les proches", None)
    assert make_category(image_url=IMAGE).image_url == IMAGE
