"""What all commands have in common: one voice, an example each, no colours in a pipe."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.processes import run_process
from triosigno_db.cli.app import app


def commands(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    groups = getattr(command, "commands", None)
    if groups:
        for name, each in groups.items():
            yield from commands(each, *path, name)
    else:
        yield path, command


ALL = dict(commands(typer.main.get_command(app)))


def test_the_commands_are_these() -> None:
    assert sorted({path[0] for path in ALL}) == [
        "check", "content", "demo", "doctor", "migrate", "roles", "schema", "studio", "users",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_command_explains_itself_with_an_example(path: tuple[str, ...]) -> None:
    command = ALL[path]
    lines = (command.help or "").splitlines()
    assert lines[0].endswith(".")
    (example,) = [line for line in lines if line.startswith("Example: ")]
    # The example is one that the command would take.
    words = example.removeprefix("Example: ").split()
    assert words[: len(path) + 1] == ["triosigno-db", *path]
    known = {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {word for word in words if word.startswith("--")} <= known
    for parameter in command.params:
        assert getattr(parameter, "help", "") or parameter.name == "help", parameter.name


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_help_can_be_read_in_a_pipe(path: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, [*path, "--help"])
    assert ended.exit_code == 0
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_url_points_to_the_environment_for_its_password(path: tuple[str, ...]) -> None:
    (*found,) = [each for each in ALL[path].params if "--url" in each.opts]
    variable = "PGPASSWORD" if path == ("demo",) else "DATABASE_URL"
    for parameter in found:
        help_text = str(getattr(parameter, "help", ""))
        assert f"environment variable {variable}" in help_text
        assert "visible to other" in help_text
    assert found or path[0] == "schema" or path == ("roles", "sql")


def test_without_the_extra_one_line_says_what_to_install() -> None:
    program = "import sys; sys.modules['typer'] = None\nfrom triosigno_db.cli import main; main()"
    ended = run_process(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "The command needs an extra: run pip install 'triosigno-db[cli]'"
    ]
