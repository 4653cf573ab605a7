"""Categories: the themes that signs belong to."""

from typing import Any
from uuid import UUID

import peewee

from triosigno_db.database.statements import columns, statement
from triosigno_db.models import Sign, SignCategory
from triosigno_db.records import (
    CategoryChanges,
    CategoryRecord,
    CategoryWithCounts,
    NewCategory,
    Page,
    Selection,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.content import CategoryT, CategoryWithCountsT
from triosigno_db.repositories.caching import cached_page, changing_content
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
    """Select categories by name, with the number of their signs."""
    del filters
    signs = Sign.select(peewee.fn.count(peewee.SQL("*"))).where(Sign.category == SignCategory.id)
    query = SignCategory.select(*columns(SignCategory, selection, computed={"signCount": signs}))
    return paged(query, SignCategory.name, is_continued=is_continued)


def create_category(
    new: NewCategory, *, shape: type[CategoryT] = default_shape(CategoryRecord)
) -> CategoryT:
    """Create a category of signs.

    Args:
        new: The new category.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The stored category.

    Raises:
        AlreadyExistsError: Another category has the same name.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, CategoryRecord)
    with changing_content():
        return create_record(SignCategory, check_input("new", new, NewCategory), checked)


def get_category(
    category_id: str | UUID, *, shape: type[CategoryT] = default_shape(CategoryRecord)
) -> CategoryT:
    """Read a category.

    Args:
        category_id: The id of the category.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The category.

    Raises:
        NotFoundError: The category does not exist.
        InvalidInputError: `category_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return get_record(SignCategory, "category_id", category_id, check_shape(shape, CategoryRecord))


def list_categories(
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[CategoryWithCountsT] = default_shape(CategoryWithCounts),
) -> Page[CategoryWithCountsT]:
    """List the categories by name, each with the number of its signs.

    Args:
        limit: The maximum number of categories per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; signs are counted only if it has `sign_count`.

    Returns:
        One page of categories.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, CategoryWithCounts)
    return cached_page(
        checked,
        ("categories", limit, cursor),
        lambda: fetch_page(select_categories, checked, limit=limit, cursor=cursor, keys=1),
    )


def update_category(
    category_id: str | UUID,
    changes: CategoryChanges,
    *,
    shape: type[CategoryT] = default_shape(CategoryRecord),
) -> CategoryT:
    """Update a category; fields that are not set keep their values.

    Args:
        category_id: The id of the category.
        changes: The new values; a field that is set to `None` is cleared.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated category.

    Raises:
        NotFoundError: The category does not exist.
        AlreadyExistsError: Another category has the same name.
        InvalidInputError: `category_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, CategoryChanges).changed()
    checked = check_shape(shape, CategoryRecord)
    with changing_content():
        return update_record(SignCategory, "category_id", category_id, changed, checked)


def delete_category(category_id: str | UUID) -> None:
    """Delete a category that has no signs.

    Args:
        category_id: The id of the category.

    Raises:
        NotFoundError: The category does not exist.
        InUseError: It has signs; `uses` says how many.
        InvalidInputError: `category_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    with changing_content():
        delete_record(
            SignCategory, "category_id", category_id, referrers=referrers_of(SignCategory)
        )
