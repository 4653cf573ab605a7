"""A whole new order of modules, of a module's lessons or of a lesson's signs, in one statement."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import peewee

from triosigno_db.arguments import check_ids
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import (
    Parameter,
    columns_of,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.errors import InvalidInputError, NotFoundError
from triosigno_db.models import BaseModel, Lesson, LessonSign, Module
from triosigno_db.records import Record, Selection
from triosigno_db.repositories.rows import selection_of

RecordT = TypeVar("RecordT", bound=Record)

_ALL = peewee.SQL("true")


class Ordered:
    """Rows that have an order among those of the same parent.

    Args:
        model: Their model.
        key: The column by which a caller lists them.
        parent: The model of the parent, `None` where all rows have one order.
        parent_key: The column that refers to it.
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
        """Write the condition that a row belongs to the parent that is asked for."""
        if self.parent is None:
            return _ALL
        return compose(f'"{self._parent_key}" = {{parent}}', parent=Parameter("parent_id"))


MODULES = Ordered(Module, "id")
LESSONS = Ordered(Lesson, "id", Module, "moduleId")
LESSON_SIGNS = Ordered(LessonSign, "signId", Lesson, "lessonId")


@statement(reads_only=False)
def update_order(ordered: Ordered, selection: Selection) -> Any:
    """Number rows in the order that is listed, if it lists exactly those that there are.

    All rows are locked first, in one order for all callers: of two at once, the later one waits and
    then numbers all of them.
    """
    return compose(
        """
        WITH listed AS (
            SELECT * FROM unnest({keys}) WITH ORDINALITY AS listed(key, position)
        ), locked AS (
            SELECT {key} AS key FROM {model} WHERE {is_sibling} ORDER BY "id" FOR NO KEY UPDATE
        ), odd AS (
            SELECT FROM listed FULL JOIN locked USING (key)
            WHERE listed.key IS NULL OR locked.key IS NULL
        ), moved AS (
            UPDATE {model} SET "order" = listed.position, "updatedAt" = timezone('UTC', now())
            FROM listed
            WHERE {key} = listed.key AND {is_sibling} AND NOT EXISTS (SELECT FROM odd)
            RETURNING listed.position, {returned}
        )
        SELECT {columns} FROM moved ORDER BY position
        """,
        model=ordered.model,
        key=ordered.key,
        keys=Parameter("keys").cast("text[]"),
        is_sibling=ordered.is_sibling(),
        returned=peewee.SQL(
            ", ".join(f'"{ordered.model.__name__}"."{n}"' for n in ordered.model._meta.columns)
        ),
        columns=sql_columns(ordered.model.__name__, columns_of(ordered.model, "moved"), selection),
    )


@statement(reads_only=True)
def select_order(ordered: Ordered) -> Any:
    """Whether the parent is there, and the keys of the rows that have an order."""
    found: Any = _ALL
    if ordered.parent is not None:
        found = compose(
            'EXISTS (SELECT FROM {parent} WHERE "id" = {id})',
            parent=ordered.parent,
            id=Parameter("parent_id"),
        )
    return compose(
        "SELECT {found}, ARRAY(SELECT {key} FROM {model} WHERE {is_sibling})",
        found=found,
        key=ordered.key,
        model=ordered.model,
        is_sibling=ordered.is_sibling(),
    )


def reorder(
    ordered: Ordered,
    field: str,
    keys: Sequence[str | UUID],
    shape: type[RecordT],
    **parent: str,
) -> tuple[RecordT, ...]:
    """Number rows from 1 in a new order.

    Args:
        ordered: Which rows.
        field: The name of the caller's argument.
        keys: Their keys in the new order, all of them.
        shape: The record to make of each.
        **parent: The parent's id, as `parent_id`.

    Returns:
        The records in the new order.

    Raises:
        NotFoundError: There is no such parent.
        InvalidInputError: The keys are not exactly those of the rows.
    """
    listed = check_ids(field, keys)
    rows = fetch_all(update_order(ordered, selection_of(shape)), keys=listed, **parent)
    if not rows:
        _explain(ordered, field, listed, **parent)
    return tuple(shape.from_row(row) for row in rows)


def _explain(ordered: Ordered, field: str, listed: list[str], **parent: str) -> None:
    ((is_found, present),) = fetch_all(select_order(ordered), **parent)
    if ordered.parent is not None and not is_found:
        raise NotFoundError(ordered.parent.__name__, parent["parent_id"])
    missing = sorted({*present} - {*listed})
    unknown = sorted({*listed} - {*present})
    if missing or unknown:
        differences = [
            f"{what} {', '.join(keys)}"
            for what, keys in (("missing", missing), ("unexpected", unknown))
            if keys
        ]
        raise InvalidInputError(field, f"must list all rows, each once: {'; '.join(differences)}")
