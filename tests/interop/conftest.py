"""Prisma itself, from the npm registry."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.interop.node import ask_node
from tests.processes import run_process

pytest.register_assert_rewrite("tests.interop.both_sides", "tests.interop.truths")

Engine = Callable[..., dict[str, Any]]

HERE = Path(__file__).parent
FILES = ("package.json", "passwords.mjs", "prisma_engine.mjs", "prisma_schema.mjs", "read_rows.mjs")


@pytest.fixture(scope="session")
def node_folder() -> Iterator[Path]:
    """A folder with Prisma's packages in it."""
    with TemporaryDirectory(prefix="interop-") as name:
        folder = Path(name)
        install(folder)
        yield folder


@pytest.fixture
def prisma(node_folder: Path, empty_url: str) -> Engine:
    """Ask Prisma's engine to work on the test's database, or on that of `url`."""

    def ask(command: str, **request: Any) -> dict[str, Any]:
        paths = {name: str(value) for name, value in request.items()}
        question = {"command": command, "url": empty_url, **paths}
        printed = ask_node(node_folder, "prisma_engine.mjs", question, check=False, timeout=120)
        answer: dict[str, Any] = json.loads(printed)
        return answer

    return ask


def install(folder: Path) -> None:
    for name in FILES:
        shutil.copy(HERE / name, folder)
    # The scripts of the packages would download programs that nothing here runs.
    run_process(
        ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        cwd=folder,
        check=True,
        timeout=300,
    )
