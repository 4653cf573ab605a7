"""The page on what a model can say has every field and option, and tells what becomes of them."""

import re

import pytest

from tests.docs.pages import ROOT
from tests.schema.options_of_peewee import (
    FIELD_OPTIONS,
    FOREIGN_KEY_OPTIONS,
    INDEX_OPTIONS,
    TABLE_OPTIONS,
    MadeOption,
    Options,
    RefusedOption,
)
from tests.schema.what_models_say import FIELDS, Made, NoColumn, Refused

PAGE = (ROOT / "docs" / "reference" / "models.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w.]+)` \| (.+) \|$", re.MULTILINE)


def rows(heading: str) -> dict[str, str]:
    """Read the table under a heading."""
    _, found, text = PAGE.partition(f"## {heading}\n")
    assert found, heading
    return dict(ROW.findall(text.partition("\n## ")[0]))


def test_every_field_is_listed_with_its_column() -> None:
    told = rows("Fields")
    names = {}
    for kind in FIELDS:
        module = kind.__module__.rpartition(".")[2]
        names[kind.__name__ if module == "peewee" else f"{module}.{kind.__name__}"] = FIELDS[kind]
    assert set(told) == set(names)
    for name, case in names.items():
        match case:
            case Made():
                assert f"`{case.type}`" in told[name], name
            case NoColumn():
                assert told[name].startswith("no column"), name
            case Refused():
                assert "refused" in told[name], name


@pytest.mark.parametrize(
    ("heading", "options"),
    [
        ("Options of fields", FIELD_OPTIONS),
        ("Options of foreign keys", FOREIGN_KEY_OPTIONS),
        ("Options of indexes", INDEX_OPTIONS),
        ("Options of tables", TABLE_OPTIONS),
    ],
)
def test_every_option_is_listed_with_what_becomes_of_it(heading: str, options: Options) -> None:
    told = rows(heading)
    assert list(told) == list(options)
    for name, case in options.items():
        match case:
            case MadeOption():
                assert told[name].startswith("made"), name
            case RefusedOption():
                assert told[name].startswith("refused"), name
            case _:
                assert told[name].startswith("Python"), name
