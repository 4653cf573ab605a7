"""Prisma itself, from the npm registry."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.processes import run_process

HERE = Path(__file__).parent
FILES = ("package.json", "passwords.mjs", "prisma_engine.mjs", "prisma_schema.mjs", "read_rows.mjs")


@pytest.fixture(scope="session")
def node_folder() -> Iterator[Path]:
    """A folder with Prisma's packages in it."""
    with TemporaryDirectory(prefix="interop-") as name:
        folder = Path(name)
        install(folder)
        yield folder


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
