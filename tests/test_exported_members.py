"""The public names: listed once, documented, and free of side effects when they are imported."""

import ast
import inspect
import json
import os
import re
import sys
from pathlib import Path
from types import FunctionType

import pytest

import triosigno_db as db
from tests.processes import run_process

SOURCE = ast.parse(Path(db.__file__).read_text(encoding="utf-8"))

FUNCTIONS = [name for name in db.__all__ if isinstance(getattr(db, name), FunctionType)]
CLASSES = [name for name in db.__all__ if isinstance(getattr(db, name), type)]
DOCUMENTED_METHODS = [
    (name, method)
    for name in CLASSES
    for method, value in vars(getattr(db, name)).items()
    if not method.startswith("_") and callable(getattr(value, "__func__", value))
    if getattr(value, "__module__", None) != "pydantic.main"
]

PACKAGES = ("aio", "doctor", "migrator", "packs", "roles", "schema")

# An operator package is an attribute before anything has imported it.
FIRST_USE = """
import sys, triosigno_db
name = sys.argv[1]
was_loaded = f"triosigno_db.{name}" in sys.modules
print(was_loaded, getattr(triosigno_db, name).__name__)
"""

# What a fresh interpreter does when it imports the package, seen from inside.
IMPORTER = """
import json, os, sys, threading
events = []
sys.addaudithook(lambda event, _: events.append(event))
def sockets():
    links = (os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
             if os.path.exists(f"/proc/self/fd/{fd}"))
    return sum(link.startswith("socket:") for link in links)
has_proc = os.path.isdir("/proc/self/fd")
before = sockets() if has_proc else 0
import triosigno_db
print(json.dumps({
    "network": [event for event in events if event.startswith("socket.")],
    "processes": [event for event in events if event in ("subprocess.Popen", "os.fork", "os.exec")],
    "sockets": (sockets() if has_proc else 0) - before,
    "threads": threading.active_count(),
    "modules": [name for name in sys.modules if name.startswith("triosigno_db")],
}))
"""


def imported_names() -> list[str]:
    return [
        alias.asname or alias.name
        for node in SOURCE.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("triosigno_db.")
        for alias in node.names
    ]


def natural(name: str) -> tuple[int, list[tuple[int, int | str]]]:
    """Sort as ruff does: constants, classes, the rest; numbers by their value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    parts = re.findall(r"\d+|\D+", name)
    return kind, [(0, int(part)) if part.isdigit() else (1, part) for part in parts]


def section(docstring: str, title: str) -> str | None:
    found = re.search(rf"^{title}:\n((?:[ \t].*\n?|\n)*)", docstring + "\n", re.MULTILINE)
    return found.group(1) if found else None


def public(name: str) -> object:
    owner, _, method = name.partition(".")
    return getattr(getattr(db, owner), method) if method else getattr(db, owner)


def test_all_names_what_is_imported_and_nothing_else() -> None:
    assert sorted(db.__all__) == sorted([*imported_names(), "__version__"])


def test_all_is_sorted_and_names_nothing_twice() -> None:
    assert list(db.__all__) == sorted(set(db.__all__), key=natural)


def test_dir_shows_the_public_names_and_the_operator_packages_alone() -> None:
    assert dir(db) == sorted((*db.__all__, *PACKAGES))


@pytest.mark.parametrize("name", PACKAGES)
def test_an_operator_package_is_imported_when_it_is_first_used(name: str) -> None:
    done = run_process(
        [sys.executable, "-c", FIRST_USE, name],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    # The functions that create and drop the schema are public themselves.
    assert done.stdout.split() == [str(name == "schema"), f"triosigno_db.{name}"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'triosigno_db' has no attribute 'get_usr'"):
        _ = db.get_usr  # type: ignore[attr-defined]


def test_no_star_is_imported() -> None:
    assert "*" not in imported_names()


def test_every_name_is_there_and_comes_from_the_package() -> None:
    for name in (*FUNCTIONS, *CLASSES):
        assert getattr(db, name).__module__.startswith("triosigno_db."), name
    assert {*FUNCTIONS, *CLASSES, "Isolation", "Period", "__version__"} == set(db.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", db.__version__)


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_every_public_name_says_what_it_is_for(name: str) -> None:
    # A class's own docstring, not one that it inherits.
    docstring = inspect.cleandoc(getattr(db, name).__doc__ or "")
    first = docstring.partition("\n\n")[0]
    assert first.endswith((".", "!")), docstring


@pytest.mark.parametrize(
    "name", [*FUNCTIONS, *(f"{owner}.{method}" for owner, method in DOCUMENTED_METHODS)]
)
def test_every_function_says_what_goes_in_and_what_comes_out(name: str) -> None:
    function = inspect.unwrap(public(name))
    docstring = inspect.getdoc(function) or ""
    signature = inspect.signature(function)
    arguments = section(docstring, "Args")
    documented = re.findall(r"^ {4}\**(\w+):", arguments or "", re.MULTILINE)
    assert documented == [each for each in signature.parameters if each not in ("self", "cls")]
    gives = section(docstring, "Returns") or section(docstring, "Yields")
    returns_something = signature.return_annotation not in (None, "None", inspect.Signature.empty)
    assert bool(gives) == returns_something, name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_says_which_errors_it_raises(name: str) -> None:
    docstring = inspect.getdoc(inspect.unwrap(getattr(db, name))) or ""
    errors = re.findall(r"^ {4}(\w+):", section(docstring, "Raises") or "", re.MULTILINE)
    assert errors
    assert [error for error in errors if not hasattr(db, error)] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_fully_annotated(name: str) -> None:
    signature = inspect.signature(inspect.unwrap(getattr(db, name)))
    empty = inspect.Signature.empty
    assert signature.return_annotation is not empty
    assert [each for each in signature.parameters.values() if each.annotation is empty] == []


@pytest.mark.parametrize("database_url", [None, "not even a URL"])
def test_importing_the_package_opens_nothing(tmp_path: Path, database_url: str | None) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("DATABASE_URL", None)
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    done = run_process(
        [sys.executable, "-c", IMPORTER],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    modules = seen.pop("modules")
    assert seen == {"network": [], "processes": [], "sockets": 0, "threads": 1}
    heavy = ("triosigno_db.testing", "triosigno_db.cli", "triosigno_db.packs")
    assert [name for name in modules if name.startswith(heavy)] == []
    assert done.stderr == ""
