"""An account with rows in every table that refers to it."""

import triosigno_db as db
from triosigno_db.testing.factories import make_lesson, make_sign, make_user


def lived_in() -> db.UserWithPreferences:
    user = make_user()
    sign, lesson = make_sign(name="Être"), make_lesson(signs=0, title="Saluer")
    db.record_attempt(user.id, sign.id, is_correct=True)
    db.start_session(user.id, lesson.id)
    db.create_achievement(
        db.NewAchievement(
            name="Premier", description="", image_url="https://example.org/a", xp_reward=1
        )
    )
    db.award_achievement(user.id, "Premier")
    return user
