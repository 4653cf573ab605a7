"""An account's export: all that is stored of it but the password's hash."""

from datetime import UTC, datetime

from pydantic.alias_generators import to_snake

import triosigno_db as db
from tests.plain_sql import run_plain
from tests.repositories.accounts.users import lived_in
from triosigno_db.repositories.accounts.export import PARTS
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_lesson, make_sign, make_user


def test_an_export_holds_everything_but_the_hash(triosigno_db: IsolatedDatabase) -> None:
    make_user()
    user = lived_in()
    export = db.export_user(user.id)
    assert db.get_user_with_preferences(user.id).model_dump().items() <= export.model_dump().items()
    assert [row.sign_name for row in export.progress] == ["Être"]
    assert [row.lesson_title for row in export.sessions] == ["Saluer"]
    assert [row.achievement_name for row in export.achievements] == ["Premier"]
    assert "$2b$" not in export.model_dump_json()
    assert db.UserExport.model_validate_json(export.model_dump_json()) == export


def test_an_export_lists_the_oldest_first(triosigno_db: IsolatedDatabase) -> None:
    user, lesson = make_user(), make_lesson(signs=0)
    sessions = [db.start_session(user.id, lesson.id) for _ in range(3)]
    for place, session in enumerate(sessions):
        run_plain(
            triosigno_db.url,
            'UPDATE "LearningSession" SET "startTime" = %s WHERE "id" = %s',
            (datetime(2026, 1, 9 - place, tzinfo=UTC).replace(tzinfo=None), session.id),
        )
    exported = [session.id for session in db.export_user(user.id).sessions]
    assert exported == [session.id for session in reversed(sessions)]


def test_each_list_of_an_export_is_in_order(triosigno_db: IsolatedDatabase) -> None:
    user = make_user().id
    lesson = make_lesson(signs=0).id
    for number in range(7):
        db.record_attempt(user, make_sign().id, is_correct=True)
        db.start_session(user, lesson)
        db.award_achievement(user, make_achievement(name=f"number {number}").id)
    for part in PARTS:
        table, column = part.owner.model._meta.table_name, part.sort_column
        # Neither in the order in which they were stored, nor in that of their ids.
        run_plain(
            triosigno_db.url,
            f'UPDATE "{table}" SET "{column}" = now() - length(md5(id)) * interval \'1 s\''
            f" * ascii(right(md5(id), 1)) - interval '1 s' * ascii(md5(id))",
        )
    exported = db.export_user(user)
    for part in PARTS:
        rows = getattr(exported, to_snake(part.field))
        assert len(rows) == 7
        ids = [row.id for row in rows]
        table, column = part.owner.model._meta.table_name, part.sort_column
        stored = run_plain(triosigno_db.url, f'SELECT id FROM "{table}" ORDER BY "{column}", id')
        assert ids == [each for (each,) in stored]
