"""An account with rows in every table that refers to it, and accounts of other software."""

import bcrypt

import triosigno_db as db
from tests.plain_sql import run_plain
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


def insert_user(url: str, email: str, username: str, *, password: str = "", age: int = 0) -> str:
    """Insert an account as other software may store it, some days ago; give its id."""
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    ((user_id,),) = run_plain(
        url,
        'INSERT INTO "User" ("id", "email", "username", "password", "createdAt", "updatedAt")'
        " VALUES (gen_random_uuid()::text, %s, %s, %s, now() - %s * interval '1 day', now())"
        ' RETURNING "id"',
        (email, username, hashed, age),
    )
    return str(user_id)
