"""A program counts as installed if it runs."""

from pathlib import Path

import pytest

from tests.programs import find_program


def write_program(folder: Path, name: str, body: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_a_program_that_tells_its_version_is_found(tmp_path: Path) -> None:
    answering = write_program(tmp_path, "psql", 'test "$1" = --version')
    assert find_program("psql", path=str(tmp_path)) == answering


@pytest.mark.parametrize("body", ["echo 'Error: install postgresql-client' >&2; exit 1", "kill $$"])
def test_a_wrapper_without_its_program_counts_as_none(tmp_path: Path, body: str) -> None:
    write_program(tmp_path, "psql", body)
    assert find_program("psql", path=str(tmp_path)) is None


def test_a_file_that_the_system_cannot_run_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "psql").write_bytes(b"\x7fELF")
    (tmp_path / "psql").chmod(0o755)
    assert find_program("psql", path=str(tmp_path)) is None


def test_of_several_names_the_first_that_runs_is_taken(tmp_path: Path) -> None:
    write_program(tmp_path, "chromium", "exit 1")
    second = write_program(tmp_path, "chromium-browser", "exit 0")
    assert find_program("chromium", "chromium-browser", path=str(tmp_path)) == second
    assert find_program("firefox", "chromium", path=str(tmp_path)) is None


def test_another_question_may_be_asked(tmp_path: Path) -> None:
    answering = write_program(tmp_path, "openssl", 'test "$1" = version')
    assert find_program("openssl", path=str(tmp_path)) is None
    assert find_program("openssl", path=str(tmp_path), question="version") == answering
