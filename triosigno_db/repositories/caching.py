"""Content that is read through the cache, where the settings ask for one."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from triosigno_db.database.lifecycle import current_database
from triosigno_db.records import Page, Record
from triosigno_db.repositories.rows import selection_of

RecordT = TypeVar("RecordT", bound=Record)
ModelT = TypeVar("ModelT", bound=BaseModel)


def cached(
    shape: type[Record], kind: type[ModelT], key: tuple[Any, ...], load: Callable[[], ModelT]
) -> ModelT:
    """Read through the cache where that is allowed.

    Inside a transaction the cache is skipped: what the transaction reads must be its own.

    Args:
        shape: The record that is read.
        kind: The class of what the function returns.
        key: The function's name and its arguments.
        load: Reads it from the database.

    Returns:
        What was read, now or a while ago.
    """
    database = current_database()
    cache = database.content_cache
    if cache is None or database.in_transaction():
        return load()
    return cache.fetch(shape, kind, repr((*key, selection_of(shape))), load)


def cached_page(
    shape: type[RecordT], key: tuple[Any, ...], load: Callable[[], Page[RecordT]]
) -> Page[RecordT]:
    """Read a page through the cache where that is allowed.

    Args:
        shape: The record that is read.
        key: The function's name and its arguments.
        load: Reads it from the database.

    Returns:
        What was read, now or a while ago.
    """
    selection_of(shape)
    kind: Any = Page.__class_getitem__(shape)
    return cached(shape, cast("type[Page[RecordT]]", kind), key, load)


def clear_cache() -> None:
    """Clear the cached content: at once, or when this thread's transaction is committed."""
    database = current_database()
    if database.content_cache is not None:
        database.after_commit(database.content_cache.clear)
