"""One row by its id: the statements that every entity shares, and the calls that run them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import peewee
from pydantic.alias_generators import to_camel

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.quoting import identifier
from triosigno_db.database.statements import NOW, Parameter, Statement, columns, compose, statement
from triosigno_db.errors import InUseError, InvalidInputError, NotFoundError
from triosigno_db.models import BaseModel
from triosigno_db.models.fields import new_id
from triosigno_db.records import Input, Record, Selection

RecordT = TypeVar("RecordT", bound=Record)


@statement(reads_only=True)
def select_row(model: Any, selection: Selection) -> Any:
    """One row."""
    return model.select(*columns(model, selection)).where(model.id == Parameter("id"))


@statement(reads_only=False)
def insert_row(model: Any, names: tuple[str, ...], selection: Selection) -> Any:
    """Create a row."""
    return model.insert(new_values(model, names)).returning(*columns(model, selection))


@statement(reads_only=False)
def update_row(model: Any, names: tuple[str, ...], selection: Selection) -> Any:
    """Change some columns of one row."""
    values = {column(model, name): Parameter(name) for name in names}
    return (
        model.update({**values, model.updated_at: NOW})
        .where(model.id == Parameter("id"))
        .returning(*columns(model, selection))
    )


@statement(reads_only=False)
def delete_row(model: Any, referrers: tuple[Any, ...]) -> Any:
    """Delete one row unless others refer to it; tell whether it was there, and count the others."""
    key = Parameter("id").cast("text")
    counts = [
        compose(
            "(SELECT count(*) FROM {referrer} WHERE {key} IN ({references})) AS {name}",
            referrer=referrer,
            key=key,
            references=peewee.CommaNodeList(
                [peewee.Entity(field.column_name) for field in references(referrer, model)]
            ),
            name=peewee.Entity(referrer.__name__),
        )
        for referrer in referrers
    ]
    return compose(
        """
        WITH used AS (SELECT {counts}), deleted AS (
            DELETE FROM {model} WHERE "id" = {key} AND NOT EXISTS (SELECT FROM used WHERE {is_used})
        )
        SELECT EXISTS (SELECT FROM {model} WHERE "id" = {key}), used.* FROM used
        """,
        counts=peewee.CommaNodeList(counts),
        is_used=peewee.SQL(
            " OR ".join(f"{identifier(each.__name__)} > 0" for each in referrers) or "false"
        ),
        model=model,
        key=key,
    )


def column(model: Any, name: str) -> Any:
    """Find the field that an attribute of an input stands for.

    Args:
        model: The model.
        name: The attribute, such as `"category_id"`.

    Returns:
        The field.
    """
    return model._meta.columns[to_camel(name)]


def references(referrer: Any, model: Any) -> list[Any]:
    """Find the fields by which one model refers to another.

    Args:
        referrer: The model that refers.
        model: The model that is referred to.

    Returns:
        The foreign keys.
    """
    return [field for field in referrer._meta.refs if field.rel_model is model]


def referrers_of(model: Any, *, owned: Sequence[Any] = ()) -> tuple[Any, ...]:
    """List the models that refer to another.

    Args:
        model: The model that is referred to.
        owned: Models to leave out, as their rows are a part of the row that they refer to.

    Returns:
        Each model once, in the order of their definitions.
    """
    found = dict.fromkeys(model._meta.backrefs.values())
    return tuple(referrer for referrer in found if referrer not in owned)


def new_values(model: Any, names: Sequence[str]) -> dict[Any, Any]:
    """List what an INSERT writes: the id, parameters, and the two timestamps.

    Args:
        model: The model.
        names: The attributes that parameters are given for.

    Returns:
        Expressions by field.
    """
    values = {column(model, name): Parameter(name) for name in names}
    return {model.id: Parameter("id"), **values, model.created_at: NOW, model.updated_at: NOW}


def selection_of(shape: object) -> Selection:
    """Check a shape.

    Args:
        shape: The class of record that is wanted.

    Returns:
        Its columns.

    Raises:
        InvalidInputError: It is not a subclass of `Record`, or has no field.
    """
    if not (isinstance(shape, type) and issubclass(shape, Record)):
        raise InvalidInputError("shape", "must be a subclass of Record")
    selection = shape.selection()
    if not selection.columns and not selection.nested:
        raise InvalidInputError("shape", f"{shape.__name__} has no field")
    return selection


def values_of(new: Input) -> dict[str, Any]:
    """List the values of an input.

    Args:
        new: The input.

    Returns:
        Its values by attribute.
    """
    return {name: getattr(new, name) for name in type(new).model_fields}


def fetch_record(
    shape: type[RecordT], entity: str, key: str, chosen: Statement, **parameters: Any
) -> RecordT:
    """Run a statement that gives the one row that a call names.

    Args:
        shape: The record to make of it.
        entity: The model's name, for the error.
        key: What the row is looked up by, for the error.
        chosen: The statement.
        **parameters: A value for each of its parameters.

    Returns:
        The record.

    Raises:
        NotFoundError: There is no such row.
    """
    row = fetch_one(chosen, **parameters)
    if row is None:
        raise NotFoundError(entity, key)
    return shape.from_row(row)


def fetch_written(shape: type[RecordT], chosen: Statement, **parameters: Any) -> RecordT:
    """Run a statement that writes one row and returns it.

    Args:
        shape: The record to make of it.
        chosen: The statement.
        **parameters: A value for each of its parameters.

    Returns:
        The record.
    """
    return shape.from_row(fetch_all(chosen, **parameters)[0])


def get_record(
    model: type[BaseModel], field: str, key: str | UUID, shape: type[RecordT]
) -> RecordT:
    """Read one row.

    Args:
        model: The model.
        field: The name of the caller's argument.
        key: The row's id.
        shape: The record to make of it.

    Returns:
        The record.

    Raises:
        NotFoundError: There is no such row.
    """
    key = check_id(field, key)
    return fetch_record(shape, model.__name__, key, select_row(model, selection_of(shape)), id=key)


def create_record(
    model: type[BaseModel],
    new: Input,
    shape: type[RecordT],
    build: Callable[..., Statement] = insert_row,
) -> RecordT:
    """Create one row.

    Args:
        model: The model.
        new: Its values.
        shape: The record to make of the row.
        build: The statement, for an entity with defaults of its own.

    Returns:
        The record.
    """
    names = tuple(type(new).model_fields)
    chosen = build(model, names, selection_of(shape))
    return fetch_written(shape, chosen, id=new_id(), **values_of(new))


def update_record(
    model: type[BaseModel],
    field: str,
    key: str | UUID,
    changed: dict[str, Any],
    shape: type[RecordT],
) -> RecordT:
    """Change one row; without any change it is only read.

    Args:
        model: The model.
        field: The name of the caller's argument.
        key: The row's id.
        changed: New values by attribute.
        shape: The record to make of the row.

    Returns:
        The record as it is now.

    Raises:
        NotFoundError: There is no such row.
    """
    if not changed:
        return get_record(model, field, key, shape)
    key = check_id(field, key)
    chosen = update_row(model, tuple(changed), selection_of(shape))
    return fetch_record(shape, model.__name__, key, chosen, id=key, **changed)


def delete_record(
    model: type[BaseModel], field: str, key: str | UUID, *, referrers: tuple[Any, ...] = ()
) -> None:
    """Delete one row.

    Args:
        model: The model.
        field: The name of the caller's argument.
        key: The row's id.
        referrers: The models whose rows must not refer to it.

    Raises:
        NotFoundError: There is no such row.
        InUseError: Rows of `referrers` refer to it.
    """
    key = check_id(field, key)
    entity = model.__name__
    try:
        found, *counts = fetch_all(delete_row(model, referrers), id=key)[0]
    except NotFoundError as exc:
        # A foreign key stood against it: the row that refers came while the statement ran.
        raise InUseError(f"{entity} {key} has just come into use.") from exc.__cause__
    uses = {
        referrer.__name__: count for referrer, count in zip(referrers, counts, strict=True) if count
    }
    if uses:
        shown = ", ".join(
            f"{count:,} {'row' if count == 1 else 'rows'} of {name}" for name, count in uses.items()
        )
        raise InUseError(f"{entity} {key} is still in use by {shown}.", uses)
    if not found:
        raise NotFoundError(entity, key)
