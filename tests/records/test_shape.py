"""Shapes: a class that can't hold what its columns may hold is refused before anything is sent."""

import pickle
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, create_model

import triosigno_db as db
from triosigno_db.records import check_shape

DEFAULTS = sorted(
    (
        record
        for name in db.__all__
        if isinstance(record := getattr(db, name), type) and issubclass(record, db.Record)
    ),
    key=lambda record: record.__name__,
)

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)


def shape_of(**fields: Any) -> type[db.Record]:
    """A record class with some fields, each a type or a type and a `Field`."""
    made = {name: each if isinstance(each, tuple) else (each, ...) for name, each in fields.items()}
    return create_model("Part", __base__=db.Record, **made)


@pytest.mark.parametrize("default", [each for each in DEFAULTS if each.selection() != ((), ())])
def test_every_record_class_of_the_library_holds_its_own_rows(default: type[db.Record]) -> None:
    subclass = type("Same", (default,), {"__module__": __name__})
    assert check_shape(subclass, default).selection == default.selection()


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("id", int),
        ("id", UUID),
        ("email", Annotated[str, Field(max_length=30)]),
        ("email", Annotated[str, Field(pattern="@")]),
        ("username", Literal["lea"]),
        ("username", int),
        ("first_name", str),
        ("first_name", int | None),
        ("role", Literal["ADMIN", "TEACHER", "STUDENT"]),
        ("created_at", str),
        ("created_at", date),
        ("created_at", int),
        ("is_active", Literal[True]),
        ("is_active", datetime),
        ("profile_picture", str),
    ],
)
def test_a_type_that_does_not_accept_every_value_is_named(field: str, kind: Any) -> None:
    with pytest.raises(db.InvalidInputError, match=rf"^shape: Part\.{field} must accept every"):
        check_shape(shape_of(**{"updated_at": datetime, field: kind}), db.UserRecord)


@pytest.mark.parametrize("kind", [datetime, str | None, int | None, None])
def test_a_nullable_timestamp_must_accept_both_a_time_and_none(kind: Any) -> None:
    with pytest.raises(db.InvalidInputError, match=r"end_time must accept every value"):
        check_shape(shape_of(end_time=kind), db.SessionRecord)
    assert check_shape(shape_of(end_time=datetime | None), db.SessionRecord)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("id", Any),
        ("id", str | UUID),
        ("first_name", str | None),
        ("role", str),
        ("role", db.UserRole),
        ("role", db.UserRole | None),
        ("created_at", datetime),
        ("created_at", object),
        ("is_active", int),
        ("username", bytes),
    ],
)
def test_a_wider_type_is_accepted(field: str, kind: Any) -> None:
    assert check_shape(shape_of(**{field: kind}), db.UserRecord).record.model_fields.keys() == {
        field
    }


@pytest.mark.parametrize(
    ("field", "kind"), [("role", db.DifficultyLevel), ("username", db.UserRole | None)]
)
def test_an_enum_of_another_column_is_refused(field: str, kind: Any) -> None:
    with pytest.raises(db.InvalidInputError, match=rf"Part\.{field} must not be a "):
        check_shape(shape_of(**{field: kind}), db.UserRecord)


def test_nested_types_are_checked() -> None:
    sign = shape_of(image_url=str)
    lesson = shape_of(lesson_signs=tuple[shape_of(sign=sign), ...])  # type: ignore[misc]
    with pytest.raises(db.InvalidInputError, match="image_url must accept every value"):
        check_shape(shape_of(lessons=tuple[lesson, ...]), db.ModuleTree)  # type: ignore[valid-type]
    required = shape_of(preferences=(shape_of(language=str), Field(alias="userPreferences")))
    with pytest.raises(db.InvalidInputError, match="preferences must accept every value"):
        check_shape(required, db.UserWithPreferences)


def test_a_validator_of_the_shape_is_run() -> None:
    with pytest.raises(db.InvalidInputError, match=r"order must accept .* greater than 0"):
        check_shape(shape_of(order=Annotated[int, Field(gt=0)]), db.LessonRecord)


@pytest.mark.parametrize("shape", [None, 1, "UserRecord", [], {}, dict, object, db.NewUser])
def test_what_is_no_record_class_is_refused(shape: Any) -> None:
    with pytest.raises(db.InvalidInputError, match="must be a subclass of Record"):
        check_shape(shape, db.UserRecord)


USER = {
    "id": "user-1",
    "email": "lea@example.org",
    "username": "lea",
    "firstName": None,
    "lastName": None,
    "role": "STUDENT",
    "profilePicture": None,
    "createdAt": NOW,
    "updatedAt": NOW,
    "isActive": True,
}


def test_a_row_becomes_a_record() -> None:
    checked = check_shape(db.UserRecord, db.UserRecord)
    user = checked.from_row(tuple(USER.values()))
    assert (user.id, user.role, user.created_at) == ("user-1", db.UserRole.STUDENT, NOW)


def test_an_unknown_label_is_an_instance_of_its_enum() -> None:
    checked = check_shape(db.UserRecord, db.UserRecord)
    user = checked.from_values(USER | {"role": "MODERATOR"})
    assert isinstance(user.role, db.UserRole)
    assert (user.role, user.role.value, user.role.name) == ("MODERATOR",) * 3
    assert user.role not in list(db.UserRole)
    assert checked.from_values(USER | {"role": "MODERATOR"}).role is user.role
    assert pickle.loads(pickle.dumps(user)) == user
    assert db.UserRecord.model_validate_json(user.model_dump_json()) == user


def test_a_value_that_can_not_be_read_names_table_column_and_id() -> None:
    checked = check_shape(db.UserRecord, db.UserRecord)
    with pytest.raises(db.UnreadableRowError) as caught:
        checked.from_values(USER | {"updatedAt": "infinity"})
    error = caught.value
    assert (error.entity, error.column, error.key) == ("User", "updatedAt", "user-1")
    assert error.is_stored is None
    assert error.prisma_code == "P2023"
    assert isinstance(error, db.SchemaMismatchError)
    assert str(error).startswith("User user-1 can't be read: updatedAt: ")
    again = pickle.loads(pickle.dumps(error.after_write(is_stored=True)))
    assert (again.key, again.is_stored) == ("user-1", True)
    assert "The write is stored" in str(again)


def test_a_nested_value_that_can_not_be_read_names_its_own_row() -> None:
    preferences = {"id": "p-1", "language": "fr"}
    values = USER | {"userPreferences": preferences | {"updatedAt": "infinity"}}
    shape = shape_of(
        id=str,
        preferences=(
            shape_of(updated_at=datetime) | None,
            Field(alias="userPreferences"),
        ),
    )
    with pytest.raises(db.UnreadableRowError) as caught:
        check_shape(shape, db.UserWithPreferences).from_values(values)
    error = caught.value
    assert (error.entity, error.column, error.key) == ("UserPreference", "updatedAt", "p-1")
