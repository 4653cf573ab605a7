"""Checks on the arguments of functions, made before any connection is taken."""

import re
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from triosigno_db.errors import InvalidInputError

InputT = TypeVar("InputT")

_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def check_id(field: str, value: object) -> str:
    """Check an id.

    Args:
        field: The argument's name.
        value: A `uuid.UUID`, or its text of 36 characters.

    Returns:
        The text in lower case, as it is stored.

    Raises:
        InvalidInputError: It is no UUID.
    """
    text = str(value) if isinstance(value, UUID) else value
    if not isinstance(text, str) or not _CANONICAL_UUID.fullmatch(text := text.lower()):
        raise InvalidInputError(field, "must be a UUID, as uuid.UUID or as text")
    return text


def check_ids(field: str, values: object) -> list[str]:
    """Check a list of ids, each of which may occur once.

    Args:
        field: The argument's name.
        values: The ids.

    Returns:
        The texts in the same order.

    Raises:
        InvalidInputError: It is no list, an item is no UUID, or one occurs twice.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidInputError(field, "must be a list of UUIDs")
    ids = [check_id(f"{field}[{position}]", value) for position, value in enumerate(values)]
    if len(set(ids)) < len(ids):
        twice = next(checked for checked in ids if ids.count(checked) > 1)
        raise InvalidInputError(field, f"holds {twice} more than once")
    return ids


def check_flag(field: str, value: object) -> bool:
    """Check a truth value.

    Args:
        field: The argument's name.
        value: `True` or `False`; what is only true-ish is refused.

    Returns:
        The value.

    Raises:
        InvalidInputError: It is something else.
    """
    if not isinstance(value, bool):
        raise InvalidInputError(field, "must be True or False")
    return value


def check_integer(field: str, value: object, *, least: int, most: int) -> int:
    """Check a whole number.

    Args:
        field: The argument's name.
        value: The number.
        least: The least that is allowed.
        most: The most that is allowed.

    Returns:
        The number.

    Raises:
        InvalidInputError: It is no whole number, or out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInputError(field, "must be a whole number")
    if not least <= value <= most:
        raise InvalidInputError(field, f"must be from {least} to {most}")
    return value


def check_input(field: str, value: object, kind: type[InputT]) -> InputT:
    """Check that an input object is one of its kind.

    Args:
        field: The argument's name.
        value: The object.
        kind: The class that it must be of.

    Returns:
        The object.

    Raises:
        InvalidInputError: It is something else.
    """
    if not isinstance(value, kind):
        raise InvalidInputError(field, f"must be a {kind.__name__}")
    return value


def is_unicode(text: str) -> bool:
    """Tell whether a text can be encoded: Python's own may hold lone surrogates.

    Args:
        text: The text.

    Returns:
        `False` where it can't.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
