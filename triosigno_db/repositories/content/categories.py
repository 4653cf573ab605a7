"""Categories: the themes that signs belong to."""

from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_input
from triosigno_db.database.statements import columns, statement
from triosigno_db.models import Sign, SignCategory
from triosigno_db.records import (
    CategoryChanges,
    CategoryRecord,
    CategoryWithCounts,
    NewCategory,
    Page,
    Selection,
    default_shape,
)
from triosigno_db.records.content import CategoryT, CategoryWithCountsT
from triosigno_db.repositories.caching import cached_page, clear_cache
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, paged
from triosigno_db.repositories.rows import (
    create_record,
    delete_record,
    get_record,
    referrers_of,
    update_record,
)


@statement(reads_only=True, prepared=False)
def select_categories(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """The categories by name, with the number of their signs."""
    del filters
    signs = Sign.select(peewee.fn.count(peewee.SQL("*"))).where(Sign.category == SignCategory.id)
    query = SignCategory.select(*columns(SignCategory, selection, computed={"signCount": signs}))
    return paged(query, SignCategory.name, is_continued=is_continued)


def create_category(
    new: NewCategory, *, shape: type[CategoryT] = default_shape(CategoryRecord)
) -> CategoryT:
    """Create a category of signs.

    Args:
        new: The category.
        shape: The record to return, with fewer fields.

    Returns:
        The category as stored.

    Raises:
        AlreadyExistsError: Another category has this name.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    made = create_record(SignCategory, check_input("new", new, NewCategory), shape)
    clear_cache()
    return made


def get_category(
    category_id: str | UUID, *, shape: type[CategoryT] = default_shape(CategoryRecord)
) -> CategoryT:
    """Read a category.

    Args:
        category_id: The category.
        shape: The record to return, with fewer fields.

    Returns:
        The category.

    Raises:
        NotFoundError: There is no such category.
        InvalidInputError: `category_id` is not a UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return get_record(SignCategory, "category_id", category_id, shape)


def list_categories(
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[CategoryWithCountsT] = default_shape(CategoryWithCounts),
) -> Page[CategoryWithCountsT]:
    """List the categories by name, each with the number of its signs.

    Args:
        limit: The most categories of one page, 1 to 200.
        cursor: The `next_cursor` of the page before.
        shape: The record to return, with fewer fields; the signs are counted where it asks for it.

    Returns:
        One page of categories.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return cached_page(
        shape,
        ("categories", limit, cursor),
        lambda: fetch_page(select_categories, shape, limit=limit, cursor=cursor, keys=1),
    )


def update_category(
    category_id: str | UUID,
    changes: CategoryChanges,
    *,
    shape: type[CategoryT] = default_shape(CategoryRecord),
) -> CategoryT:
    """Change the fields of a category that are set.

    Args:
        category_id: The category.
        changes: What to change; a field that is set to `None` is cleared.
        shape: The record to return, with fewer fields.

    Returns:
        The category as it is now.

    Raises:
        NotFoundError: There is no such category.
        AlreadyExistsError: Another category has this name.
        InvalidInputError: `category_id` is not a UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, CategoryChanges).changed()
    updated = update_record(SignCategory, "category_id", category_id, changed, shape)
    clear_cache()
    return updated


def delete_category(category_id: str | UUID) -> None:
    """Delete a category that has no signs.

    Args:
        category_id: The category.

    Raises:
        NotFoundError: There is no such category.
        InUseError: It has signs; `uses` says how many.
        InvalidInputError: `category_id` is not a UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    delete_record(SignCategory, "category_id", category_id, referrers=referrers_of(SignCategory))
    clear_cache()
