"""The page about a service's own tables, walked from an empty folder, makes the example."""

import os
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.pages import ROOT, SERVICES_PAGE
from tests.processes import run_process

EXAMPLE = ROOT / "examples" / "recognition"

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/.]+\.(?:py|toml))\n")
PREPARED = ("python3 -m venv ", "pip install ", "export DATABASE_URL=")
"""What the test has done already."""

COMMAND = f"""#!{sys.executable}
import sys
from triosigno_db.cli import main
sys.exit(main())
"""


class Line(NamedTuple):
    """A command of the page, with what it says that this prints."""

    command: str
    printed: str


def files() -> dict[str, str]:
    """List the page's files with their text."""
    found = {}
    for _, text in BLOCK.findall(SERVICES_PAGE.read_text("utf-8")):
        if name := FILE.match(text):
            found[name[1]] = text[name.end() :]
    return found


def lines(console: str) -> Iterator[Line]:
    """List the commands of a block."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield Line(command, printed)


def assert_printed(line: Line, output: str) -> None:
    """Compare line by line; an ellipsis on the page stands for any text."""
    for expected in line.printed.splitlines():
        pattern = expected.replace("[", "[[]").replace("…", "*")
        assert any(fnmatchcase(each, pattern) for each in output.splitlines()), (line, output)


@pytest.fixture
def environment(empty_url: str, tmp_path: Path) -> dict[str, str]:
    """What a reader has after the installation."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, program in (
        ("triosigno-db", COMMAND),
        ("pytest", COMMAND.replace("triosigno_db.cli", "pytest")),
    ):
        path = programs / name
        path.write_text(program)
        path.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": empty_url,
        "COLUMNS": "200",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.mark.slow
def test_the_page_works_from_an_empty_folder(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path
    for language, text in BLOCK.findall(SERVICES_PAGE.read_text("utf-8")):
        if name := FILE.match(text):
            (folder / name[1]).write_text(text[name.end() :], "utf-8")
            continue
        assert language == "console"
        for line in lines(text):
            if line.command.startswith(PREPARED):
                continue
            if line.command.startswith("cd "):
                folder /= line.command.removeprefix("cd ")
                continue
            ended = run_process(
                ["bash", "-c", line.command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, (line, ended.stdout, ended.stderr)
            assert_printed(line, ended.stdout)
    (written,) = (folder / "recognition" / "migrations").glob("2*_recognitions")
    (shipped,) = (EXAMPLE / "recognition" / "migrations").glob("2*_recognitions")
    for name in ("migration.sql", "down.sql"):
        assert (written / name).read_text() == (shipped / name).read_text()


@pytest.mark.parametrize("name", sorted(files()))
def test_the_example_has_the_files_of_the_page(name: str) -> None:
    assert (EXAMPLE / name).read_text("utf-8") == files()[name]


def test_the_page_has_the_files_of_the_example() -> None:
    there = {
        str(path.relative_to(EXAMPLE))
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".py", ".toml"} and "migrations" not in path.parts
    }
    assert there - {"recognition/__init__.py"} == set(files())
