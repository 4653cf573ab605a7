"""The module tree: a module, its lessons and their signs, read by one statement.

A join would repeat the module's and the lesson's columns beside every sign. Here each level of the
tree comes as rows of its own; the narrower levels share the columns of the widest, the signs.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import peewee

from triosigno_db.models import Lesson, LessonSign, Module, Sign
from triosigno_db.records import (
    LessonRecord,
    LessonSignRecord,
    ModuleRecord,
    ModuleTree,
    Record,
    SignRecord,
)
from triosigno_db.records.base import row_reader
from triosigno_db.statements import Parameter, columns, statement

Block = tuple[Any, type[Record]]


class TreeLevel:
    """The columns of one level of the tree.

    Args:
        tag: What the first column holds in rows of this level.
        blocks: The models of the level, each with the record that its columns make.
        widest: The level whose columns this one shares; `None` for the widest itself.

    Attributes:
        slots: A field of the level for each column of the widest, `None` where it has none.
        readers: For each block a function from a row to the values of its record.
    """

    def __init__(self, tag: int, *blocks: Block, widest: "TreeLevel | None" = None) -> None:
        self.tag = tag
        fields = [field for model, record in blocks for field in columns(model, record)]
        self.slots: list[Any] = fields if widest is None else _lay_over(fields, widest.slots)
        position_of = {slot: place for place, slot in enumerate(self.slots, start=1)}
        self.readers = [
            row_reader({f.column_name: position_of[f] for f in columns(model, record)})
            for model, record in blocks
        ]

    def select(self) -> list[Any]:
        """List the level's columns for a SELECT.

        Returns:
            The tag, then the fields in their slots and nulls between.
        """
        null = peewee.SQL("NULL")
        return [peewee.SQL(str(self.tag)), *(null if s is None else s for s in self.slots)]


def _lay_over(fields: list[Any], widest: list[Any]) -> list[Any]:
    slots: list[Any] = [None] * len(widest)
    for field in fields:
        fitting = (
            position
            for position, slot in enumerate(slots)
            if slot is None and widest[position].field_type == field.field_type
        )
        slots[next(fitting)] = field
    return slots


MODULE, LESSON, SIGN = range(3)
SIGN_LEVEL = TreeLevel(SIGN, (LessonSign, LessonSignRecord), (Sign, SignRecord))
LESSON_LEVEL = TreeLevel(LESSON, (Lesson, LessonRecord), widest=SIGN_LEVEL)
MODULE_LEVEL = TreeLevel(MODULE, (Module, ModuleRecord), widest=SIGN_LEVEL)


@statement(reads_only=True)
def module_tree() -> Any:
    """A module, its lessons and their signs: each row once, tagged with its level."""
    module_id = Parameter("module_id")
    lessons = Lesson.select(*LESSON_LEVEL.select()).where(Lesson.module == module_id)
    module = Module.select(*MODULE_LEVEL.select()).where(Module.id == module_id)
    # As an array the lessons are looked up first, and their signs by index; as a join the planner
    # would rather read the whole table of places.
    lesson_ids = peewee.fn.array(Lesson.select(Lesson.id).where(Lesson.module == module_id))
    lesson_signs = (
        LessonSign.select(*SIGN_LEVEL.select())
        .join(Sign, on=(Sign.id == LessonSign.sign))
        .where(LessonSign.lesson == peewee.fn.any(lesson_ids))
    )
    # The widest comes first: the server takes the columns' types from it.
    return lesson_signs.union_all(lessons).union_all(module)


def to_module_tree(rows: Iterable[Sequence[Any]]) -> ModuleTree:
    """Put the rows of `module_tree` together.

    Args:
        rows: The rows in any order, one of them the module's.

    Returns:
        The tree, lessons and signs by `order`, then by id.
    """
    read_lesson_sign, read_sign = SIGN_LEVEL.readers
    (read_lesson,) = LESSON_LEVEL.readers
    (read_module,) = MODULE_LEVEL.readers
    module: dict[str, Any] = {}
    lessons: list[dict[str, Any]] = []
    signs_of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row[0] == SIGN:
            lesson_sign = read_lesson_sign(row)
            lesson_sign["sign"] = read_sign(row)
            signs_of.setdefault(lesson_sign["lessonId"], []).append(lesson_sign)
        elif row[0] == LESSON:
            lessons.append(read_lesson(row))
        else:
            module = read_module(row)
    for lesson in lessons:
        lesson["lessonSigns"] = in_order(signs_of.get(lesson["id"], []))
    module["lessons"] = in_order(lessons)
    return ModuleTree.model_validate(module)


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort lessons or signs of a lesson.

    Args:
        rows: Their values by column.

    Returns:
        Them by `order`, then by id.
    """
    return sorted(rows, key=itemgetter("order", "id"))
