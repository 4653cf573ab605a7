"""The kinds of change that docs/explanation/schema-changes.md compares tools by."""

from typing import Any, NamedTuple

from tests.migrator.changing_models import ColumnSpec, Spec

TEXT, NUMBER, TRUTH = ColumnSpec("text"), ColumnSpec("integer"), ColumnSpec("boolean")
LEVEL = ColumnSpec("Level")
REQUIRED = ColumnSpec("integer", nullable=False)
UNIQUE = ColumnSpec("integer", index="unique")
REFERENCE = ColumnSpec("Parent", is_reference=True)

LABELS = ("LOW", "HIGH")


class Kind(NamedTuple):
    """A kind of change.

    Attributes:
        name: Its name in the table of the page.
        before: The models before.
        rows: The values of one column of the table `Thing`; `None` for a row without that column.
        after: The models after.
        renames: What is renamed.
    """

    name: str
    before: Spec
    rows: tuple[Any, ...]
    after: Spec
    renames: tuple[str, ...] = ()


def _thing(*labels: str, **columns: ColumnSpec) -> Spec:
    return Spec({"Parent": {}, "Thing": columns}, {"Level": labels} if labels else {})


def _level(*labels: str, default: str | None = None) -> Spec:
    return _thing(*labels, v=ColumnSpec("Level", default=default))


KINDS = (
    Kind("add a table", Spec({"Thing": {}}), (), Spec({"Thing": {}, "Parent": {}})),
    Kind("add a nullable column", _thing(), (None,), _thing(v=NUMBER)),
    Kind(
        "add a required column with a default",
        _thing(),
        (None,),
        _thing(v=ColumnSpec("integer", nullable=False, default=7)),
    ),
    Kind(
        "add a required column without a default to a table with rows",
        _thing(),
        (None,),
        _thing(v=REQUIRED),
    ),
    Kind("make a column unique", _thing(v=NUMBER), (1, 2), _thing(v=UNIQUE)),
    Kind("make a column with duplicates unique", _thing(v=NUMBER), (1, 1), _thing(v=UNIQUE)),
    Kind(
        "add a foreign key where rows refer to nothing",
        _thing(parent_id=TEXT),
        ("nobody",),
        _thing(parent=REFERENCE),
    ),
    Kind("require a column that has NULLs", _thing(v=NUMBER), (1, None), _thing(v=REQUIRED)),
    Kind("no longer require a column", _thing(v=REQUIRED), (1,), _thing(v=NUMBER)),
    Kind("drop a column with values", _thing(v=NUMBER), (1,), _thing()),
    Kind("drop a table with rows", _thing(v=NUMBER), (1,), Spec({"Parent": {}})),
    Kind("rename a column", _thing(v=NUMBER), (1,), _thing(w=NUMBER), ("Thing.v:w",)),
    Kind(
        "rename a table",
        _thing(v=NUMBER),
        (1,),
        Spec({"Parent": {}, "Object": {"v": NUMBER}}),
        ("Thing:Object",),
    ),
    Kind("a number becomes text", _thing(v=NUMBER), (1,), _thing(v=TEXT)),
    Kind("text becomes a number, all values fit", _thing(v=TEXT), ("1",), _thing(v=NUMBER)),
    Kind(
        "text becomes a number, a value does not fit", _thing(v=TEXT), ("1", "x"), _thing(v=NUMBER)
    ),
    Kind("a number becomes a bool, all are 0 or 1", _thing(v=NUMBER), (0, 1), _thing(v=TRUTH)),
    Kind("a bool becomes a number", _thing(v=TRUTH), (True, False), _thing(v=NUMBER)),
    Kind("text becomes an enum, all are labels", _thing(v=TEXT), ("LOW",), _level(*LABELS)),
    Kind("add a label", _level(*LABELS), ("LOW",), _level(*LABELS, "TOP")),
    Kind(
        "add a label and use it as a default",
        _level(*LABELS, default="LOW"),
        ("LOW",),
        _level(*LABELS, "TOP", default="TOP"),
    ),
    Kind("remove a label that no row has", _level(*LABELS), ("LOW",), _level("LOW")),
    Kind("remove a label that rows have", _level(*LABELS), ("HIGH",), _level("LOW")),
    Kind("change the order of labels", _level(*LABELS), ("LOW",), _level("HIGH", "LOW")),
    Kind(
        "add a CHECK constraint",
        _thing(v=NUMBER),
        (1,),
        _thing(v=ColumnSpec("integer", has_check=True)),
    ),
)
