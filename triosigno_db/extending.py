"""What a service needs for tables of its own in the same database: models, statements, records.

    from triosigno_db.extending import BaseModel, ForeignKey, IdField, TextField
    from triosigno_db.models import User

    class Note(BaseModel):
        id = IdField()
        user = ForeignKey(User, backref="notes", on_delete="CASCADE", index=True)
        text = TextField()

A model is known to the library from its definition on: errors name it, `export_user` includes rows
that refer to the account, and the commands include the table, if `[tool.triosigno_db]` in the
service's `pyproject.toml` names the module.
"""

from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, ParamSpec, TypeVar
from uuid import UUID

import peewee
from pydantic import create_model
from pydantic.alias_generators import to_camel

from triosigno_db.arguments import check_id, check_timestamp
from triosigno_db.database import execution
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.statements import NOW, Parameter, Statement, compose, statement
from triosigno_db.database.statements import columns as columns_of_model
from triosigno_db.enums import LabelEnum
from triosigno_db.errors import InvalidInputError, UnreadableRowError
from triosigno_db.models.base import BaseModel as AnyModel
from triosigno_db.models.fields import (
    BooleanField,
    CreatedAtField,
    EnumField,
    FloatField,
    ForeignKey,
    IdField,
    IntegerField,
    TextField,
    TimestampField,
    UpdatedAtField,
    new_id,
)
from triosigno_db.models.services import ServiceModel as BaseModel
from triosigno_db.records import Changes, Input, Shape, check_shape
from triosigno_db.records import Record as AnyRecord
from triosigno_db.records.types import Description, Known, Name, Order, Reference, Timestamp, Url

__all__ = [
    "NOW",
    "BaseModel",
    "BooleanField",
    "Changes",
    "CreatedAtField",
    "Description",
    "EnumField",
    "FloatField",
    "ForeignKey",
    "IdField",
    "Input",
    "IntegerField",
    "Known",
    "LabelEnum",
    "Name",
    "Order",
    "Parameter",
    "Record",
    "Reference",
    "Statement",
    "TextField",
    "Timestamp",
    "TimestampField",
    "UpdatedAtField",
    "Url",
    "check_id",
    "columns",
    "compose",
    "coroutine",
    "fetch_all",
    "fetch_one",
    "new_id",
    "new_values",
    "statement",
    "write",
]

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
RecordT = TypeVar("RecordT", bound=AnyRecord)

_NO_COMPUTED: Mapping[str, Any] = MappingProxyType({})

_TYPES: tuple[tuple[type[peewee.Field], Any], ...] = (
    (peewee.TextField, str),
    (peewee.CharField, str),
    (peewee.BooleanField, bool),
    (peewee.IntegerField, int),
    (peewee.FloatField, float),
    (peewee.DecimalField, Decimal),
    (peewee.UUIDField, UUID),
    (TimestampField, Timestamp),
    (peewee.DateTimeField, datetime),
    (peewee.DateField, date),
)
"""The type that a record has for a field; for other fields it may have any."""


