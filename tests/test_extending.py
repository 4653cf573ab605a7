"""A service's own tables: models, statements, records, and the library's errors."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

import triosigno_db as db
from tests.service_models import Handedness, define_recognition
from triosigno_db import aio, extending
from triosigno_db.extending import (
    NOW,
    Parameter,
    Record,
    Statement,
    Timestamp,
    columns,
    coroutine,
    fetch_all,
    fetch_one,
    new_id,
    new_values,
    statement,
    write,
)
from triosigno_db.models import Sign
from triosigno_db.schema import create_schema
from triosigno_db.testing.factories import make_sign, make_user

GIVEN = ("user_id", "sign_id", "confidence", "model_version", "hand")


class Service:
    """Functions as a service writes them, for a model that is defined now."""

    def __init__(self, **options: Any) -> None:
        self.model = model = define_recognition(**options)

        class RecognitionRecord(Record, model=model):
            id: str
            user_id: str
            sign_id: str
            confidence: float
            model_version: str
            hand: Handedness | None
            created_at: Timestamp

        @statement(reads_only=False)
        def insert_recognition() -> Any:
            """Insert one recognition."""
            return model.insert(new_values(model, *GIVEN)).returning(*columns(RecognitionRecord))

        @statement(reads_only=True)
        def select_recognitions() -> Any:
            """Select the recognitions of a user."""
            return (
                model.select(*columns(RecognitionRecord))
                .where(model.user == Parameter("user_id"))
                .order_by(model.created_at, model.id)
            )

        self.record: type[Any] = RecognitionRecord
        self.insert, self.select = insert_recognition, select_recognitions

    def add(self, user_id: object, sign_id: object, confidence: float = 0.5, **more: Any) -> Any:
        values = {"model_version": new_id(), "hand": None} | more
        ids = {"id": new_id(), "user_id": user_id, "sign_id": sign_id}
        (added,) = write(self.insert(), self.record, **ids, confidence=confidence, **values)
        return added

    def of(self, user_id: object) -> tuple[Any, ...]:
        return fetch_all(self.select(), self.record, user_id=user_id)


@pytest.fixture
def service(connected: str) -> Service:
    """A service's table beside those of the library."""
    found = Service()
    create_schema()
    return found


def test_every_name_is_sorted_and_there() -> None:
    assert extending.__all__ == sorted(extending.__all__, key=_by_case)
    assert [name for name in extending.__all__ if not hasattr(extending, name)] == []


