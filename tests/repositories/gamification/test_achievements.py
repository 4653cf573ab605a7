"""Achievements: created, listed by name, changed, deleted with or without their awards."""

import pytest

import triosigno_db as db
from triosigno_db.testing.factories import make_achievement, make_award, make_user

pytestmark = pytest.mark.usefixtures("triosigno_db")

IMAGE = "https://media.example.org/badge.webp"


def test_a_new_achievement_comes_back_as_given() -> None:
    new = db.NewAchievement(name="Premiers pas", description="", image_url=IMAGE, xp_reward=10)
    made = db.create_achievement(new)
    assert (made.name, made.description, made.image_url, made.xp_reward) == (
        "Premiers pas",
        "",
        IMAGE,
        10,
    )
    assert db.get_achievement(made.id) == made


def test_achievements_are_listed_by_name() -> None:
    for name in ("c", "a", "b"):
        make_achievement(name=name)
    first = db.list_achievements(limit=2)
    second = db.list_achievements(limit=2, cursor=first.next_cursor)
    assert [each.name for each in (*first.items, *second.items)] == ["a", "b", "c"]
    assert (first.has_more, second.has_more) == (True, False)


def test_a_name_that_is_taken_is_refused() -> None:
    make_achievement(name="taken")
    other = make_achievement()
    for refused in (
        lambda: make_achievement(name="taken"),
        lambda: db.update_achievement(other.id, db.AchievementChanges(name="taken")),
    ):
        with pytest.raises(db.AlreadyExistsError) as caught:
            refused()
        assert (caught.value.entity, caught.value.field) == ("Achievement", "name")
    assert db.get_achievement(other.id) == other


def test_an_achievement_that_was_awarded_is_deleted_with_its_awards_alone() -> None:
    user, achievement = make_user().id, make_achievement()
    make_award(user_id=user, achievement_id=achievement.id)
    with pytest.raises(db.InUseError):
        db.delete_achievement(achievement.id)
    assert len(db.list_user_achievements(user).items) == 1
    db.delete_achievement(achievement.id, cascade=True)
    assert db.list_user_achievements(user).items == ()
    with pytest.raises(db.NotFoundError):
        db.get_achievement(achievement.id)
