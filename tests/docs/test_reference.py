"""The reference names every function, input field, setting and error."""

import re
from types import FunctionType
from typing import Any

import pytest

import triosigno_db as db
from tests.docs.pages import ROOT
from tools.fetch_postgres import pinned_servers
from tools.lowest_versions import oldest_python, read_project
from triosigno_db import errors
from triosigno_db.database.connector import MIN_SERVER_VERSION

REFERENCE = ROOT / "docs" / "reference"
FUNCTIONS_PAGE = (REFERENCE / "functions.md").read_text(encoding="utf-8")
SETTINGS_PAGE = (REFERENCE / "settings.md").read_text(encoding="utf-8")
ERRORS_PAGE = (REFERENCE / "errors.md").read_text(encoding="utf-8")
VERSIONS_PAGE = (REFERENCE / "versions.md").read_text(encoding="utf-8")

FUNCTIONS = [name for name in db.__all__ if isinstance(getattr(db, name), FunctionType)]
ERRORS = [
    name
    for name in db.__all__
    if isinstance(getattr(db, name), type)
    if issubclass(getattr(db, name), db.TrioSignoDBError)
]
CALLS = re.findall(r"\b([A-Z]\w+)\(([\w?, ]+)\)", FUNCTIONS_PAGE)
INPUTS = {name: fields for name, fields in CALLS if issubclass(getattr(db, name, int), db.Input)}
PARTS_OF_THE_URL = {"host", "port", "ports", "user", "password", "database"}
"""Settings that a URL holds elsewhere than in its parameters."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_listed(name: str) -> None:
    assert re.search(rf"`{name}\(", FUNCTIONS_PAGE)


def test_inputs_are_listed_with_their_fields() -> None:
    assert {"NewUser", "UserChanges", "NewSign", "Attempt"} <= set(INPUTS)


@pytest.mark.parametrize("name", INPUTS)
def test_the_fields_of_an_input_are_those_of_the_class(name: str) -> None:
    fields: dict[str, Any] = getattr(db, name).model_fields
    required = {field for field, each in fields.items() if each.is_required()}
    listed = {field.strip() for field in INPUTS[name].split(",")}
    assert {field.rstrip("?") for field in listed} == set(fields)
    assert {field for field in listed if not field.endswith("?")} == required


@pytest.mark.parametrize("name", sorted(set(db.Settings.model_fields) - PARTS_OF_THE_URL))
def test_a_setting_has_a_row_with_its_variable_and_default(name: str) -> None:
    row = re.search(
        rf"^\| `{name}` \|[^|]*\| `TRIOSIGNO_DB_{name.upper()}` \|([^|]*)\|",
        SETTINGS_PAGE,
        re.MULTILINE,
    )
    assert row
    default = db.Settings.model_fields[name].default
    shown = row[1].strip().strip("`")
    if default is None or isinstance(default, bool):
        assert shown == ("" if default is None else str(default).lower())
    else:
        assert type(default)(shown) == default


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_a_row_and_a_branch_of_the_tree(name: str) -> None:
    if name != "TrioSignoDBError":
        assert re.search(rf"^\| `{name}` \|", ERRORS_PAGE, re.MULTILINE)
    assert re.search(rf"\b{name}\b", str(errors.__doc__))


def supported(what: str) -> list[str]:
    """Read the versions of a row on the page of supported versions, the first and the last one."""
    row = re.search(rf"^\| {what} \| ([\d.]+) to ([\d.]+) \|", VERSIONS_PAGE, re.MULTILINE)
    assert row, what
    return list(row.groups())


def test_the_supported_versions_of_postgresql_are_those_that_are_tested() -> None:
    majors = [str(major) for major in pinned_servers()]
    assert supported("PostgreSQL") == [str(MIN_SERVER_VERSION), majors[-1]]
    assert majors[0] == str(MIN_SERVER_VERSION)


def test_the_supported_versions_of_python_are_those_of_the_project() -> None:
    project = read_project()
    prefix = "Programming Language :: Python :: 3."
    minors = [each.removeprefix(prefix) for each in project["classifiers"] if prefix in each]
    assert supported("Python") == [f"3.{minors[0]}", f"3.{minors[-1]}"]
    assert supported("Python")[0] == oldest_python(project)
    workflow = ROOT / ".github" / "workflows" / "test.yml"
    quoted = ", ".join(f'"3.{minor}"' for minor in minors)
    # A source distribution has no workflow that could differ.
    if workflow.exists():
        assert f"python: [{quoted}]" in workflow.read_text(encoding="utf-8")
