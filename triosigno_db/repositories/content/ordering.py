"""Reordering: number modules, lessons of a module or signs of a lesson in one statement."""

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
from triosigno_db.records import Record, Selection, Shape
from triosigno_db.repositories.rows import read_written

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
def update_order(ordered: Ordered, selection: Selection) -> Any:
    """Number rows in the given order, if the list holds exactly the existing rows.

    All rows are locked first, in the same order by all callers: of two concurrent calls, the later
    one waits and then numbers all of the rows.
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
    """Select whether the parent exists, and the keys of its rows."""
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
    rows = fetch_all(update_order(ordered, shape.selection), keys=listed, **parent)
    if not rows:
        _explain(ordered, field, listed, **parent)
    return tuple(read_written(shape.from_row, row) for row in rows)


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
