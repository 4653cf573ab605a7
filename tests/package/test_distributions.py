"""What the wheel and the sdist hold, and what they say of themselves."""

import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.docs.pages import ROOT
from tests.package.environments import PROJECT
from tests.processes import run_process

pytestmark = [pytest.mark.slow]

PACKAGE = ROOT / "triosigno_db"
TOP_LEVEL = [
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md", "docs",
    "examples", "mkdocs.yml", "pyproject.toml", "tests", "tools", "triosigno_db",
]  # fmt: skip


def files_of_the_package() -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
    assert names == files_of_the_package()
    for needed in (
        "py.typed",
        "aio/__init__.pyi",
        "compatibility/needs.json",
        "packs/starter.json",
        "migrations/migration_lock.toml",
    ):
        assert f"triosigno_db/{needed}" in names
    assert sum(name.endswith("/migration.sql") for name in names) >= 5


def test_the_sdist_holds_what_its_tests_need(sdist: Path) -> None:
    with tarfile.open(sdist) as opened:
        names = [Path(name) for name in opened.getnames()]
    top = {path.parts[1] for path in names}
    assert sorted(top - {"PKG-INFO", ".gitignore"}) == TOP_LEVEL
    held = {str(Path(*path.parts[1:])) for path in names}
    assert files_of_the_package() <= held
    assert [path for path in held if "__pycache__" in path or path.endswith(".whl")] == []


def test_an_index_would_take_them(distributions: list[Path]) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, distributions)]
    checked = run_process(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_extras_are_named_in_the_wheel(wheel: Path) -> None:
    with ZipFile(wheel) as opened:
        (name,) = [each for each in opened.namelist() if each.endswith("/METADATA")]
        metadata = opened.read(name).decode()
    for extra in PROJECT["optional-dependencies"]:
        assert f"Provides-Extra: {extra}\n" in metadata