class Record(AnyRecord):
    """An immutable row of a service's table; its JSON is the same as that of the Prisma client.

    A subclass names its model, `class NoteRecord(Record, model=Note)`, and annotates the columns
    that it reads. Without a model, all of its fields are computed by the statement.
    """

    _model: ClassVar[type[AnyModel] | None] = None

    def __init_subclass__(cls, *, model: type[AnyModel] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if model is not None:
            cls._model = model
            cls._table = model._meta.table_name


def columns(
    record: type[Record],
    model: type[AnyModel] | None = None,
    *,
    computed: Mapping[str, Any] = _NO_COMPUTED,
) -> list[Any]:
    """List the expressions that a statement selects or returns for a record.

    Args:
        record: The record class.
        model: The model of the table, or an alias of it; by default the record's model.
        computed: The expressions of fields that are not columns of the model, by attribute.

    Returns:
        An expression for each field of the record, in order.

    Raises:
        InvalidInputError: The model does not have a field of the record, or the field is secret.
    """
    known = {to_camel(name): expression for name, expression in computed.items()}
    source = model or record._model
    if source is None:
        missing = [name for name in record.selection().columns if name not in known]
        if missing:
            raise InvalidInputError("record", f"{record.__name__} has no model for {missing[0]}")
        return [known[name] for name in record.selection().columns]
    return columns_of_model(source, record.selection(), computed=known)


def new_values(model: type[AnyModel], *names: str) -> dict[Any, Any]:
    """List the values of an INSERT.

    Args:
        model: The model.
        *names: The attributes that the caller gives, such as `"user_id"`.

    Returns:
        By field: a parameter for each attribute, the parameter `id` for an `IdField`, and the time
        of the server for a `CreatedAtField` and an `UpdatedAtField`.

    Raises:
        InvalidInputError: The model has no such attribute.
    """
    fields = {getattr(each, "object_id_name", each.name): each for each in _fields(model)}
    values: dict[Any, Any] = {}
    for name in names:
        if name not in fields:
            raise InvalidInputError(name, f"{model.__name__} has no such attribute")
        values[fields[name]] = Parameter(name)
    for name, field in fields.items():
        if name in names:
            continue
        if isinstance(field, IdField):
            values[field] = Parameter(name)
        elif isinstance(field, CreatedAtField | UpdatedAtField):
            values[field] = NOW
    return values


def fetch_all(
    chosen: Statement, record: type[RecordT], /, **parameters: Any
) -> tuple[RecordT, ...]:
    """Run a statement that reads, in one round trip.

    Args:
        chosen: The statement, whose columns are those of the record, in order.
        record: The class of the records to return.
        **parameters: The values of the statement's parameters. A `uuid.UUID` is sent as text, an
            aware datetime in UTC.

    Returns:
        A record of each row.

    Raises:
        InvalidInputError: The record does not fit the columns, the statement writes, or a value
            cannot be sent.
        UnreadableRowError: A row holds a value that the record does not accept.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    shape = _shape(record)
    if not chosen.reads_only:
        raise InvalidInputError("chosen", f"{chosen.name} does not only read: use write()")
    return tuple(_read(shape, row) for row in _run(chosen, parameters))


def fetch_one(chosen: Statement, record: type[RecordT], /, **parameters: Any) -> RecordT | None:
    """Run a statement that reads at most one row.

    Args:
        chosen: As for `fetch_all`.
        record: As for `fetch_all`.
        **parameters: As for `fetch_all`.

    Returns:
        The record, or `None` if there is no row.

    Raises:
        TrioSignoDBError: As for `fetch_all`.
    """
    found = fetch_all(chosen, record, **parameters)
    return found[0] if found else None


def write(chosen: Statement, record: type[RecordT], /, **parameters: Any) -> tuple[RecordT, ...]:
    """Run a statement that writes, and return the rows that it returns.

    Args:
        chosen: The statement, whose RETURNING has the columns of the record, in order.
        record: As for `fetch_all`.
        **parameters: As for `fetch_all`.

    Returns:
        A record of each row that was written.

    Raises:
        AlreadyExistsError: A unique value is taken.
        NotFoundError: A row that is referred to does not exist.
        InUseError: Other rows still refer to a row that should be deleted.
        UnreadableRowError: A row holds a value that the record does not accept; the error says
            whether the write is stored.
        InvalidInputError: As for `fetch_all`; also for a value that a CHECK constraint refuses.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    shape = _shape(record)
    if chosen.reads_only:
        raise InvalidInputError("chosen", f"{chosen.name} only reads: use fetch_all()")
    database = current_database()
    width = chosen.compile(database, database.settings.schema_name).width
    if width is not None:
        _refuse_width(shape, width)  # before anything is stored
    rows = _run(chosen, parameters)
    try:
        return tuple(_read(shape, row) for row in rows)
    except UnreadableRowError as exc:
        failure = exc.after_write(is_stored=not current_database().in_transaction())
    raise failure


def coroutine(
    function: Callable[P, ResultT],
) -> Callable[P, Coroutine[Any, Any, ResultT]]:
    """Turn a function that calls the library into a coroutine function.

    Like the functions of `triosigno_db.aio`, it runs on a thread of the event loop's; inside
    `aio.connection()` and `aio.transaction()`, on the thread of that block.

    Args:
        function: The function.

    Returns:
        The coroutine function, with the same parameters.
    """
    # Imported here, so that a service without asyncio does not load it.
    from triosigno_db.aio.calls import coroutine as convert  # noqa: PLC0415

    return convert(function)


def _run(chosen: Statement, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    values = {name: _to_sent(name, value) for name, value in parameters.items()}
    return execution.fetch_all(chosen, **values)


def _to_sent(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        # In SQL it would be shifted by the time zone of the session.
        return check_timestamp(name, value)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


def _read(shape: Shape[RecordT], row: tuple[Any, ...]) -> RecordT:
    _refuse_width(shape, len(row))
    return shape.from_row(row)


def _refuse_width(shape: Shape[RecordT], width: int) -> None:
    expected = len(shape.selection.columns)
    if width != expected:
        name = shape.record.__name__
        why = f"{name} has {expected} fields, but the statement has {width} columns"
        raise InvalidInputError("record", why)


@cache
def _shape(record: type[RecordT]) -> Shape[RecordT]:
    model: type[AnyModel] | None = getattr(record, "_model", None)
    return check_shape(record, record if model is None else _default_record(model))


@cache
def _default_record(model: type[AnyModel]) -> type[AnyRecord]:
    """Make the record that has all columns of a model, with the types of the columns."""
    fields: dict[str, Any] = {
        getattr(each, "object_id_name", each.name): (_type_of(each), ...)
        for each in _fields(model)
        if each.column_name not in model._meta.secret
    }
    made: type[AnyRecord] = create_model(model.__name__, __base__=AnyRecord, **fields)
    made._table = model._meta.table_name
    return made


def _type_of(field: Any) -> Any:
    target = field.rel_field if isinstance(field, peewee.ForeignKeyField) else field
    if isinstance(target, EnumField):
        found = target.enum
    else:
        found = next((kind for known, kind in _TYPES if isinstance(target, known)), Any)
    return found | None if field.null and found is not Any else found


def _fields(model: type[AnyModel]) -> list[Any]:
    return list(model._meta.sorted_fields)
