"""Single rows by id: the statements shared by all entities, and the functions that run them."""

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import peewee
from pydantic.alias_generators import to_camel

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.quoting import identifier
from triosigno_db.database.statements import NOW, Parameter, Statement, columns, compose, statement
from triosigno_db.errors import InUseError, NotFoundError, UnreadableRowError
from triosigno_db.models import BaseModel
from triosigno_db.models.fields import new_id
from triosigno_db.records import Input, Record, Selection, Shape
from triosigno_db.repositories.concurrency import run_with_locks

P = ParamSpec("P")
RecordT = TypeVar("RecordT", bound=Record)

_KEPT = "SET NULL"


@statement(reads_only=True)
def select_row(model: Any, selection: Selection) -> Any:
    """Select one row."""
    return model.select(*columns(model, selection)).where(model.id == Parameter("id"))


@statement(reads_only=False)
def insert_row(model: Any, names: tuple[str, ...], selection: Selection) -> Any:
    """Insert one row."""
    return model.insert(new_values(model, names)).returning(*columns(model, selection))


@statement(reads_only=False)
def update_row(model: Any, names: tuple[str, ...], selection: Selection) -> Any:
    """Update some columns of one row."""
    values = {column(model, name): Parameter(name) for name in names}
    return (
        model.update({**values, model.updated_at: NOW})
        .where(model.id == Parameter("id"))
        .returning(*columns(model, selection))
    )


@statement(reads_only=False)
def lock_row(model: Any) -> Any:
    """Lock one row: it can't be changed, and no row can be made to refer to it."""
    return model.select(model.id).where(model.id == Parameter("id")).for_update()


@statement(reads_only=False)
def delete_row(model: Any) -> Any:
    """Delete one row, and those that the foreign keys delete with it."""
    return model.delete().where(model.id == Parameter("id")).returning(model.id)


