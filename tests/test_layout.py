"""Each module has its test file in the mirrored place, or the README says where it is tested."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import triosigno_db

TESTS = Path(__file__).parent
PACKAGE = Path(triosigno_db.__file__).parent
README = TESTS / "README.md"

ROW = re.compile(r"\| `(?P<name>[\w/]+\.py)` \| (?P<reason>.+) \|")
PLACE = re.compile(r"`(tests/[\w/.]+)`")


def rows(heading: str) -> dict[str, str]:
    """Read the table under a heading of the README: a file, and the reason."""
    _, found, text = README.read_text(encoding="utf-8").partition(f"### {heading}\n")
    assert found, heading
    table, _, _ = text.partition("\n#")
    return {row["name"]: row["reason"] for row in ROW.finditer(table)}


def modules() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "__init__.py":
            yield path.relative_to(PACKAGE)


def mirrored_tests() -> Iterator[Path]:
    """The test files in folders that mirror a package."""
    for path in sorted(TESTS.rglob("test_*.py")):
        relative = path.relative_to(TESTS)
        if (PACKAGE / relative.parent / "__init__.py").is_file():
            yield relative


def is_test_of(test: Path, module: Path) -> bool:
    """Whether a test file is a module's: named after it, and maybe after a part of its subject."""
    subject = test.stem.removeprefix("test_")
    is_named_so = subject == module.stem or subject.startswith(f"{module.stem}_")
    return test.parent == module.parent and is_named_so


WITHOUT_A_TEST = rows("Modules without a test file")
WITHOUT_A_MODULE = rows("Test files without a module")


def test_every_module_has_its_test_file_or_a_reason() -> None:
    tests = list(mirrored_tests())
    missing = {
        str(module) for module in modules() if not any(is_test_of(test, module) for test in tests)
    }
    assert sorted(missing - set(WITHOUT_A_TEST)) == [], (
        "write a test file, or say why there is none"
    )
    assert sorted(set(WITHOUT_A_TEST) - missing) == [], "these have one by now, or are gone"


def test_every_test_file_of_a_mirrored_folder_has_its_module() -> None:
    known = list(modules())
    stray = {
        str(test) for test in mirrored_tests() if not any(is_test_of(test, each) for each in known)
    }
    assert sorted(stray - set(WITHOUT_A_MODULE)) == [], "name the file after its module"
    assert sorted(set(WITHOUT_A_MODULE) - stray) == [], "these have a module by now, or are gone"


@pytest.mark.parametrize(("name", "reason"), {**WITHOUT_A_TEST, **WITHOUT_A_MODULE}.items())
def test_every_exception_leads_somewhere(name: str, reason: str) -> None:
    places = PLACE.findall(reason)
    assert places or name in WITHOUT_A_MODULE, f"{name}: say where it is tested"
    for place in places:
        assert (TESTS.parent / place).exists(), f"{name}: there is no {place}"


def test_every_folder_is_explained() -> None:
    text = README.read_text(encoding="utf-8")
    folders = {path.parent.name for path in TESTS.glob("*/__init__.py")}
    explained = set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE))
    mirrored = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(folders - mirrored - explained) == []
    assert sorted(explained - folders) == []


def test_every_folder_of_tests_is_a_package() -> None:
    """Two test files of one name must not be taken for the same module."""
    folders = {path.parent for path in TESTS.rglob("test_*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
