"""Checks of function arguments, which run before a connection is checked out."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from triosigno_db.errors import InvalidInputError

EnumT = TypeVar("EnumT", bound=StrEnum)

_FIXED_WIDTH_SPACES = "".join(map(chr, range(0x2000, 0x200B)))

WHITE_SPACE = f"\t\n\v\f\r \x85\xa0\u1680{_FIXED_WIDTH_SPACES}\u2028\u2029\u202f\u205f\u3000"
"""Unicode white space, which is stripped from inputs; `str.strip` strips four more characters."""

MAX_NAME = 200
"""The maximum number of characters of a name or title."""

MAX_EMAIL = 254
"""The maximum number of characters of an e-mail address: https://www.rfc-editor.org/errata/eid1690"""

MAX_ID = 255
"""The maximum number of characters of an id."""

MAX_LOGIN = 1000
"""The maximum number of characters of a login that is looked up; other software may store more than
an address or a username can have."""

_INVISIBLE = ("Cc", "Cf", "Zl", "Zp")
"""The Unicode categories of control and format characters, line and paragraph separators."""

OUT_OF_RANGE = "must be in the years 1 to 9999 in UTC"
"""Why a timestamp is refused that Python or PostgreSQL can represent, but not both."""

_MAX_QUOTED = 60


def check_id(field: str, value: object) -> str:
    """Check an id.

    The column is text: the library creates UUIDs, other software may store any other text.

    Args:
        field: The argument's name.
        value: A text of 1 to 255 characters, or a `uuid.UUID`.

    Returns:
        The text, unchanged; that of a UUID in lower case.

    Raises:
        InvalidInputError: It is not such a text, or PostgreSQL can't store it.
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise InvalidInputError(field, f"must be text of 1 to {MAX_ID} characters, or a uuid.UUID")
    _refuse_unstorable(field, value)
    return value


def check_ids(field: str, values: object) -> list[str]:
    """Check a list of ids, each of which may occur once.

    Args:
        field: The argument's name.
        values: The ids.

    Returns:
        The ids as text, in the same order.

    Raises:
        InvalidInputError: It is not a list, an item is not a valid id, or one occurs twice.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidInputError(field, "must be a list of ids")
    ids = [check_id(f"{field}[{position}]", value) for position, value in enumerate(values)]
    if len(set(ids)) < len(ids):
        twice = next(each for each, times in Counter(ids).items() if times > 1)
        raise InvalidInputError(field, f"contains {twice!r} more than once")
    return ids


def check_bool(field: str, value: object) -> bool:
    """Check a bool.

    Args:
        field: The argument's name.
        value: `True` or `False`; other truthy and falsy values are rejected.

    Returns:
        The value.

    Raises:
        InvalidInputError: It is not a bool.
    """
    if not isinstance(value, bool):
        raise InvalidInputError(field, "must be True or False")
    return value


def check_integer(field: str, value: object, *, minimum: int, maximum: int) -> int:
    """Check an integer.

    Args:
        field: The argument's name.
        value: The number.
        minimum: The minimum.
        maximum: The maximum.

    Returns:
        The number.

    Raises:
        InvalidInputError: It is not an integer, or is out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInputError(field, "must be a whole number")
    if not minimum <= value <= maximum:
        raise InvalidInputError(field, f"must be from {minimum} to {maximum}")
    return value


def check_seconds(field: str, value: object, *, maximum: float) -> float:
    """Check a duration.

    Args:
        field: The argument's name.
        value: The time in seconds.
        maximum: The maximum.

    Returns:
        The time.

    Raises:
        InvalidInputError: It is not a number, not greater than 0, or too long.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= maximum:
        return value
    raise InvalidInputError(field, f"must be a number greater than 0 and at most {maximum:g}")


