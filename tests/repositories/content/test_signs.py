"""Signs: created in a category."""

import pytest

import triosigno_db as db
from triosigno_db.testing.factories import make_category

pytestmark = pytest.mark.usefixtures("triosigno_db")
VIDEO = "https://media.example.org/bonjour.mp4"
IMAGE = "https://media.example.org/bonjour.png"


def test_a_new_sign_comes_back_as_given() -> None:
    category = make_category()
    made = db.create_sign(
        db.NewSign(
            name="Bonjour",
            description="La main part de la bouche",
            video_url=VIDEO,
            image_url=IMAGE,
            difficulty=db.DifficultyLevel.ADVANCED,
            category_id=category.id,
        )
    )
    assert (made.name, made.description) == ("Bonjour", "La main part de la bouche")
    assert (made.video_url, made.image_url) == (VIDEO, IMAGE)
    assert made.difficulty is db.DifficultyLevel.ADVANCED
    assert made.category_id == category.id
