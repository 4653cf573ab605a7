"""Models used directly keep the promises of the functions."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import peewee
import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.models import (
    Lesson,
    Module,
    Progress,
    Sign,
    SignCategory,
    User,
    UserPreference,
)
from triosigno_db.models.base import BaseModel
from triosigno_db.models.fields import IdField
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_module, make_sign, make_user

LONG_AGO = datetime(2020, 1, 31, 8, 0, 0, 123000, tzinfo=UTC)


def stored(category: SignCategory) -> SignCategory:
    return SignCategory.get_by_id(category.id)


def just_now(moment: datetime) -> bool:
    return abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def create() -> SignCategory:
    return SignCategory.create(name=str(uuid4()), description="")


def save() -> SignCategory:
    category = SignCategory(name=str(uuid4()), description="")
    assert category.save() == 1
    return category


def insert() -> SignCategory:
    key = SignCategory.insert(name=str(uuid4()), description="").execute()
    return SignCategory.get_by_id(key)


def insert_many() -> SignCategory:
    name = str(uuid4())
    SignCategory.insert_many([{"name": name, "description": ""}]).execute()
    return SignCategory.get(SignCategory.name == name)


def bulk_create() -> SignCategory:
    category = SignCategory(name=str(uuid4()), description="")
    SignCategory.bulk_create([category])
    return category


def get_or_create() -> SignCategory:
    category, is_new = SignCategory.get_or_create(name=str(uuid4()), defaults={"description": ""})
    assert is_new
    return category


@pytest.mark.parametrize("make", [create, save, insert, insert_many, bulk_create, get_or_create])
def test_ids_and_timestamps_are_filled_on_insert(
    triosigno_db: IsolatedDatabase, make: object
) -> None:
    category = make()  # type: ignore[operator]
    again = stored(category)
    assert str(UUID(again.id)) == again.id == category.id
    assert just_now(again.created_at)
    assert just_now(again.updated_at)
    assert (again.created_at, again.updated_at) == (category.created_at, category.updated_at)


def test_a_new_row_with_an_id_of_its_own_is_inserted(triosigno_db: IsolatedDatabase) -> None:
    category = SignCategory(id=str(uuid4()), name="mine", description="")
    assert category.save() == 1
    assert stored(category).name == "mine"


def test_a_second_row_of_one_id_is_refused(triosigno_db: IsolatedDatabase) -> None:
    first = create()
    with pytest.raises(peewee.IntegrityError):
        SignCategory(id=first.id, name="second", description="").save()
    assert SignCategory.select().count() == 1


def age(category: SignCategory) -> None:
    run_sql(
        'UPDATE "SignCategory" SET "updatedAt" = %(at)s WHERE id = %(id)s',
        at=LONG_AGO.replace(tzinfo=None),
        id=category.id,
    )


def save_change(category: SignCategory) -> None:
    category = stored(category)
    category.description = "changed"
    assert category.save() == 1
    assert just_now(category.updated_at)


def save_only(category: SignCategory) -> None:
    category = stored(category)
    category.description = "changed"
    category.save(only=[SignCategory.description])


def update(category: SignCategory) -> None:
    SignCategory.update(description="changed").where(SignCategory.id == category.id).execute()


def update_by_field(category: SignCategory) -> None:
    change = {SignCategory.description: "changed"}
    SignCategory.update(change).where(SignCategory.id == category.id).execute()


def set_by_id(category: SignCategory) -> None:
    SignCategory.set_by_id(category.id, {"description": "changed"})


def bulk_update(category: SignCategory) -> None:
    category.description = "changed"
    SignCategory.bulk_update([category], fields=[SignCategory.description])


@pytest.mark.parametrize(
    "change", [save_change, save_only, update, update_by_field, set_by_id, bulk_update]
)
def test_updated_at_moves_on_every_change(triosigno_db: IsolatedDatabase, change: object) -> None:
    category = create()
    age(category)
    change(category)  # type: ignore[operator]
    again = stored(category)
    assert again.description == "changed"
    assert just_now(again.updated_at)
    assert again.created_at == category.created_at


def test_a_given_updated_at_is_kept(triosigno_db: IsolatedDatabase) -> None:
    category = create()
    SignCategory.update(updated_at=LONG_AGO).execute()
    assert stored(category).updated_at == LONG_AGO
    again = stored(category)
    again.updated_at = LONG_AGO + timedelta(days=1)
    again.save()
    assert stored(category).updated_at == LONG_AGO + timedelta(days=1)


def test_saving_without_a_change_writes_nothing(triosigno_db: IsolatedDatabase) -> None:
    category = create()
    age(category)
    assert not stored(category).save()
    assert stored(category).updated_at == LONG_AGO


def test_saving_writes_what_was_changed_only(triosigno_db: IsolatedDatabase) -> None:
    category = create()
    mine, theirs = stored(category), stored(category)
    theirs.name = "theirs"
    theirs.save()
    mine.description = "mine"
    mine.save()
    assert (stored(category).name, stored(category).description) == ("theirs", "mine")


def test_saving_a_row_that_is_gone_tells_zero(triosigno_db: IsolatedDatabase) -> None:
    category = stored(create())
    category.delete_instance()
    category.description = "changed"
    assert category.save() == 0
    assert SignCategory.select().count() == 0


def test_a_model_without_updated_at_can_be_changed(triosigno_db: IsolatedDatabase) -> None:
    from triosigno_db.models import LearningSession  # noqa: PLC0415

    lesson = Lesson.create(
        title="l", description="", order=1, module=Module.get_by_id(make_module(lessons=0).id)
    )
    session = LearningSession.create(user=make_user().id, lesson=lesson)
    assert just_now(session.start_time)
    LearningSession.update(completed=True).execute()
    session = LearningSession.get_by_id(session.id)
    session.score = 7
    session.save()
    again = LearningSession.get_by_id(session.id)
    assert (again.completed, again.score, again.end_time) == (True, 7, None)


def test_defaults_are_those_of_the_schema(triosigno_db: IsolatedDatabase) -> None:
    user = User.create(email="a@example.org", username="a", password="x")
    preferences = UserPreference.create(user=user)
    user, preferences = User.get_by_id(user.id), UserPreference.get_by_id(preferences.id)
    assert (user.role, user.is_active, user.first_name) == (db.UserRole.STUDENT, True, None)
    assert (preferences.language, preferences.learning_goal) == ("fr", 10)
    assert (preferences.notifications, preferences.dark_mode) == (True, False)


def test_references_are_taken_as_row_text_or_uuid(triosigno_db: IsolatedDatabase) -> None:
    module = make_module(lessons=0)
    for order, reference in enumerate((Module.get_by_id(module.id), module.id, UUID(module.id))):
        Lesson.create(title="l", description="", order=order, module=reference)
    lessons = list(Lesson.select().where(Lesson.module == UUID(module.id)).order_by(Lesson.order))
    assert [lesson.module_id for lesson in lessons] == [module.id] * 3
    assert lessons[0].module.title == module.title
    assert [lesson.order for lesson in Module.get_by_id(module.id).lessons.order_by(Lesson.order)]


def test_joins_dicts_and_aggregates_read_as_usual(triosigno_db: IsolatedDatabase) -> None:
    sign = make_sign(name="sign")
    user = make_user()
    db.record_attempt(user.id, sign.id, is_correct=True)
    progress = Progress.select(Progress, Sign).join(Sign).get()
    assert (progress.sign.name, progress.mastery_level) == (sign.name, 10)
    (row,) = Sign.select(Sign.name, Sign.difficulty).dicts()
    assert row == {"name": sign.name, "difficulty": db.DifficultyLevel.BEGINNER}
    assert Progress.select(peewee.fn.avg(Progress.mastery_level)).scalar() == 10
    assert Sign.select().where(Sign.difficulty == "BEGINNER").count() == 1
    assert Sign.select().where(Sign.name.startswith("sign")).count() == 1


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Europe/Paris"])
def test_times_do_not_depend_on_the_session_s_zone(
    triosigno_db: IsolatedDatabase, zone: str
) -> None:
    with db.connection():
        run_sql(f"SET TimeZone = '{zone}'")
        category = SignCategory.create(name="a", description="", created_at=LONG_AGO)
        made = make_category(name="b")
        user, sign = make_user(), make_sign(category_id=made.id)
        progress = db.record_attempt(user.id, sign.id, is_correct=True)
    assert stored(category).created_at == LONG_AGO
    assert just_now(stored(category).updated_at)
    for moment in (made.created_at, user.created_at, progress.last_practiced, sign.updated_at):
        assert moment is not None
        assert just_now(moment)


def test_a_time_of_another_zone_is_stored_in_utc(triosigno_db: IsolatedDatabase) -> None:
    paris = timezone(timedelta(hours=2))
    category = SignCategory.create(
        name="a", description="", created_at=datetime(2026, 7, 1, 9, 30, tzinfo=paris)
    )
    assert stored(category).created_at == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert run_sql('SELECT "createdAt"::text FROM "SignCategory"') == [("2026-07-01 07:30:00",)]
    found = SignCategory.get(SignCategory.created_at == datetime(2026, 7, 1, 9, 30, tzinfo=paris))
    assert found.id == category.id


def test_milliseconds_are_kept_and_microseconds_cut(triosigno_db: IsolatedDatabase) -> None:
    moment = datetime(2026, 1, 31, 8, 0, 0, 123999, tzinfo=UTC)
    category = SignCategory.create(name="a", description="", created_at=moment)
    assert stored(category).created_at == moment.replace(microsecond=123000)


def test_an_upsert_reads_as_usual(triosigno_db: IsolatedDatabase) -> None:
    for description in ("first", "second"):
        SignCategory.insert(name="a", description=description).on_conflict(
            conflict_target=[SignCategory.name],
            preserve=[SignCategory.description, SignCategory.updated_at],
        ).execute()
    (category,) = SignCategory.select()
    assert category.description == "second"


def test_errors_are_peewee_s_without_a_row_s_values(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(peewee.IntegrityError) as caught:
        User.create(email="a@example.org", username="a", password="$2b$04$secret", role=None)
    assert "secret" not in str(caught.value)
    assert "violates not-null constraint" in str(caught.value)
    assert isinstance(caught.value.orig, psycopg2.Error)


def test_names_of_columns_are_those_of_prisma_unless_the_model_names_them() -> None:
    class Owner(BaseModel):
        pass

    class Thing(BaseModel):
        id = IdField()
        first_name = peewee.TextField()
        last_name = peewee.TextField(column_name="last name")
        owner = peewee.ForeignKeyField(Owner, backref="+")
        sharer = peewee.ForeignKeyField(
            Owner, backref="+", column_name="sharer", object_id_name="sharer_key"
        )

    assert list(Thing._meta.columns) == ["id", "firstName", "last name", "ownerId", "sharer"]
    assert Thing.owner_id is Thing.owner
    assert Thing.sharer_key is Thing.sharer
