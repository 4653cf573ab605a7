"""Preferences: read, changed, and made where they are missing."""

from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user


def test_preferences_are_made_where_they_are_missing(triosigno_db: IsolatedDatabase) -> None:
    user = make_user()
    run_plain(triosigno_db.url, 'DELETE FROM "UserPreference"')
    with pytest.raises(db.NotFoundError):
        db.get_preferences(user.id)
    made = db.update_preferences(user.id, db.PreferenceChanges(learning_goal=30))
    assert (made.language, made.notifications, made.dark_mode, made.learning_goal) == (
        "fr",
        True,
        False,
        30,
    )
    changed = db.update_preferences(user.id, db.PreferenceChanges(dark_mode=True, language="en-GB"))
    assert changed == db.get_preferences(user.id)
    assert (changed.id, changed.learning_goal, changed.dark_mode) == (made.id, 30, True)
    assert changed.language == "en-GB"


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_goal": 0},
        {"learning_goal": 1441},
        {"learning_goal": True},
        {"language": "not a language"},
        {"dark_mode": 1},
        {"language": None},
    ],
)
def test_preferences_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        db.PreferenceChanges(**wrong)
    assert caught.value.field == next(iter(wrong))
