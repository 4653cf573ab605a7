"""Reads of content through the cache, if the settings enable it."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from triosigno_db.database.blocks import block
from triosigno_db.database.lifecycle import current_database
from triosigno_db.errors import TrioSignoDBError, UnreadableRowError
from triosigno_db.records import Page, Record, Shape
from triosigno_db.repositories.pages import to_page

RecordT = TypeVar("RecordT", bound=Record)
ModelT = TypeVar("ModelT", bound=BaseModel)


def cached(
    shape: Shape[Any], kind: type[ModelT], key: tuple[Any, ...], load: Callable[[], ModelT]
) -> ModelT:
    """Read through the cache, if it is enabled.

    Inside a transaction the cache is skipped, so that the transaction sees its own writes.

    Args:
        shape: The checked shape to read.
        kind: The class of the result.
        key: The function's name and its arguments.
        load: Reads the result from the database.

    Returns:
        The result, from the cache or the database.
    """
    database = current_database()
    cache = database.content_cache
    if cache is None or database.in_transaction():
        return load()
    return cache.fetch(shape.record, kind, repr((*key, shape.selection)), load)


def cached_page(
    shape: Shape[RecordT], key: tuple[Any, ...], load: Callable[[], Page[RecordT]]
) -> Page[RecordT]:
    """Read a page through the cache, if it is enabled.

    Args:
        shape: The checked shape to read.
        key: The function's name and its arguments.
        load: Reads the result from the database.

    Returns:
        The result, from the cache or the database.
    """
    kind: Any = Page.__class_getitem__(shape.record)
    found = cached(shape, cast("type[Page[RecordT]]", kind), key, load)
    # The class for one shape can't be pickled.
    return found if type(found) is Page else to_page(list(found), found.next_cursor)


@block
def changing_content() -> Iterator[None]:
    """Clear the cached content after the block, or when the transaction of this thread commits.

    The block changes content. It is cleared as well if the result of a write can't be read, or if
    an exception comes from outside: the write may be stored.

    Yields:
        Nothing.
    """
    try:
        yield
    except TrioSignoDBError as exc:
        if isinstance(exc, UnreadableRowError):
            _clear_cache()
        raise
    except BaseException:
        _clear_cache()
        raise
    _clear_cache()


def _clear_cache() -> None:
    database = current_database()
    if database.content_cache is not None:
        database.after_commit(database.content_cache.clear)
