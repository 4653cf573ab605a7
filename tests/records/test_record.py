"""Records: immutable, complete, and in JSON as JavaScript writes it."""

import json
import sys
from datetime import UTC, datetime, timedelta, timezone

import pydantic
import pytest

import triosigno_db as db
from tests.processes import run_process
from triosigno_db import records
from triosigno_db.models import MODELS
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_user

RECORDS = [
    each
    for each in vars(records).values()
    if isinstance(each, type) and issubclass(each, db.Record) and each is not db.Record
]
MOMENT = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
CATEGORY = {
    "id": "7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11",
    "name": "Politesse",
    "description": "",
    "image_url": None,
    "created_at": MOMENT,
    "updated_at": MOMENT.replace(microsecond=120000),
}


def test_json_is_as_javascript_writes_it() -> None:
    assert db.CategoryRecord(**CATEGORY).model_dump_json() == (
        '{"id":"7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11","name":"Politesse","description":"",'
        '"imageUrl":null,"createdAt":"2026-01-31T08:00:00.000Z",'
        '"updatedAt":"2026-01-31T08:00:00.120Z"}'
    )


def test_json_can_be_read_back(triosigno_db: IsolatedDatabase) -> None:
    user = make_user(first_name="Zoé")
    assert db.UserWithPreferences.model_validate_json(user.model_dump_json()) == user


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: each.__name__)
def test_no_record_knows_a_password(record: type[db.Record]) -> None:
    assert not any("password" in name for name in record.model_fields)


ENTITIES = (
    db.AchievementRecord,
    db.CategoryRecord,
    db.LessonRecord,
    db.LessonSignRecord,
    db.ModuleRecord,
    db.PreferencesRecord,
    db.ProgressRecord,
    db.SessionRecord,
    db.SignRecord,
    db.UserAchievementRecord,
    db.UserRecord,
)


@pytest.mark.parametrize("record", ENTITIES, ids=lambda each: each.__name__)
def test_every_plain_field_is_a_column_in_the_schema_s_order(record: type[db.Record]) -> None:
    orders = [
        [field.column_name for field in model._meta.sorted_fields if field.name != "password"]
        for model in MODELS
    ]
    assert list(record.selection().columns) in orders


def test_a_record_can_not_be_changed(triosigno_db: IsolatedDatabase) -> None:
    category = make_category()
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        category.name = "other"  # type: ignore[misc]
    assert hash(category) == hash(category.model_copy())


def test_times_are_aware_and_in_utc(triosigno_db: IsolatedDatabase) -> None:
    category = make_category()
    assert category.created_at.tzinfo is UTC
    assert category.created_at.microsecond % 1000 == 0


@pytest.mark.parametrize("moment", [datetime(2026, 1, 31, 8), "2026-01-31T08:00:00"])  # noqa: DTZ001
def test_a_naive_time_makes_no_record(moment: datetime | str) -> None:
    told = {**CATEGORY, "created_at": moment, "updated_at": "2026-01-31T08:00:00Z"}
    for make in (db.CategoryRecord.model_validate, lambda it: db.CategoryRecord(**it)):
        with pytest.raises(pydantic.ValidationError, match="timezone"):
            make(told)
    with pytest.raises(pydantic.ValidationError, match="timezone"):
        db.CategoryRecord.model_validate_json(json.dumps(told, default=datetime.isoformat))


IN_PARIS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    "moment", [datetime(2026, 1, 31, 9, tzinfo=IN_PARIS), "2026-01-31T09:00:00+01:00"]
)
def test_a_time_of_another_zone_is_converted_to_utc(moment: datetime | str) -> None:
    record = db.CategoryRecord.model_validate({**CATEGORY, "created_at": moment})
    assert record.created_at.tzinfo is UTC
    assert (
        json.loads(record.model_dump_json())["createdAt"]
        == json.loads(db.CategoryRecord(**CATEGORY).model_dump_json())["createdAt"]
        == "2026-01-31T08:00:00.000Z"
    )


def test_a_time_out_of_reach_of_utc_makes_no_record() -> None:
    first = datetime.min.replace(tzinfo=IN_PARIS)
    with pytest.raises(pydantic.ValidationError, match="years 1 to 9999"):
        db.CategoryRecord.model_validate({**CATEGORY, "created_at": first})


def test_a_time_may_be_what_it_is_in_the_schema_for_others() -> None:
    shown = db.CategoryRecord.model_json_schema()["properties"]
    assert shown["createdAt"] == {"format": "date-time", "title": "Createdat", "type": "string"}


def test_a_record_takes_either_spelling() -> None:
    camel = {"imageUrl": None, "createdAt": MOMENT, "updatedAt": CATEGORY["updated_at"]}
    snake = {name: CATEGORY[name] for name in ("id", "name", "description")}
    assert db.CategoryRecord.model_validate({**snake, **camel}) == db.CategoryRecord(**CATEGORY)


FIRST_USES = """
import threading
import triosigno_db as db
starting = threading.Barrier(16)
failures = []
def make():
    starting.wait()
    try:
        db.NewUser(email="a@example.org", username="a", password="mot de passe")
        db.Page[db.ModuleTree].model_validate({"items": [], "nextCursor": None, "hasMore": False})
    except BaseException as exc:
        failures.append(exc)
threads = [threading.Thread(target=make) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failures)
"""


def test_threads_may_make_the_first_records_at_once() -> None:
    command = [sys.executable, "-c", FIRST_USES]
    done = run_process(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
