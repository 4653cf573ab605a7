"""The types that the functions promise to a type checker."""

import sys
from pathlib import Path

from tests.processes import run_process
from tests.typing.aio_stub import STUB, stub


def test_every_promise_is_kept() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml"]
    ended = run_process(
        [*command, str(Path(__file__).with_name("promises.py"))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout


def test_the_types_of_the_coroutines_are_those_of_the_functions() -> None:
    assert STUB.read_text(encoding="utf-8") == stub(), "run `python -m tests.typing.aio_stub`"
