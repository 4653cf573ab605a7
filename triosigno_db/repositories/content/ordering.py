"""Orders: of modules, of the lessons of a module, of the signs of a lesson."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import peewee

from triosigno_db.arguments import check_ids
from triosigno_db.database.connection import Row
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import (
    NOW,
    Parameter,
    Statement,
    columns_of,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.errors import InvalidInputError, NotFoundError
from triosigno_db.models import BaseModel, Lesson, LessonSign, Module
from triosigno_db.records import Input, Record, Selection, Shape
from triosigno_db.repositories.concurrency import lock_tables, run_with_locks
from triosigno_db.repositories.rows import create_record, read_written, values_of

RecordT = TypeVar("RecordT", bound=Record)

_ALL = peewee.SQL("true")


class Ordered:
    """Rows that are ordered within their parent.

    Args:
        model: The model of the rows.
        key: The column that callers identify the rows by.
        parent: The model of the parent, or `None` if all rows share one order.
        parent_key: The column that refers to the parent.
    """

    def __init__(
        self,
        model: type[BaseModel],
        key: str,
        parent: type[BaseModel] | None = None,
        parent_key: str = "",
    ) -> None:
        self.model = model
        self.key = peewee.SQL(f'"{key}"')
        self.parent = parent
        self._parent_key = parent_key

    def is_sibling(self) -> Any:
        """Build the condition that a row belongs to the requested parent."""
        if self.parent is None:
            return _ALL
        return compose(f'"{self._parent_key}" = {{parent}}', parent=Parameter("parent_id"))


MODULES = Ordered(Module, "id")
LESSONS = Ordered(Lesson, "id", Module, "moduleId")
LESSON_SIGNS = Ordered(LessonSign, "signId", Lesson, "lessonId")


@statement(reads_only=False)
def lock_parent(model: Any) -> Any:
    """Lock a row whose rows have an order, by an update that changes no value.

    Unlike SELECT FOR UPDATE it leaves a trace: a transaction whose snapshot is older fails with a
    serialization failure, instead of deciding by rows that it can't see.
    """
    return compose(
        'UPDATE {model} SET "order" = "order" WHERE "id" = {id} RETURNING "id"',
        model=model,
        id=Parameter("parent_id"),
    )


@statement(reads_only=False)
def lock_last(model: Any) -> Any:
    """Lock the last row of an order without a parent, in the same way."""
    return compose(
        """
        UPDATE {model} SET "order" = "order"
        WHERE "id" = (SELECT "id" FROM {model} ORDER BY "order" DESC, "id" DESC LIMIT 1)
        RETURNING "id"
        """,
        model=model,
    )


@statement(reads_only=False)
def lock_rows(ordered: Ordered) -> Any:
    """Lock the rows of an order, in the same sequence by all callers, and select their keys."""
    return compose(
        'SELECT {key} FROM {model} WHERE {is_sibling} ORDER BY "id" FOR NO KEY UPDATE',
        key=ordered.key,
        model=ordered.model,
        is_sibling=ordered.is_sibling(),
    )


@statement(reads_only=False)
def update_order(ordered: Ordered, selection: Selection) -> Any:
    """Number rows, which are locked, in the given order."""
    return compose(
        """
        WITH moved AS (
            UPDATE {model} SET "order" = listed.position, "updatedAt" = {now}
            FROM pg_catalog.unnest({keys}) WITH ORDINALITY AS listed(key, position)
            WHERE {key} = listed.key AND {is_sibling}
            RETURNING listed.position, {returned}
        )
        SELECT {columns} FROM moved ORDER BY position
        """,
        model=ordered.model,
        now=NOW,
        key=ordered.key,
        keys=Parameter("keys").cast("text[]"),
        is_sibling=ordered.is_sibling(),
        returned=peewee.SQL(
            ", ".join(f'"{ordered.model.__name__}"."{n}"' for n in ordered.model._meta.columns)
        ),
        columns=sql_columns(ordered.model.__name__, columns_of(ordered.model, "moved"), selection),
    )


def lock_order(ordered: Ordered, **parent: str) -> None:
    """Lock an order until the end of the transaction: others that depend on it wait.

    Rows that are written without this lock, such as by other software, are not prevented.

    Args:
        ordered: The kind of rows.
        **parent: The id of the parent, as `parent_id`.

    Raises:
        NotFoundError: The parent does not exist.
    """
    if not _lock(ordered, **parent) and ordered.parent is not None:
        raise NotFoundError(ordered.parent.__name__, parent["parent_id"])


def _lock(ordered: Ordered, **parent: str) -> bool:
    if ordered.parent is not None:
        return bool(fetch_all(lock_parent(ordered.parent), **parent))
    lock_tables("SHARE UPDATE EXCLUSIVE", ordered.model)
    fetch_all(lock_last(ordered.model))
    return True


def create_in_order(
    ordered: Ordered,
    new: Input,
    shape: Shape[RecordT],
    build: Callable[..., Statement],
    **parent: str,
) -> RecordT:
    """Create a row; without an order it becomes the last one.

    Args:
        ordered: The kind of rows.
        new: The values of the row, with an `order` that may be `None`.
        shape: The checked shape to return.
        build: Builds the statement.
        **parent: The id of the parent, as `parent_id`.

    Returns:
        The record.

    Raises:
        NotFoundError: The parent does not exist.
    """

    def create() -> RecordT:
        _lock(ordered, **parent)  # without a parent, the foreign key refuses the row
        return create_record(ordered.model, new, shape, build)

    if values_of(new)["order"] is not None:
        return create_record(ordered.model, new, shape, build)
    return run_with_locks(create)


def reorder(
    ordered: Ordered,
    field: str,
    keys: Sequence[str | UUID],
    shape: Shape[RecordT],
    **parent: str,
) -> tuple[RecordT, ...]:
    """Reorder rows and number them from 1.

    Args:
        ordered: The kind of rows.
        field: The name of the argument of the public function.
        keys: The keys of all rows in the new order.
        shape: The checked shape of each row.
        **parent: The id of the parent, as `parent_id`.

    Returns:
        The records in the new order.

    Raises:
        NotFoundError: The parent does not exist.
        InvalidInputError: `keys` does not list exactly the rows of the parent.
    """
    listed = check_ids(field, keys)

    def change() -> tuple[RecordT, ...]:
        lock_order(ordered, **parent)
        _refuse_differences(field, listed, fetch_all(lock_rows(ordered), **parent))
        rows = fetch_all(update_order(ordered, shape.selection), keys=listed, **parent)
        return tuple(
            read_written(shape.from_row, row, key) for row, key in zip(rows, listed, strict=True)
        )

    return run_with_locks(change)


def _refuse_differences(field: str, listed: list[str], rows: list[Row]) -> None:
    present = {row[0] for row in rows}
    missing, unexpected = sorted(present - {*listed}), sorted({*listed} - present)
    if missing or unexpected:
        differences = [
            f"{what} {', '.join(keys)}"
            for what, keys in (("missing", missing), ("unexpected", unexpected))
            if keys
        ]
        raise InvalidInputError(field, f"must list all rows, each once: {'; '.join(differences)}")
