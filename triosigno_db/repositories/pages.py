"""Pages of a list, by keyset pagination.

A cursor holds the key of the last row of a page, and a digest that binds it to its function and
filters. The next page is read from an index, starting after the key: it takes as long for any page,
and rows that are inserted or deleted in the meantime do not shift the others.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import peewee

from triosigno_db.arguments import check_integer
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.statements import Parameter, Statement
from triosigno_db.errors import InvalidInputError
from triosigno_db.records import Page, Record, Selection, Shape

DEFAULT_LIMIT = 50
MAX_ROWS = 200
"""The maximum number of rows per page."""

RecordT = TypeVar("RecordT", bound=Record)
Read = Callable[[Sequence[Any], object], RecordT]

_DIGEST_BYTES = 16


def filtered(query: Any, conditions: Iterable[Any]) -> Any:
    """Add conditions to a query.

    Args:
        query: The query.
        conditions: The conditions; there may be none.

    Returns:
        The query.
    """
    for condition in conditions:
        query = query.where(condition)
    return query


def paged(query: Any, *keys: Any, is_continued: bool, descending: bool = False) -> Any:
    """Limit a query to one page.

    Args:
        query: The query of the list.
        *keys: The expressions to sort by; together they are unique for each row.
        is_continued: Whether the page starts after the row of a cursor.
        descending: Whether to sort in descending order.

    Returns:
        The query; it selects the keys as well, after its own columns.
    """
    if is_continued:
        last = peewee.Tuple(*(Parameter(name) for name in _names(len(keys))))
        here = peewee.Tuple(*keys)
        query = query.where(here < last if descending else here > last)
    order = [key.desc() if descending else key.asc() for key in keys]
    return query.select_extend(*keys).order_by(*order).limit(Parameter("row_limit"))


class RowPage(NamedTuple):
    """The rows of a page without their keys, and the last key of each to name it in an error."""

    rows: Sequence[Sequence[Any]]
    names: Sequence[object]
    next_cursor: str | None


def fetch_page(
    build: Callable[..., Statement],
    shape: Shape[RecordT],
    *,
    limit: int,
    cursor: str | None,
    keys: int = 2,
    read: Read[RecordT] | None = None,
    **filters: Any,
) -> Page[RecordT]:
    """Read one page of a list.

    Args:
        build: Builds the statement of the list from a selection, the names of the filters in use,
            and whether the page is continued.
        shape: The checked shape of the items.
        limit: The maximum number of rows, 1 to 200.
        cursor: The `next_cursor` of the previous page; `None` for the first page.
        keys: The number of keys passed to `paged`.
        read: Converts a row to a record, and names the row by its last key in an error; by default
            the columns of a row are those of `shape`.
        **filters: The values of the parameters of the statement; `None` for an unused filter.

    Returns:
        The page.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
    """
    rows, names, following = fetch_rows(
        build, shape.selection, limit=limit, cursor=cursor, keys=keys, **filters
    )
    read = read or shape.from_row
    return to_page([read(row, key) for row, key in zip(rows, names, strict=True)], following)


def fetch_rows(
    build: Callable[..., Statement],
    selection: Selection,
    *,
    limit: int,
    cursor: str | None,
    keys: int = 2,
    **filters: Any,
) -> RowPage:
    """Read the rows of one page of a list, for a caller that builds the records itself.

    Args:
        build: As for `fetch_page`.
        selection: The columns to read.
        limit: The maximum number of rows, 1 to 200.
        cursor: The `next_cursor` of the previous page; `None` for the first page.
        keys: The number of keys passed to `paged`.
        **filters: As for `fetch_page`.

    Returns:
        The rows and the next cursor.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
    """
    check_integer("limit", limit, minimum=1, maximum=MAX_ROWS)
    given = {name: value for name, value in sorted(filters.items()) if value is not None}
    query = f"{build.__name__} {[(name, str(value)) for name, value in given.items()]!r}"
    last = [] if cursor is None else _decode(cursor, query, keys)
    # As text: the server converts each to the type of its column, whatever a cursor holds.
    after = dict(zip(_names(len(last)), map(str, last), strict=True))
    chosen = build(selection, tuple(given), bool(after))
    try:
        rows = fetch_all(chosen, row_limit=limit + 1, **given, **after)
    except InvalidInputError as exc:
        if not after:
            raise
        # The filters were checked before.
        raise _not_of_this_list() from exc.__cause__
    shown = rows[:limit]
    has_more = len(rows) > limit
    return RowPage(
        [row[:-keys] for row in shown],
        [row[-1] for row in shown],
        _encode(rows[limit - 1][-keys:], query) if has_more else None,
    )


def to_page(items: list[RecordT], next_cursor: str | None) -> Page[RecordT]:
    """Build a page.

    Args:
        items: The records of the page.
        next_cursor: The cursor of the next page, or `None` for the last page.

    Returns:
        The page.
    """
    return Page(items=tuple(items), next_cursor=next_cursor, has_more=next_cursor is not None)


def _names(keys: int) -> list[str]:
    return [f"after_{number}" for number in range(1, keys + 1)]


def _encode(last: Sequence[Any], query: str) -> str:
    keys = json.dumps([_to_json(key) for key in last], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(keys, query) + keys).decode().rstrip("=")


def _decode(cursor: object, query: str, keys: int) -> list[Any]:
    if isinstance(cursor, str):
        try:
            packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_")
        except (binascii.Error, ValueError):
            packed = b""
        digest, text = packed[:_DIGEST_BYTES], packed[_DIGEST_BYTES:]
        # Other characters and unused bits would allow several texts for the same cursor.
        is_canonical = base64.urlsafe_b64encode(packed).decode().rstrip("=") == cursor
        if is_canonical and hmac.compare_digest(digest, _digest(text, query)):
            last = _read_keys(text)
            if len(last) == keys:
                return last
    raise _not_of_this_list()


def _not_of_this_list() -> InvalidInputError:
    return InvalidInputError(
        "cursor", "does not belong to this list: it was altered, or created with other filters"
    )


def _read_keys(text: bytes) -> list[Any]:
    """Read the keys of a cursor; return none if the cursor holds anything else.

    Without a `cursor_secret` anyone can compute a valid digest.
    """
    try:
        read = json.loads(text)
        return [_from_json(key) for key in read] if isinstance(read, list) else []
    except (TypeError, ValueError, RecursionError):
        return []


def _digest(keys: bytes, query: str) -> bytes:
    secret = current_database().settings.cursor_secret
    key = secret.get_secret_value().encode() if secret else b""
    return hmac.digest(key, query.encode() + b"\0" + keys, hashlib.sha256)[:_DIGEST_BYTES]


def _to_json(key: Any) -> Any:
    return {"at": key.replace(tzinfo=None).isoformat()} if isinstance(key, datetime) else key


def _from_json(key: Any) -> Any:
    if isinstance(key, str | int | float):
        return key
    timestamp = key.get("at") if isinstance(key, dict) else None
    if not isinstance(timestamp, str):
        raise TypeError("neither a value nor a timestamp")
    return datetime.fromisoformat(timestamp).replace(tzinfo=None)
