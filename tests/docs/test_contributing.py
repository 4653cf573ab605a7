"""The pages for contributors name files and tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "tests" / "README.md",
    DOCS / "glossary.md",
    *sorted((DOCS / "contributing").glob("*.md")),
    *sorted((DOCS / "decisions").glob("*.md")),
]

PATH = re.compile(r"\b(?:tests|tools|triosigno_db)/[\w./<>-]*[\w/>]")
SHORT_PATH = re.compile(r"`(\w+/[\w/]+\.py)`")
TEST = re.compile(r"(?P<file>tests/[\w/]+\.py)?::(?P<name>test_\w+)")

CREATED = {"user_city"}
"""The names of the migrations that a recipe creates."""


def is_created(path: str) -> bool:
    """Whether a recipe creates it: it has a placeholder, or is the migration of an example."""
    _, _, migration = path.partition("triosigno_db/migrations/")
    return "<" in path or migration[15:] in CREATED


def named_paths(page: Path) -> list[str]:
    """List the paths that a page names."""
    return PATH.findall(page.read_text(encoding="utf-8"))


def named_tests(page: Path) -> list[tuple[str, str]]:
    """List the tests that a page names, each with its file; `::test` is in the file before it."""
    found: list[tuple[str, str]] = []
    for line in page.read_text(encoding="utf-8").splitlines():
        file = ""
        for test in TEST.finditer(line):
            file = test["file"] or file
            found.append((file, test["name"]))
    return found


@cache
def functions_of(file: str) -> set[str]:
    """List the functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def title(page: Path) -> str:
    """Name a page as a test's parameter."""
    return str(page.relative_to(ROOT))


def test_the_pages_name_files_and_tests() -> None:
    recipe = DOCS / "contributing" / "add-a-column.md"
    file = "tests/completeness/test_inputs.py"
    assert {"triosigno_db/models/accounts.py", file} <= set(named_paths(recipe))
    assert (file, "test_a_new_row_takes_every_column") in named_tests(recipe)
    assert (file, "test_every_column_can_be_changed") in named_tests(recipe)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_a_named_file_exists(page: Path) -> None:
    expected = [path for path in named_paths(page) if not is_created(path)]
    assert [path for path in expected if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_a_file_that_is_named_without_its_top_folder_exists(page: Path) -> None:
    tops = (ROOT, ROOT / "triosigno_db", ROOT / "tests")
    paths = SHORT_PATH.findall(page.read_text(encoding="utf-8"))
    assert [path for path in paths if not any((top / path).is_file() for top in tops)] == []


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_a_named_test_is_in_the_named_file(page: Path) -> None:
    tests = named_tests(page)
    assert [name for file, name in tests if not file] == [], "name the file before the test"
    assert [(file, name) for file, name in tests if name not in functions_of(file)] == []
