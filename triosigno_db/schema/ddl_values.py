"""Values, expressions and defaults of the models as SQL."""

import json
import struct
from collections.abc import Sequence
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

import peewee
import psycopg2
from psycopg2.extensions import Binary

from triosigno_db.database.quoting import literal
from triosigno_db.errors import InvalidInputError
from triosigno_db.models.fields import CreatedAtField
from triosigno_db.models.peewee_internals import column_type, render

_REFUSALS_OF_FIELDS = (
    *(InvalidInputError, ValueError, TypeError, AttributeError, ArithmeticError),
    *(OSError, struct.error),
)
"""What a field may raise for a value that it does not take."""

_PLACEHOLDER = "%s"
_PERCENT = "%%"


def write_node(subject: str, node: Any) -> str:
    """Write a constraint, a condition or an expression as Peewee writes it.

    Args:
        subject: What it belongs to, for the error.
        node: The node of Peewee, or an SQL text.

    Returns:
        The SQL, with the values as constants.

    Raises:
        InvalidInputError: A value can't be written as a constant, or the text has a percent sign
            that Peewee would take for a placeholder.
    """
    text, values = render(peewee.SQL(node) if isinstance(node, str) else node)
    # As the driver reads it: a percent sign in SQL text is doubled.
    pieces = text.replace(_PERCENT, "\0").split(_PLACEHOLDER)
    if len(pieces) != len(values) + 1:
        raise InvalidInputError(subject, f"write a percent sign as %% in {text}")
    constants = [*(write_value(subject, value) for value in values), ""]
    return "".join(
        piece.replace("\0", "%") + constant
        for piece, constant in zip(pieces, constants, strict=True)
    )


def write_value(subject: str, value: Any) -> str:
    """Write a Python value as an SQL constant.

    Args:
        subject: What it belongs to, for the error.
        value: The value.

    Returns:
        The constant.

    Raises:
        InvalidInputError: The value can't be written as a constant.
    """
    match value:
        case peewee.Node():
            written = write_node(subject, value)
        case Enum():
            written = write_value(subject, value.value)
        case str() | UUID():
            written = literal(str(value))
        case Binary():
            written = write_value(subject, value.adapted)
        case bytes() | bytearray() | memoryview():
            written = f"'\\x{bytes(value).hex()}'::bytea"
        case list() | tuple():
            written = f"ARRAY[{', '.join(write_value(subject, each) for each in value)}]"
        case _:
            written = _adapt(subject, value)
    return written


def _adapt(subject: str, value: Any) -> str:
    try:
        return literal(value).strip()
    except psycopg2.ProgrammingError as exc:
        kind = type(value).__name__
        raise InvalidInputError(subject, f"a {kind} can't be written as a constant") from exc


def write_default(subject: str, field: Any) -> str | None:
    """Write the default of a column.

    Args:
        subject: The field, for the error.
        field: The field.

    Returns:
        The expression after DEFAULT; `None` if the field has no default, or a function that gives
        it, which Python alone can call.

    Raises:
        InvalidInputError: The default can't be written as a constant of the column's type.
    """
    if isinstance(field, CreatedAtField):
        return "CURRENT_TIMESTAMP"
    default = field.default
    if default is None or (callable(default) and not isinstance(default, peewee.Node)):
        return None
    kind = column_type(field)
    if isinstance(default, peewee.Node):
        return f"({write_node(subject, default)})"
    if kind in ("JSON", "JSONB"):
        return _write_json(subject, default)
    if kind.endswith("[]"):
        return _write_array(subject, default, kind)
    return _write_constant(subject, _database_value(subject, field, default), kind)


def _database_value(subject: str, field: Any, default: Any) -> Any:
    try:
        return field.db_value(default)
    except _REFUSALS_OF_FIELDS as exc:
        raise InvalidInputError(subject, f"the field does not take its default= ({exc})") from exc


def _write_constant(subject: str, value: Any, kind: str) -> str:
    match value:
        case datetime():
            is_aware, has_zone = value.tzinfo is not None, "TZ" in kind or "WITH TIME ZONE" in kind
            if is_aware is not has_zone:
                why = "aware" if has_zone else "naive"
                raise InvalidInputError(subject, f"the default= of a {kind} must be {why}")
            return literal(value.isoformat(" "))
        case date() | time():
            return literal(value.isoformat())
    return write_value(subject, value)


def _write_json(subject: str, default: Any) -> str:
    try:
        return literal(json.dumps(default))
    except (TypeError, ValueError) as exc:
        raise InvalidInputError(subject, f"the default= is no JSON ({exc})") from exc


def _write_array(subject: str, default: Any, kind: str) -> str:
    if not isinstance(default, Sequence) or isinstance(default, str | bytes):
        raise InvalidInputError(subject, "the default= of an array must be a list")
    return f"{write_value(subject, [*default])}::{kind}"