def check_text(field: str, value: object, *, maximum: int) -> str:
    """Check a search text.

    Args:
        field: The argument's name.
        value: The text.
        maximum: The maximum number of characters.

    Returns:
        The text without leading and trailing white space.

    Raises:
        InvalidInputError: It is not a string, is empty or too long, or PostgreSQL cannot store it.
    """
    if not isinstance(value, str):
        raise InvalidInputError(field, "must be a string")
    _refuse_unstorable(field, value)
    text = value.strip(WHITE_SPACE)
    if not text:
        raise InvalidInputError(field, "must not be empty")
    if len(text) > maximum:
        raise InvalidInputError(field, f"must have at most {maximum} characters")
    return text


def check_login(field: str, value: object) -> str:
    """Check an e-mail address or a username to look up.

    Args:
        field: The argument's name.
        value: The text.

    Returns:
        The text, unchanged: other software may have stored white space around it.

    Raises:
        InvalidInputError: It is not a string of 1 to 1,000 characters, or PostgreSQL cannot store
            it.
    """
    if not isinstance(value, str):
        raise InvalidInputError(field, "must be a string")
    if not value:
        raise InvalidInputError(field, "must not be empty")
    if len(value) > MAX_LOGIN:
        raise InvalidInputError(field, f"must have at most {MAX_LOGIN:,} characters")
    _refuse_unstorable(field, value)
    return value


def canonical(text: str) -> str:
    """Return the form in which the library stores a name or a description.

    Args:
        text: The text.

    Returns:
        The text in Unicode's form NFC, without leading and trailing white space.
    """
    return unicodedata.normalize("NFC", text.strip(WHITE_SPACE))


def is_invisible(character: str) -> bool:
    """Tell whether a character controls the terminal or the order of a line, or ends a line.

    Args:
        character: One character.

    Returns:
        Whether Unicode counts it as a control, format, line or paragraph separator character.
    """
    return unicodedata.category(character) in _INVISIBLE


def check_enum(field: str, value: object, kind: type[EnumT]) -> EnumT:
    """Check a value of one of the enums.

    Args:
        field: The argument's name.
        value: A member or its value.
        kind: The enum.

    Returns:
        The member.

    Raises:
        InvalidInputError: It is not a value of the enum.
    """
    # A label that was read, and that the library does not know, is an instance of the enum as well.
    for member in kind:
        if value == member.value:
            return member
    raise InvalidInputError(field, f"must be one of {', '.join(kind)}")


def check_timestamp(field: str, value: object) -> datetime:
    """Check a timestamp, and convert it to the database's format.

    Args:
        field: The argument's name.
        value: An aware datetime.

    Returns:
        The same time in UTC, without its time zone.

    Raises:
        InvalidInputError: It is not a datetime, or has no time zone.
    """
    if not isinstance(value, datetime):
        raise InvalidInputError(field, "must be a datetime")
    if value.utcoffset() is None:
        raise InvalidInputError(field, "must be aware: add a time zone, such as datetime.UTC")
    try:
        return value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        pass
    raise InvalidInputError(field, OUT_OF_RANGE)


def check_timezone(field: str, value: object) -> str:
    """Check the name of a time zone.

    Args:
        field: The argument's name.
        value: A name of the IANA database such as `"Europe/Paris"`, or a `ZoneInfo` of one.

    Returns:
        The name.

    Raises:
        InvalidInputError: The time zone does not exist.
    """
    name = value.key if isinstance(value, ZoneInfo) else value
    if isinstance(name, str):
        # ZoneInfo raises these for paths, NUL bytes and folders of zones.
        with suppress(ValueError, OSError, KeyError):
            return ZoneInfo(name).key
    raise InvalidInputError(field, "must be the name of a time zone, such as Europe/Paris")


def shortened(name: str) -> str:
    """Shorten a name that is quoted in an error.

    Args:
        name: The name.

    Returns:
        The name, or its first 60 characters and an ellipsis.
    """
    return name if len(name) <= _MAX_QUOTED else f"{name[:_MAX_QUOTED]}…"


def is_unicode(text: str) -> bool:
    """Return whether a text can be encoded; Python strings may contain lone surrogates.

    Args:
        text: The text.

    Returns:
        `False` if it contains a lone surrogate.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_unstorable(field: str, text: str) -> None:
    if "\0" in text or not is_unicode(text):
        raise InvalidInputError(field, "must be Unicode text without NUL")
