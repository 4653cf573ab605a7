"""Conversions of a column's values to another type.

Values are converted by their text, so that a value either fits or is refused, and is never rounded
or cut to fit.
"""

import re

from triosigno_db.database.quoting import literal
from triosigno_db.schema.catalog import Column

_SHORT_TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "double precision": "DOUBLE PRECISION",
    "bigint": "BIGINT",
    "jsonb": "JSONB",
}
_INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
_FRACTIONS = ("numeric", "real", "double precision")
_NUMBERS = (*_INTEGERS, *_FRACTIONS)
_BOOLEANS = (
    *("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"),
    *("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"),
)
_BLANKS = "E' \\t\\n\\r\\f\\v'"
_SIZED_TEXT = re.compile(r"(?:character varying|character)\((\d+)\)")
_WITHOUT_EQUALITY = ("json", "xml", "point", "polygon", "jsonpath", "circle", "box")


def write_type(column: Column) -> str:
    """Format a column's type as Prisma does.

    Args:
        column: The column.

    Returns:
        The SQL type.
    """
    precise = column.type.removesuffix(" without time zone")
    if precise in _SHORT_TYPES:
        return _SHORT_TYPES[precise]
    if precise.startswith(("timestamp", "character varying", "numeric")):
        return precise.upper().replace("CHARACTER VARYING", "VARCHAR").replace("NUMERIC", "DECIMAL")
    return precise


def convert(value: str, old: str, new: Column) -> str:
    """Write the expression of `USING` that converts a column's values.

    Args:
        value: The SQL of the value.
        old: The current type.
        new: The column with its new type.

    Returns:
        The expression. It fails for a value that does not fit.
    """
    text = as_input(value, old, new.type)
    # An assignment refuses a text that is too long, and an explicit cast would cut it.
    is_cast = new.type != "text" and not _SIZED_TEXT.fullmatch(new.type)
    return f"{text}::{write_type(new)}" if is_cast else text


def as_input(value: str, old: str, new: str) -> str:
    """Write the text of a value, in the form that another type reads.

    Args:
        value: The SQL of the value.
        old: Its type.
        new: The other type.

    Returns:
        The SQL of the text; of the array of texts, between arrays.
    """
    if old.startswith("timestamp") and new.startswith("timestamp") and _zoned(old) != _zoned(new):
        return f"({value} AT TIME ZONE 'UTC')::text"
    if old == "boolean" and _family(new) in _NUMBERS:
        return f"{value}::integer::text"
    if _family(old) in _FRACTIONS and (new in _INTEGERS or new == "boolean"):
        return f"pg_catalog.trim_scale({value}::numeric)::text"
    array = "[]" if old.endswith("[]") and new.endswith("[]") else ""
    return f"{value}::text{array}"


def does_not_fit(value: str, old: str, new: str, labels: tuple[str, ...] | None) -> str | None:
    """Write the condition for the values that can't be converted.

    Args:
        value: The SQL of the value.
        old: Its type.
        new: The other type.
        labels: The labels of the other type, if that is an enum type or an array of one.

    Returns:
        The condition; `None` if every value fits. It may call `pg_input_is_valid`, which servers
        before version 16 lack.
    """
    if always_fits(old, new):
        return None
    text = as_input(value, old, new)
    if labels is not None:
        return _is_no_label(text, labels)
    if sized := _SIZED_TEXT.fullmatch(new):
        return f"pg_catalog.char_length({text}) > {sized[1]}"
    if new in _INTEGERS:
        bound = 2 ** _INTEGERS[new]
        return (
            rf"CASE WHEN {text} ~ '^\s*[-+]?[0-9]+\s*$' "
            f"THEN {text}::numeric NOT BETWEEN {-bound} AND {bound - 1} "
            f"ELSE {value} IS NOT NULL END"
        )
    if new == "boolean":
        words = ", ".join(map(literal, _BOOLEANS))
        return f"pg_catalog.lower(pg_catalog.btrim({text}, {_BLANKS})) NOT IN ({words})"
    flat = f"{text}::text" if text.endswith("[]") else text
    return f"NOT pg_input_is_valid({flat}, {literal(new)})"


def is_changed(value: str, old: str, new: Column) -> str | None:
    """Write the condition for the values that a conversion there and back would change.

    Args:
        value: The SQL of the value.
        old: The current type; no enum type.
        new: The column with its new type; no enum type.

    Returns:
        The condition; `None` if there are none. It fails if a value can't be converted.
    """
    if always_fits(old, new.type):
        return None
    there = f"({convert(value, old, new)})"
    back = convert(there, new.type, new._replace(type=old))
    if old in _WITHOUT_EQUALITY:
        back, value = f"{back}::text", f"{value}::text"
    return f"({back}) IS DISTINCT FROM {value}"


def always_fits(old: str, new: str) -> bool:
    """Return whether every value of a type is a value of another one.

    Args:
        old: The type.
        new: The other type.

    Returns:
        Whether a conversion can neither fail nor change a value.
    """
    if new in ("text", "character varying"):
        return True
    if _family(old) == "boolean":
        return new in _INTEGERS
    if old in _INTEGERS and new in _INTEGERS:
        return _INTEGERS[old] <= _INTEGERS[new]
    if old in _INTEGERS and new == "numeric":
        return True
    if old == "numeric" or not (one := _SIZED_TEXT.fullmatch(old)):
        return False
    other = _SIZED_TEXT.fullmatch(new)
    return other is not None and int(one[1]) <= int(other[1])


def _is_no_label(text: str, labels: tuple[str, ...]) -> str:
    known = ", ".join(map(literal, labels))
    if text.endswith("[]"):
        return f"NOT pg_catalog.array_remove({text}, NULL) <@ ARRAY[{known}]::text[]"
    return f"{text} NOT IN ({known})"


def _family(type_: str) -> str:
    return type_.partition("(")[0]


def _zoned(type_: str) -> bool:
    return type_.endswith("with time zone")
