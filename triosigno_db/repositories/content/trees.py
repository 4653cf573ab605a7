"""Trees: modules with their lessons and signs, and a lesson with its signs."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import Parameter, columns, statement
from triosigno_db.errors import NotFoundError
from triosigno_db.models import Lesson, LessonSign, Module, Sign
from triosigno_db.records import (
    NO_COLUMNS,
    LessonWithSigns,
    ModuleTree,
    Page,
    Selection,
    check_shape,
    default_shape,
)
from triosigno_db.records.content import LessonWithSignsT, ModuleTreeT
from triosigno_db.repositories.caching import cached, cached_page
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_rows, paged, to_page
from triosigno_db.repositories.unions import ColumnSet, LazyRows, LevelUnion, Row, Values

SIGN, LESSON, MODULE = range(3)
"""The levels of the tree. The widest is the first one, so that the others can use its columns."""

LESSONS = "lessons"
LESSON_SIGNS = "lessonSigns"
NESTED_SIGN = "sign"


class _Tree:
    """The levels of a tree of modules.

    Args:
        selection: The selection of a module.
    """

    def __init__(self, selection: Selection) -> None:
        lesson = selection.inside(LESSONS)
        place = lesson.inside(LESSON_SIGNS) if lesson else None
        sign = place.inside(NESTED_SIGN) if place else None
        self.has_lessons = lesson is not None
        self.has_places = place is not None
        self.has_signs = sign is not None
        # The id of the sign is already selected as the foreign key of its position.
        sign_id = {"id": (LessonSign.sign, LessonSign.sign.field_type)}
        places = ColumnSet(
            LessonSign,
            place or NO_COLUMNS,
            keys=("id", "lessonId", "order"),
            inside={NESTED_SIGN: ColumnSet(Sign, sign, computed=sign_id)} if sign else {},
        )
        lessons = ColumnSet(
            Lesson, lesson or NO_COLUMNS, keys=("id", "moduleId", "order"), nested=(LESSON_SIGNS,)
        )
        modules = ColumnSet(Module, selection, keys=("id",), nested=(LESSONS,))
        self.levels = LevelUnion(places, lessons, modules)

    def select_places(self, lesson_ids: Any) -> Any:
        """Select the positions of signs in lessons, with the signs if they are selected."""
        query = LessonSign.select(*self.levels.select(SIGN))
        if self.has_signs:
            query = query.join(Sign, on=(Sign.id == LessonSign.sign))
        return query.where(LessonSign.lesson == peewee.fn.any(lesson_ids))

    def select_lessons(self, is_wanted: Any) -> Any:
        """Select lessons."""
        return Lesson.select(*self.levels.select(LESSON)).where(is_wanted)

    def select_branches(self, is_wanted: Any) -> list[Any]:
        """Select lessons and the positions of signs in them, as far as they are selected."""
        if not self.has_lessons:
            return []
        lessons = self.select_lessons(is_wanted)
        if not self.has_places:
            return [lessons]
        # With an array the lessons are looked up first, then their signs by index. With a join the
        # planner would read all of `LessonSign`.
        lesson_ids = peewee.fn.array(Lesson.select(Lesson.id).where(is_wanted))
        return [self.select_places(lesson_ids), lessons]

    def read(self, rows: Iterable[Row]) -> tuple[list[Values], dict[str, LazyRows]]:
        """Assemble the tree from rows in any order.

        Returns:
            The modules, and the lessons of each module in order, each with its signs in order.
        """
        levels: tuple[list[Row], ...] = ([], [], [])
        for row in rows:
            levels[row[0]].append(row)
        read_place, read_lesson, read_module = self.levels.readers
        places = self._grouped(SIGN, levels[SIGN], "lessonId")

        def read_with_places(row: Row) -> Values:
            lesson = read_lesson(row)
            lesson[LESSON_SIGNS] = [read_place(each) for each in places.get(lesson["id"], ())]
            return lesson

        lessons = self._grouped(LESSON, levels[LESSON], "moduleId")
        return (
            [read_module(row) for row in levels[MODULE]],
            {module: LazyRows(read_with_places, group) for module, group in lessons.items()},
        )

    def _grouped(self, level: int, rows: list[Row], key: str) -> dict[str, list[Row]]:
        """Group the rows of a level by parent, each group sorted by `order`, then by id."""
        position = self.levels.position(level, key)
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row[position]].append(row)
        order = itemgetter(self.levels.position(level, "order"), self.levels.position(level, "id"))
        for group in groups.values():
            group.sort(key=order)
        return groups


_tree = cache(_Tree)


def _tree_of_lesson(selection: Selection) -> _Tree:
    return _tree(Selection((), ((LESSONS, selection),)))


# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_module_tree(selection: Selection) -> Any:
    """Select a module, its lessons and their signs: each row once, with its level."""
    tree = _tree(selection)
    module_id = Parameter("module_id")
    module = Module.select(*tree.levels.select(MODULE)).where(Module.id == module_id)
    return _union([*tree.select_branches(Lesson.module == module_id), module])


@statement(reads_only=True, prepared=False)
def select_modules_of_trees(
    selection: Selection, filters: tuple[str, ...], is_continued: bool
) -> Any:
    """Select modules in order, without their lessons."""
    del filters
    query = Module.select(Module.id, *columns(Module, selection, nested=(LESSONS,)))
    return paged(query, Module.order, Module.id, is_continued=is_continued)


@statement(reads_only=True)
def select_branches(selection: Selection) -> Any:
    """Select the lessons of several modules, and their signs."""
    return _union(
        _tree(selection).select_branches(Lesson.module == peewee.fn.any(Parameter("module_ids")))
    )


@statement(reads_only=True)
def select_lesson_with_signs(selection: Selection) -> Any:
    """Select a lesson and its signs: each row once, with its level."""
    return _union(_tree_of_lesson(selection).select_branches(Lesson.id == Parameter("lesson_id")))


def _union(queries: list[Any]) -> Any:
    first, *others = queries
    for other in others:
        first = first.union_all(other)
    return first


# -- functions --------------------------------------------------------------------------------


def get_module_tree(
    module_id: str | UUID, *, shape: type[ModuleTreeT] = default_shape(ModuleTree)
) -> ModuleTreeT:
    """Read a module with its lessons and their signs, in one round trip.

    Args:
        module_id: The id of the module.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The module; lessons and signs are sorted by `order`, then by id.

    Raises:
        NotFoundError: The module does not exist.
        InvalidInputError: `module_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    module_id = check_id("module_id", module_id)
    checked = check_shape(shape, ModuleTree)
    selection = checked.selection

    def load() -> ModuleTreeT:
        rows = fetch_all(select_module_tree(selection), module_id=module_id)
        modules, lessons = _tree(selection).read(rows)
        if not modules:
            raise NotFoundError("Module", module_id)
        return checked.from_values(modules[0] | {LESSONS: lessons.get(module_id, ())}, module_id)

    return cached(checked, shape, ("module_tree", module_id), load)


def list_module_trees(
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[ModuleTreeT] = default_shape(ModuleTree),
) -> Page[ModuleTreeT]:
    """List modules with their lessons and signs, in two round trips.

    Args:
        limit: The maximum number of modules per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        One page of modules; modules, lessons and signs are sorted by `order`, then by id.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, ModuleTree)
    selection = checked.selection

    def load() -> Page[ModuleTreeT]:
        rows, names, following = fetch_rows(
            select_modules_of_trees, selection, limit=limit, cursor=cursor
        )
        lessons: dict[str, LazyRows] = {}
        if rows and selection.inside(LESSONS) is not None:
            found = fetch_all(select_branches(selection), module_ids=[row[0] for row in rows])
            _, lessons = _tree(selection).read(found)
        items = [
            checked.from_values(
                dict(zip(selection.columns, row[1:], strict=True))
                | {LESSONS: lessons.get(row[0], ())},
                name,
            )
            for row, name in zip(rows, names, strict=True)
        ]
        return to_page(items, following)

    return cached_page(checked, ("module_trees", limit, cursor), load)


def get_lesson(
    lesson_id: str | UUID, *, shape: type[LessonWithSignsT] = default_shape(LessonWithSigns)
) -> LessonWithSignsT:
    """Read a lesson with its signs, in one round trip.

    Args:
        lesson_id: The id of the lesson.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The lesson; its signs are sorted by `order`, then by id.

    Raises:
        NotFoundError: The lesson does not exist.
        InvalidInputError: `lesson_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    lesson_id = check_id("lesson_id", lesson_id)
    checked = check_shape(shape, LessonWithSigns)
    selection = checked.selection
    rows = fetch_all(select_lesson_with_signs(selection), lesson_id=lesson_id)
    _, lessons = _tree_of_lesson(selection).read(rows)
    lesson = next(chain(*lessons.values()), None)
    if lesson is None:
        raise NotFoundError("Lesson", lesson_id)
    return checked.from_values(lesson, lesson_id)
