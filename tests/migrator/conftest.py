"""Histories on disk that a test may change."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.migrator.deployed import INIT, SEARCH
from triosigno_db.migrator import shipped_history

Edit = Callable[[str, str], None]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A copy of the shipped history, to be changed."""
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_history(), folder)
    return folder


@pytest.fixture
def edit(history: Path) -> Edit:
    """Change the history's text, as if the models had been different when it began."""

    def edit(pattern: str, replacement: str) -> None:
        path = history / INIT / "migration.sql"
        text, times = re.subn(pattern, replacement, path.read_text(), flags=re.DOTALL)
        assert times
        path.write_text(text)
        search = history / SEARCH / "migration.sql"
        search.write_text(re.sub(pattern, replacement, search.read_text()))

    return edit
