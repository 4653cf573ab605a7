"""Modules: create, read, list, update, reorder and delete them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.database.statements import Parameter, columns, statement
from triosigno_db.models import Lesson, LessonSign, Module
from triosigno_db.records import (
    ModuleChanges,
    ModuleRecord,
    ModuleWithCounts,
    NewModule,
    Page,
    Selection,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.content import ModuleT, ModuleWithCountsT
from triosigno_db.repositories.caching import cached_page, changing_content
from triosigno_db.repositories.content.ordering import MODULES, create_in_order, reorder
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, paged
from triosigno_db.repositories.rows import (
    delete_record,
    get_record,
    new_values,
    referrers_of,
    update_record,
)

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def insert_module(model: Any, names: tuple[str, ...], selection: Selection) -> Any:
    """Insert a module; without an order it becomes the last one."""
    after_last = Module.select(peewee.fn.max(Module.order) + 1)
    values = new_values(model, names)
    values[Module.order] = peewee.fn.coalesce(Parameter("order"), after_last, 1)
    return model.insert(values).returning(*columns(model, selection))


@statement(reads_only=True, prepared=False)
def select_modules(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select modules in order, with the number of their lessons and distinct signs."""
    del filters
    lessons = Lesson.select(peewee.fn.count(peewee.SQL("*"))).where(Lesson.module == Module.id)
    signs = (
        LessonSign.select(peewee.Function("pg_catalog.count", (LessonSign.sign.distinct(),)))
        .join(Lesson, on=(Lesson.id == LessonSign.lesson))
        .where(Lesson.module == Module.id)
    )
    computed = {"lessonCount": lessons, "signCount": signs}
    query = Module.select(*columns(Module, selection, computed=computed))
    return paged(query, Module.order, Module.id, is_continued=is_continued)


# -- functions --------------------------------------------------------------------------------


def create_module(new: NewModule, *, shape: type[ModuleT] = default_shape(ModuleRecord)) -> ModuleT:
    """Create a module.

    Args:
        new: The new module; without an order it becomes the last one.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The stored module.

    Raises:
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, ModuleRecord)
    new = check_input("new", new, NewModule)
    with changing_content():
        return create_in_order(MODULES, new, checked, insert_module)


def get_module(
    module_id: str | UUID, *, shape: type[ModuleT] = default_shape(ModuleRecord)
) -> ModuleT:
    """Read a module, without its lessons.

    Args:
        module_id: The id of the module.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The module.

    Raises:
        NotFoundError: The module does not exist.
        InvalidInputError: `module_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return get_record(Module, "module_id", module_id, check_shape(shape, ModuleRecord))


def list_modules(
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[ModuleWithCountsT] = default_shape(ModuleWithCounts),
) -> Page[ModuleWithCountsT]:
    """List the modules in order, each with the number of its lessons and distinct signs.

    Args:
        limit: The maximum number of modules per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; lessons and signs are counted only if it has the fields.

    Returns:
        One page of modules, by `order`, then by id.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, ModuleWithCounts)
    return cached_page(
        checked,
        ("modules", limit, cursor),
        lambda: fetch_page(select_modules, checked, limit=limit, cursor=cursor),
    )


def update_module(
    module_id: str | UUID,
    changes: ModuleChanges,
    *,
    shape: type[ModuleT] = default_shape(ModuleRecord),
) -> ModuleT:
    """Update a module; fields that are not set keep their values.

    Args:
        module_id: The id of the module.
        changes: The new values; a field that is set to `None` is cleared.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated module.

    Raises:
        NotFoundError: The module does not exist.
        InvalidInputError: `module_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, ModuleChanges).changed()
    checked = check_shape(shape, ModuleRecord)
    with changing_content():
        return update_record(Module, "module_id", module_id, changed, checked)


def delete_module(module_id: str | UUID) -> None:
    """Delete a module that has no lessons.

    Args:
        module_id: The id of the module.

    Raises:
        NotFoundError: The module does not exist.
        InUseError: The module has lessons; `uses` says how many.
        InvalidInputError: `module_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    with changing_content():
        delete_record(Module, "module_id", module_id, referrers=referrers_of(Module))


def reorder_modules(
    module_ids: Sequence[str | UUID], *, shape: type[ModuleT] = default_shape(ModuleRecord)
) -> tuple[ModuleT, ...]:
    """Reorder all modules and number them from 1.

    Args:
        module_ids: The ids of all modules in the new order, without duplicates.
        shape: The record class to return for each; it may have fewer fields.

    Returns:
        The modules in the new order.

    Raises:
        InvalidInputError: `module_ids` does not list exactly all modules; nothing was changed.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    with changing_content():
        return reorder(MODULES, "module_ids", module_ids, check_shape(shape, ModuleRecord))
