"""Awards: an achievement is awarded to a learner once."""

import threading

import triosigno_db as db
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_user


def test_an_achievement_is_awarded_once(triosigno_db: IsolatedDatabase) -> None:
    user, achievement = make_user().id, make_achievement(name="one", xp_reward=5)
    first = db.award_achievement(user, "one")
    assert (first.is_new, first.achievement) == (True, achievement)
    again = db.award_achievement(user, achievement.id)
    assert again == first.model_copy(update={"is_new": False})
    (listed,) = db.list_user_achievements(user).items
    assert listed.model_dump() == {k: v for k, v in first.model_dump().items() if k != "isNew"}


def test_of_awards_at_once_one_is_new(triosigno_db: IsolatedDatabase) -> None:
    make_achievement(name="one", xp_reward=5)
    for _ in range(3):
        user = make_user().id
        barrier = threading.Barrier(4)
        awards: list[db.Award] = []

        def award(user: str, barrier: threading.Barrier, awards: list[db.Award]) -> None:
            barrier.wait()
            awards.append(db.award_achievement(user, "one"))

        arguments = (user, barrier, awards)
        threads = [threading.Thread(target=award, args=arguments) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each.is_new for each in awards) == [False] * 3 + [True]
        assert len({each.id for each in awards}) == 1


def test_the_id_comes_before_a_name_that_looks_like_it(triosigno_db: IsolatedDatabase) -> None:
    achievement = make_achievement(name="one", xp_reward=5)
    make_achievement(name=achievement.id, xp_reward=6)
    assert db.award_achievement(make_user().id, achievement.id).achievement == achievement


def test_the_awards_of_a_learner_come_latest_first(triosigno_db: IsolatedDatabase) -> None:
    user = make_user().id
    for name in ("one", "two", "three"):
        make_achievement(name=name, xp_reward=5)
        db.award_achievement(user, name)
    listed = [each.achievement.name for each in db.list_user_achievements(user, limit=2)]
    assert listed == ["three", "two"]
    names = [each.achievement.name for each in db.iterate(db.list_user_achievements, user, limit=1)]
    assert names == ["three", "two", "one"]
