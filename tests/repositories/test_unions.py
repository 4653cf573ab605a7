"""Rows of several kinds in one statement: shared columns, each level read as its own."""

from typing import Any

import peewee
import pytest

from tests.plain_sql import run_plain
from triosigno_db.database.lifecycle import current_database
from triosigno_db.errors import InvalidInputError
from triosigno_db.models import Lesson, Module, Sign, User
from triosigno_db.records import Selection
from triosigno_db.repositories.unions import ColumnSet, LazyRows, LevelUnion, row_reader
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_module

TITLES = Selection(("id", "title"))


def rows_of(url: str, levels: LevelUnion, *sources: Any) -> list[tuple[Any, ...]]:
    """Read all levels in one statement: each level's rows of its model."""
    queries = [model.select(*levels.select(level)) for level, model in enumerate(sources)]
    union = queries[0]
    for query in queries[1:]:
        union = union.union_all(query)
    sql, values = current_database().get_sql_context().sql(union).query()
    return run_plain(url, sql, values)


def test_levels_share_the_columns_whose_types_agree() -> None:
    levels = LevelUnion(
        ColumnSet(Module, Selection(("id", "title", "order"))),
        ColumnSet(Lesson, Selection(("id", "title", "order"))),
    )
    assert [len(levels.select(level)) for level in (0, 1)] == [4, 4]


def test_a_type_that_one_level_alone_has_is_null_in_the_others(
    triosigno_db: IsolatedDatabase,
) -> None:
    module = make_module(lessons=1, signs_per_lesson=2)
    levels = LevelUnion(
        ColumnSet(Module, TITLES),
        ColumnSet(Lesson, Selection(("id", "order"))),
        ColumnSet(Sign, Selection(("name", "difficulty"))),
    )
    rows = rows_of(triosigno_db.url, levels, Module, Lesson, Sign)
    assert sorted(row[0] for row in rows) == [0, 1, 2, 2]
    read: list[list[dict[str, Any]]] = [[], [], []]
    for row in rows:
        read[row[0]].append(levels.readers[row[0]](row))
    lesson = module.lessons[0]
    assert read[0] == [{"id": module.id, "title": module.title}]
    assert read[1] == [{"id": lesson.id, "order": 1}]
    signs = [placed.sign for placed in lesson.lesson_signs]
    assert sorted(each["name"] for each in read[2]) == sorted(sign.name for sign in signs)
    assert {each["difficulty"] for each in read[2]} == {"BEGINNER"}


def test_keys_are_read_though_nobody_wants_them(triosigno_db: IsolatedDatabase) -> None:
    module = make_module(lessons=1, signs_per_lesson=0)
    levels = LevelUnion(ColumnSet(Lesson, Selection(("title",)), keys=("moduleId",)))
    (row,) = rows_of(triosigno_db.url, levels, Lesson)
    assert row[levels.position(0, "moduleId")] == module.id
    assert row[levels.position(0, "title")] == module.lessons[0].title


def test_a_column_that_is_wanted_twice_is_read_once() -> None:
    levels = LevelUnion(ColumnSet(Lesson, Selection(("id", "moduleId")), keys=("id", "moduleId")))
    assert len(levels.select(0)) == 3


def test_a_computed_column_has_the_type_that_it_is_given(triosigno_db: IsolatedDatabase) -> None:
    make_module(lessons=0, title="four")
    length = (peewee.fn.length(Module.title), Lesson.order.field_type)
    levels = LevelUnion(
        ColumnSet(Module, Selection(("size",)), computed={"size": length}),
        ColumnSet(Lesson, Selection(("order",))),
    )
    assert len(levels.select(0)) == 2
    (row,) = rows_of(triosigno_db.url, levels, Module, Lesson)
    assert levels.readers[0](row) == {"size": 4}


def test_column_sets_inside_come_in_the_same_row() -> None:
    selection = Selection(("title",), (("module", TITLES),))
    inside = {"module": ColumnSet(Module, TITLES)}
    levels = LevelUnion(ColumnSet(Lesson, selection, inside=inside))
    assert len(levels.select(0)) == 4
    assert (
        levels.readers[0]((0, "a", "an id", "b"))
        == {
            "title": "a",
            "module": {"id": "an id", "title": "b"},
        }
        or levels.readers[0]((0, "a", "b", "an id"))["title"] == "a"
    )


def test_a_column_that_there_is_not_is_refused() -> None:
    for selection in (Selection(("password",)), Selection((), (("signs", TITLES),))):
        with pytest.raises(InvalidInputError, match="User has no field"):
            LevelUnion(ColumnSet(User, selection))
    LevelUnion(ColumnSet(User, Selection((), (("signs", TITLES),)), nested=("signs",)))


def test_a_reader_names_the_values_of_a_row() -> None:
    read = row_reader({"id": 1, "it's": 0, "inside": {"id": 2, "deeper": {}}})
    assert read(["a", "b", "c"]) == {"id": "b", "it's": "a", "inside": {"id": "c", "deeper": {}}}
    assert row_reader({})(["a"]) == {}


def test_lazy_rows_are_read_as_they_are_taken() -> None:
    taken: list[Any] = []

    def read(row: Any) -> dict[str, Any]:
        taken.append(row)
        return {"id": row[0]}

    rows = LazyRows(read, [(1,), (2,)])
    assert taken == []
    iterator = iter(rows)
    assert next(iterator) == {"id": 1}
    assert taken == [(1,)]
    assert [row["id"] for row in rows] == [1, 2]
