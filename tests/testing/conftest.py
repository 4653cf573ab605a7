"""Folders for servers, and processes that own one."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import triosigno_db
from tests.processes import Process, run_process
from tests.testing.owners import OWNER, StartOwner
from tests.testing.service import COMMAND, RunTests
from triosigno_db.testing import binaries


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only place where servers put their folders, open to all users."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", name)
        monkeypatch.setenv("TMPDIR", name)
        yield folder


@pytest.fixture
def without_servers_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TRIOSIGNO_POSTGRES", raising=False)
    monkeypatch.setattr(binaries, "_PACKAGED", ())


@pytest.fixture
def start_owner(temporary_folder: Path) -> Iterator[StartOwner]:
    owners: list[Process[str]] = []

    def start(script: str, **options: Any) -> Process[str]:
        package = Path(triosigno_db.__file__).parents[1]
        owner = Process(
            [sys.executable, "-c", OWNER + script],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(package)},
            start_new_session=True,
            **options,
        )
        owners.append(owner)
        return owner

    yield start
    for owner in owners:
        with owner:
            owner.kill()


@pytest.fixture
def run_tests(tmp_path: Path) -> RunTests:
    """Run a service's tests as its developer does."""

    def run(source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_service.py").write_text(dedent(source))
        return run_process(
            [*COMMAND, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run
