"""Tests run with one mutation, in a copy of a small project."""

import shutil
from pathlib import Path

import pytest

from tests.mutants import running
from tests.mutants.operators import Mutation, mutations_of
from tests.mutants.running import ProjectCopy
from tests.processes import run_process

FILE = "small/calculation.py"
TEXT = "def add(a, b):\n    while False:\n        pass\n    return a + b\n"
TESTS = """\
import os

from small.calculation import add

def test_it_adds():
    assert add(2, 1) == 3

def test_it_takes_zero():
    assert add(2, 0) == 2
    os.environ["DISTURBED"] = "yes"

def test_it_is_alone():
    assert "DISTURBED" not in os.environ
"""
PLUGIN = "tests/mutants/pytest_plugin.py"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one module and its tests."""
    folder = tmp_path / "project"
    for file, text in {
        FILE: TEXT,
        "tests/test_calculation.py": TESTS,
        "tests/mutants/__init__.py": "",
        "ignored/large.bin": "",
        ".gitignore": "ignored/\n",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    }.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    shutil.copy2(running.__file__.replace("running.py", "pytest_plugin.py"), folder / PLUGIN)
    run_process(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> ProjectCopy:
    return ProjectCopy(root, tmp_path / "copy")


def mutation(operator: str) -> Mutation:
    (found,) = (each for each in mutations_of(FILE, TEXT, {}) if each.operator == operator)
    return found


def test_the_copy_has_what_git_does_not_ignore(root: Path, copy: ProjectCopy) -> None:
    assert (copy.folder / FILE).read_text() == TEXT
    assert (copy.folder / FILE).stat().st_mtime == (root / FILE).stat().st_mtime
    assert not (copy.folder / "ignored").exists()


@pytest.mark.slow
def test_a_mutation_is_killed_by_a_chosen_test_and_undone(root: Path, copy: ProjectCopy) -> None:
    swapped = mutation("operator swapped")
    adds, takes_zero = (f"tests/test_calculation.py::test_it_{it}" for it in ("adds", "takes_zero"))
    killed = copy.run_mutated(swapped, [takes_zero, adds], 1)
    assert killed.is_killed
    assert "test_it_adds" in killed.detail
    survived = copy.run_mutated(swapped, [takes_zero], 1)
    assert not survived.is_killed
    assert "1 passed" in survived.detail
    for folder in (root, copy.folder):
        assert (folder / FILE).read_text() == TEXT


@pytest.mark.slow
def test_a_test_that_fails_only_after_others_kills_nothing(copy: ProjectCopy) -> None:
    tests = [f"tests/test_calculation.py::test_it_{it}" for it in ("takes_zero", "is_alone")]
    outcome = copy.run_mutated(mutation("operator swapped"), tests, 1)
    assert outcome == (False, f"{tests[1]} failed only after others")


@pytest.mark.slow
def test_a_mutation_survives_where_no_test_runs(copy: ProjectCopy) -> None:
    swapped = mutation("operator swapped")
    assert not copy.run_mutated(swapped, [], 0).is_killed
    assert not copy.run_mutated(swapped, ["tests/test_calculation.py::test_gone"], 1).is_killed


@pytest.mark.slow
def test_tests_that_do_not_end_kill(copy: ProjectCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "START_SECONDS", 0)
    outcome = copy.run_mutated(mutation("bool"), ["tests/test_calculation.py::test_it_adds"], 1)
    assert outcome == (True, "not ended after 3 s")