@statement(reads_only=False)
def delete_unused_row(model: Any, referrers: tuple[Any, ...]) -> Any:
    """Delete one row, which is locked, unless others refer to it; return the numbers of those."""
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
            DELETE FROM {model}
            WHERE "id" = {key} AND NOT EXISTS (SELECT 1 FROM used WHERE {is_used})
        )
        SELECT * FROM used
        """,
        counts=peewee.CommaNodeList(counts),
        is_used=peewee.SQL(" OR ".join(f"{identifier(each.__name__)} > 0" for each in referrers)),
        model=model,
        key=key,
    )


def column(model: Any, name: str) -> Any:
    """Return the field of a model that an attribute of an input corresponds to.

    Args:
        model: The model.
        name: The attribute, such as `"category_id"`.

    Returns:
        The field.
    """
    return model._meta.columns[to_camel(name)]


def references(referrer: Any, model: Any) -> list[Any]:
    """List the foreign keys from one model to another.

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
        owned: Models to exclude, because their rows are deleted with the row that they refer to.

    Returns:
        The models without duplicates, in the order of their definitions; not those whose rows are
        kept without the reference.
    """
    backrefs = model._meta.backrefs.items()
    found = dict.fromkeys(each for field, each in backrefs if field.on_delete != _KEPT)
    return tuple(referrer for referrer in found if referrer not in owned)


def new_values(model: Any, names: Sequence[str]) -> dict[Any, Any]:
    """List the values of an INSERT: the id, the parameters, and the two timestamps.

    Args:
        model: The model.
        names: The attributes that have a parameter.

    Returns:
        The expressions by field.
    """
    values = {column(model, name): Parameter(name) for name in names}
    return {model.id: Parameter("id"), **values, model.created_at: NOW, model.updated_at: NOW}


def insert_selected(
    model: Any, values: dict[Any, Any], *, source: Any = None, where: Any = None
) -> Any:
    """Build an INSERT of one row, which depends on a condition or on another row.

    Args:
        model: The model.
        values: The expressions by field; other columns get the defaults of the model.
        source: The row that is selected from; by default none is needed.
        where: The condition; by default there is none.

    Returns:
        The query.
    """
    defaults = {
        model._meta.combined[name]: peewee.Value(
            value, converter=model._meta.combined[name].db_value
        )
        for name, value in model._meta.get_default_dict().items()
    }
    values = defaults | values
    selected = peewee.Select([source] if source is not None else None, list(values.values()))
    if where is not None:
        selected = selected.where(where)
    return model.insert_from(selected, list(values))


def values_of(new: Input) -> dict[str, Any]:
    """Return the values of an input.

    Args:
        new: The input.

    Returns:
        The values by attribute.
    """
    return {name: getattr(new, name) for name in type(new).model_fields}


def fetch_record(
    shape: Shape[RecordT], entity: str, key: str, chosen: Statement, **parameters: Any
) -> RecordT:
    """Run a statement that looks up one row.

    Args:
        shape: The checked shape to return.
        entity: The name of the model, for the error.
        key: The key of the row, for the error.
        chosen: The statement.
        **parameters: A value for each of its parameters.

    Returns:
        The record.

    Raises:
        NotFoundError: The row does not exist.
    """
    row = fetch_one(chosen, **parameters)
    if row is None:
        raise NotFoundError(entity, key)
    return shape.from_row(row, key)


def fetch_written(
    shape: Shape[RecordT], key: object, chosen: Statement, **parameters: Any
) -> RecordT:
    """Run a statement that writes one row and returns it.

    Args:
        shape: The checked shape to return.
        key: What the row is found by, to name it in an error.
        chosen: The statement.
        **parameters: A value for each of its parameters.

    Returns:
        The record.
    """
    (row,) = fetch_all(chosen, **parameters)
    return read_written(shape.from_row, row, key)


def read_written(read: Callable[P, RecordT], *args: P.args, **kwargs: P.kwargs) -> RecordT:
    """Create a record from the row that a write returned.

    Args:
        read: Creates the record.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Returns:
        The record.

    Raises:
        UnreadableRowError: The row holds a value that the library can't read; the error says
            whether the write is stored.
    """
    try:
        return read(*args, **kwargs)
    except UnreadableRowError as exc:
        failure = exc.after_write(is_stored=not current_database().in_transaction())
    raise failure


def get_record(
    model: type[BaseModel], field: str, key: str | UUID, shape: Shape[RecordT]
) -> RecordT:
    """Read one row.

    Args:
        model: The model.
        field: The name of the argument of the public function.
        key: The id of the row.
        shape: The checked shape to return.

    Returns:
        The record.

    Raises:
        NotFoundError: The row does not exist.
    """
    key = check_id(field, key)
    return fetch_record(shape, model.__name__, key, select_row(model, shape.selection), id=key)


def create_record(
    model: type[BaseModel],
    new: Input,
    shape: Shape[RecordT],
    build: Callable[..., Statement] = insert_row,
) -> RecordT:
    """Create one row.

    Args:
        model: The model.
        new: The values of the row.
        shape: The checked shape to return.
        build: Builds the statement, for an entity with special defaults.

    Returns:
        The record.
    """
    names = tuple(type(new).model_fields)
    key = new_id()
    chosen = build(model, names, shape.selection)
    return fetch_written(shape, key, chosen, id=key, **values_of(new))


def update_record(
    model: type[BaseModel],
    field: str,
    key: str | UUID,
    changed: dict[str, Any],
    shape: Shape[RecordT],
) -> RecordT:
    """Update one row; without changes it is only read.

    Args:
        model: The model.
        field: The name of the argument of the public function.
        key: The id of the row.
        changed: The new values by attribute.
        shape: The checked shape to return.

    Returns:
        The updated record.

    Raises:
        NotFoundError: The row does not exist.
    """
    if not changed:
        return get_record(model, field, key, shape)
    key = check_id(field, key)
    chosen = update_row(model, tuple(changed), shape.selection)
    row = fetch_one(chosen, id=key, **changed)
    if row is None:
        raise NotFoundError(model.__name__, key)
    return read_written(shape.from_row, row, key)


def delete_record(
    model: type[BaseModel], field: str, key: str | UUID, *, referrers: tuple[Any, ...] = ()
) -> None:
    """Delete one row.

    Args:
        model: The model.
        field: The name of the argument of the public function.
        key: The id of the row.
        referrers: The models whose rows must not refer to it.

    Raises:
        NotFoundError: The row does not exist.
        InUseError: Rows of `referrers` refer to it.
    """
    key = check_id(field, key)
    if referrers:
        run_with_locks(lambda: _delete_unused(model, key, referrers))
    elif not fetch_all(delete_row(model), id=key):
        raise NotFoundError(model.__name__, key)


def _delete_unused(model: type[BaseModel], key: str, referrers: tuple[Any, ...]) -> None:
    entity = model.__name__
    # First the lock, in a statement of its own: the next one sees what was committed before it.
    if not fetch_all(lock_row(model), id=key):
        raise NotFoundError(entity, key)
    try:
        (counts,) = fetch_all(delete_unused_row(model, referrers), id=key)
    except NotFoundError as exc:
        # A foreign key prevented it: the caller's snapshot is too old to see the referring row.
        raise InUseError(f"{entity} {key} is now in use by a concurrent call.") from exc.__cause__
    uses = {
        referrer.__name__: count for referrer, count in zip(referrers, counts, strict=True) if count
    }
    if uses:
        shown = ", ".join(
            f"{count:,} {'row' if count == 1 else 'rows'} of {name}" for name, count in uses.items()
        )
        raise InUseError(f"{entity} {key} is still in use by {shown}.", uses)
