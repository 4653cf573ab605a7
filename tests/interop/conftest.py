"""Prisma itself, from the npm registry."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.interop.node import ask_node
from tests.processes import run_process
from tests.programs import find_program
from triosigno_db.schema import to_prisma

pytest.register_assert_rewrite("tests.interop.both_sides", "tests.interop.truths")

Engine = Callable[..., dict[str, Any]]

HERE = Path(__file__).parent
CONFIGURATION = """
import { defineConfig } from 'prisma/config'
export default defineConfig({ schema: 'schema.prisma', datasource: { url: 'postgresql://' } })
"""
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


def generate_client(folder: Path) -> None:
    """Generate Prisma's client from the exported schema, in a folder with its packages."""
    (folder / "schema.prisma").write_text(to_prisma(), encoding="utf-8")
    (folder / "prisma.config.ts").write_text(CONFIGURATION, encoding="utf-8")
    run_process(
        ["npx", "prisma", "generate"],
        cwd=folder,
        # Nothing runs it, but without one the command would download it.
        env={**os.environ, "PRISMA_SCHEMA_ENGINE_BINARY": find_program("true") or "true"},
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )
