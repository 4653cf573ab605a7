"""Each column type refuses what it can't hold before anything is sent, naming the attribute."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

import triosigno_db as db
from triosigno_db.models import LearningSession, Module, Sign, User, UserPreference
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user

SIGN = {"name": "s", "description": "", "video_url": "u", "category": "c"}
OUT_OF_REACH = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("model", "field", "value", "why"),
    [
        (User, "created_at", datetime(2026, 1, 31), "aware"),  # noqa: DTZ001
        (User, "created_at", OUT_OF_REACH, "years 1 to 9999"),
        (User, "updated_at", "2026-01-31", "must be a datetime"),
        (LearningSession, "end_time", date(2026, 1, 31), "must be a datetime"),
        (User, "email", "a\0b", "NUL"),
        (User, "first_name", "\ud800", "Unicode"),
        (User, "username", b"bytes", "must be a string"),
        (User, "username", 3, "must be a string"),
        (User, "is_active", "no", "True or False"),
        (User, "is_active", 1, "True or False"),
        (User, "role", "GUEST", "ADMIN, TEACHER, STUDENT"),
        (User, "role", 3, "ADMIN, TEACHER, STUDENT"),
        (UserPreference, "learning_goal", "10", "whole number"),
        (UserPreference, "learning_goal", True, "whole number"),
        (UserPreference, "learning_goal", 1.0, "whole number"),
        (Module, "order", 2**31, "32 bits"),
        (Module, "order", -(2**31) - 1, "32 bits"),
        (User, "id", 7, "must be a string"),
        (UserPreference, "user", 7, "must be a string"),
    ],
)
def test_a_wrong_value_names_its_attribute(
    triosigno_db: IsolatedDatabase, model: Any, field: str, value: object, why: str
) -> None:
    with pytest.raises(db.InvalidInputError, match=why) as caught:
        model.insert({field: value}).execute()
    assert caught.value.field == ("id" if field == "user" else field)
    with pytest.raises(db.InvalidInputError, match=why):
        model.update({field: value}).execute()
    with pytest.raises(db.InvalidInputError, match=why):
        model.select().where(getattr(model, field) == value).count()
    assert model.select().count() == 0


@pytest.mark.parametrize("value", [-(2**31), -1, 0, 1, 2**31 - 1])
def test_whole_numbers_come_back(connected: str, value: int) -> None:
    db.create_schema()
    from triosigno_db.database.execution import run_sql  # noqa: PLC0415

    run_sql('ALTER TABLE "Module" DROP CONSTRAINT "Module_order_check"')
    made = Module.create(title="", description="", order=value)
    assert Module.get_by_id(made.id).order == value


@pytest.mark.parametrize("value", ["", '\'; DROP TABLE "User"; --', "%s %(x)s", "é\u2028𝄞\n\t\\"])
def test_texts_come_back(triosigno_db: IsolatedDatabase, value: str) -> None:
    made = Module.create(title=value, description="", order=1)
    assert Module.get_by_id(made.id).title == value
    assert Module.get(Module.title == value).id == made.id


@pytest.mark.parametrize("label", list(db.DifficultyLevel))
def test_labels_and_members_come_back_as_members(
    triosigno_db: IsolatedDatabase, label: db.DifficultyLevel
) -> None:
    from triosigno_db.testing.factories import make_category  # noqa: PLC0415

    values = {**SIGN, "category": make_category().id}
    for number, given in enumerate((label, label.value)):
        made = Sign.create(**{**values, "name": f"s{number}"}, difficulty=given)
        assert Sign.get_by_id(made.id).difficulty is label


def test_labels_are_compared_by_the_server_s_own_operators(triosigno_db: IsolatedDatabase) -> None:
    make_user()
    is_student = User.role == db.UserRole.STUDENT
    assert "OPERATOR(pg_catalog.=)" in User.select().where(is_student).sql()[0]
    assert User.select().where(is_student).count() == 1
    assert User.select().where(User.role == "ADMIN").count() == 0
    assert User.select().where(User.role != db.UserRole.ADMIN, is_student | is_student).count() == 1
    assert User.select().where(User.role == None).count() == 0  # noqa: E711
    assert User.select().where(User.role != None).count() == 1  # noqa: E711
    assert User.select().where(User.role.in_(["STUDENT", "ADMIN"])).count() == 1
    with pytest.raises(db.InvalidInputError):
        User.select().where(User.role == "nobody").count()
    assert len({User.role, User.role}) == 1


def test_a_missing_time_is_none(triosigno_db: IsolatedDatabase) -> None:
    assert LearningSession.select().where(LearningSession.end_time.is_null()).count() == 0
    moment = datetime(1, 1, 1, tzinfo=UTC)
    made = Module.create(title="", description="", order=1, created_at=moment)
    assert Module.get_by_id(made.id).created_at == moment