def _by_case(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


# -- reading and writing ----------------------------------------------------------------------


def test_what_is_written_is_read_as_a_record(service: Service) -> None:
    user, sign = make_user(), make_sign()
    added = service.add(user.id, sign.id, 0.75, hand=Handedness.LEFT)
    assert service.of(user.id) == (added,)
    assert (added.confidence, added.hand) == (0.75, Handedness.LEFT)
    assert UUID(added.id)
    assert abs(added.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert set(added.model_dump(mode="json")) == {
        *("id", "userId", "signId", "confidence", "modelVersion", "hand", "createdAt")
    }


def test_a_uuid_is_an_id(service: Service) -> None:
    user, sign = make_user(), make_sign()
    added = service.add(UUID(user.id), UUID(sign.id))
    assert service.of(UUID(user.id)) == (added,)


def test_a_statement_is_one_round_trip_and_prepared(service: Service) -> None:
    user = make_user()
    with db.connection():
        for _ in range(3):
            service.of(user.id)
        prepared = extending.execution.run_sql("SELECT name FROM pg_prepared_statements")
    assert [name for (name,) in prepared if name.endswith("select_recognitions")]
    assert service.select() is service.select()


def test_fetch_one_returns_a_row_or_none(service: Service) -> None:
    user, sign = make_user(), make_sign()
    assert fetch_one(service.select(), service.record, user_id=user.id) is None
    added = service.add(user.id, sign.id)
    assert fetch_one(service.select(), service.record, user_id=user.id) == added


def test_a_transaction_includes_a_services_writes(service: Service) -> None:
    user, sign = make_user(), make_sign()
    with pytest.raises(KeyError), db.transaction():
        service.add(user.id, sign.id)
        db.record_attempt(user.id, sign.id, is_correct=True)
        raise KeyError
    assert service.of(user.id) == ()
    assert db.list_progress(user.id).items == ()


def test_writes_are_refused_where_only_reads_are_allowed(service: Service) -> None:
    user, sign = make_user(), make_sign()
    with pytest.raises(db.ReadOnlyError), db.reading_from_replica():
        service.add(user.id, sign.id)
    assert service.of(user.id) == ()


def test_a_coroutine_runs_the_same_function(service: Service, connected: str) -> None:
    user, sign = make_user(), make_sign()

    async def use() -> Any:
        add, of = coroutine(service.add), coroutine(service.of)
        with pytest.raises(KeyError):
            async with aio.transaction():
                await add(user.id, sign.id)
                raise KeyError
        added = await add(user.id, sign.id)
        return added, await of(user.id)

    added, found = asyncio.run(use())
    assert found == (added,)


def test_a_time_is_sent_in_utc(service: Service) -> None:
    model = service.model

    @statement(reads_only=True)
    def select_since() -> Any:
        return model.select(*columns(service.record)).where(model.created_at >= Parameter("since"))

    added = service.add(make_user().id, make_sign().id)
    far = timezone(timedelta(hours=11))
    with db.transaction():
        extending.execution.run_sql("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        for since in (added.created_at, added.created_at.astimezone(far)):
            assert fetch_all(select_since(), service.record, since=since) == (added,)
            later = since + timedelta(milliseconds=1)
            assert fetch_all(select_since(), service.record, since=later) == ()
    with pytest.raises(db.InvalidInputError, match="since"):
        fetch_all(select_since(), service.record, since=datetime(2026, 1, 1))  # noqa: DTZ001


# -- errors -----------------------------------------------------------------------------------


def test_a_taken_value_names_the_services_entity(service: Service) -> None:
    user, sign = make_user(), make_sign()
    service.add(user.id, sign.id, model_version="1")
    with pytest.raises(db.AlreadyExistsError) as caught:
        service.add(user.id, sign.id, model_version="1")
    assert (caught.value.entity, caught.value.field) == (
        "Recognition",
        "model_version, user_id, sign_id",
    )


def test_a_missing_reference_names_what_is_missing(service: Service) -> None:
    missing = str(uuid4())
    with pytest.raises(db.NotFoundError) as caught:
        service.add(make_user().id, missing)
    assert (caught.value.entity, caught.value.key) == ("Sign", missing)


def test_a_check_names_the_attribute(service: Service) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        service.add(make_user().id, make_sign().id, 1.5)
    assert caught.value.field == "confidence"


def test_a_missing_value_names_the_attribute(service: Service) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        service.add(make_user().id, make_sign().id, model_version=None)
    assert caught.value.field == "model_version"


def test_a_table_that_is_not_there_is_said(triosigno_db: object) -> None:
    with pytest.raises(db.SchemaMismatchError, match="Recognition"):
        Service().of(make_user().id)


# -- what a developer gets wrong --------------------------------------------------------------


def test_a_record_must_accept_what_its_columns_hold(service: Service) -> None:
    class Whole(Record, model=service.model):
        confidence: int

    @statement(reads_only=True)
    def select_whole() -> Any:
        return service.model.select(*columns(Whole))

    with pytest.raises(db.InvalidInputError, match=r"Whole\.confidence must accept every value"):
        fetch_all(select_whole(), Whole)


def test_a_record_must_fit_the_columns(service: Service) -> None:
    class Short(Record, model=service.model):
        id: str

    service.add(make_user().id, make_sign().id)
    user_id = service.model.select().get().user_id
    with pytest.raises(db.InvalidInputError, match="Short has 1 fields, but the statement has 7"):
        fetch_all(service.select(), Short, user_id=user_id)


def test_a_record_that_does_not_fit_is_refused_before_anything_is_written(service: Service) -> None:
    class Short(Record, model=service.model):
        id: str

    model = service.model

    @statement(reads_only=False)
    def insert_short() -> Any:
        return model.insert(new_values(model, *GIVEN)).returning(*columns(service.record))

    user, sign = make_user(), make_sign()
    given = {"confidence": 0.5, "model_version": "1", "hand": None}
    with pytest.raises(db.InvalidInputError, match="Short has 1 fields"):
        write(insert_short(), Short, id=new_id(), user_id=user.id, sign_id=sign.id, **given)
    assert model.select().count() == 0


def test_an_unknown_field_of_a_record_is_refused(service: Service) -> None:
    class Wrong(Record, model=service.model):
        colour: str

    with pytest.raises(db.InvalidInputError, match="Recognition has no field colour"):
        columns(Wrong)


def test_computed_fields_are_given_by_attribute(service: Service) -> None:
    class Named(Record, model=service.model):
        sign_name: str
        confidence: float

    model = service.model

    @statement(reads_only=True)
    def select_named() -> Any:
        chosen = columns(Named, computed={"sign_name": Sign.name})
        return model.select(*chosen).join(Sign, on=model.sign == Sign.id)

    sign = make_sign()
    service.add(make_user().id, sign.id, 0.25)
    assert fetch_all(select_named(), Named) == (Named(sign_name=sign.name, confidence=0.25),)


def test_a_record_without_a_model_is_computed(service: Service) -> None:
    class Mean(Record):
        mean: float

    @statement(reads_only=True)
    def select_mean() -> Any:
        mean = extending.compose("avg(confidence)")
        return service.model.select(*columns(Mean, computed={"mean": mean}))

    service.add(make_user().id, make_sign().id, 0.25)
    assert fetch_one(select_mean(), Mean) == Mean(mean=0.25)
    with pytest.raises(db.InvalidInputError, match="Mean has no model for mean"):
        columns(Mean)


def test_an_id_of_one_row_is_refused_in_a_statement_for_all(service: Service) -> None:
    model = service.model
    values = {model.user: Parameter("user_id"), model.created_at: NOW, model.updated_at: NOW}

    @statement(reads_only=False)
    def insert_with_default() -> Any:
        return model.insert(values).returning(*columns(service.record))

    with pytest.raises(db.InvalidInputError, match="insert_with_default: holds a default"):
        write(insert_with_default(), service.record, user_id=make_user().id)


def test_a_time_of_one_call_is_refused_in_a_statement_for_all(service: Service) -> None:
    model = service.model

    @statement(reads_only=False)
    def update_without_now() -> Any:
        changed = model.update({model.confidence: Parameter("confidence")})
        return changed.returning(*columns(service.record))

    with pytest.raises(db.InvalidInputError, match="update_without_now: holds the time"):
        write(update_without_now(), service.record, confidence=0.5)


@pytest.mark.parametrize("call", [fetch_all, fetch_one])
def test_reading_functions_do_not_write(service: Service, call: Any) -> None:
    with pytest.raises(db.InvalidInputError, match=r"use write\(\)"):
        call(service.insert(), service.record)


def test_write_does_not_read(service: Service) -> None:
    with pytest.raises(db.InvalidInputError, match=r"use fetch_all\(\)"):
        write(service.select(), service.record)


def test_an_unknown_attribute_of_a_new_row_is_refused(service: Service) -> None:
    with pytest.raises(db.InvalidInputError, match="colour: Recognition has no such attribute"):
        new_values(service.model, "colour")


def test_a_statement_takes_its_choices_by_name() -> None:
    @statement(reads_only=True)
    def select_some(model: Any, limit: int = 3) -> Any:
        return model.select().limit(limit)

    assert isinstance(select_some(Sign, limit=2), Statement)
    assert select_some(Sign) is select_some(Sign)


def test_a_row_that_cannot_be_read_says_that_it_is_stored(service: Service) -> None:
    model = service.model

    @statement(reads_only=False)
    def insert_in_the_far_future() -> Any:
        values = new_values(model, *GIVEN) | {model.created_at: extending.compose("'infinity'")}
        return model.insert(values).returning(*columns(service.record))

    ids = {"id": new_id(), "user_id": make_user().id, "sign_id": make_sign().id}
    values = {"confidence": 0.5, "model_version": "1", "hand": None}
    with pytest.raises(db.UnreadableRowError) as caught:
        write(insert_in_the_far_future(), service.record, **ids, **values)
    assert caught.value.is_stored is True
    assert caught.value.entity == "Recognition"
