"""The check of the public API finds what breaks services, and nothing else."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.processes import run_process
from tools.check_api import PUBLIC, allows_breakage, check, find_last_tag

SHOP = ("shop", "shop.plugins.web")
EXPORTS = 'from shop.sales import sell\n__all__ = ["sell"]\n'
FILES = {
    "shop/__init__.py": f'__version__ = "0.1.0"\n{EXPORTS}',
    "shop/sales.py": "def sell(item): ...\ndef count(item): ...\n",
    "shop/plugins/__init__.py": "LIMIT = 3\n",
    "shop/plugins/web.py": "def serve(port): ...\n",
    "shop/plugins/texts.py": "def fold(text): ...\n",
}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Camille", "-c", "user.email=camille@example.org")
    run_process(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def replace(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of a small package, without a tag."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Sell things")
    return tmp_path


@pytest.fixture
def released(repository: Path) -> Path:
    """The same with a release, and a tag that is none."""
    git(repository, "tag", "v0.1.0")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "Go on")
    git(repository, "tag", "nightly")
    return repository


def test_without_a_tag_nothing_is_compared(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(repository, "shop", SHOP) == 0
    assert "NOT COMPARED" in capsys.readouterr().out


def test_a_folder_without_a_repository_has_no_release(tmp_path: Path) -> None:
    assert find_last_tag(tmp_path) is None


def test_the_last_release_is_found_and_other_tags_are_not(released: Path) -> None:
    assert find_last_tag(released) == "v0.1.0"


@pytest.mark.parametrize(
    ("change", "breakage"),
    [
        (("shop/sales.py", "sell(item)", "sell(item, price)"), "sell(price): Parameter was added"),
        (("shop/__init__.py", EXPORTS, ""), "sell: Public object was removed"),
        (("shop/plugins/web.py", "def serve", "def run"), "serve: Public object was removed"),
    ],
)
def test_a_change_that_breaks_services_fails(
    released: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str, str], breakage: str
) -> None:
    replace(released, *change)
    assert check(released, "shop", SHOP) == 1
    printed = capsys.readouterr().out
    assert "1 breaking changes since v0.1.0" in printed
    assert breakage in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    "change",
    [
        ("shop/sales.py", "sell(item)", "sell(item, price=0)"),
        ("shop/sales.py", "count(item)", "count(item, price)"),
        ("shop/plugins/__init__.py", "LIMIT", "BOUND"),
        ("shop/plugins/texts.py", "fold", "unfold"),
    ],
)
def test_additions_and_changes_of_internals_pass(
    released: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str, str]
) -> None:
    replace(released, *change)
    assert check(released, "shop", SHOP) == 0
    assert "0 breaking changes" in capsys.readouterr().out


def test_a_version_that_may_break_is_listed_and_passes(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(released, "shop/plugins/web.py", "def serve", "def run")
    replace(released, "shop/__init__.py", "0.1.0", "0.2.0")
    assert check(released, "shop", SHOP) == 0
    assert "serve: Public object was removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tag", "version", "allowed"),
    [
        ("v0.1.0", "0.1.1", False),
        ("v0.1.0", "0.2.0", True),
        ("v0.9.0", "1.0.0", True),
        ("v1.2.0", "1.3.0", False),
        ("v1.2.0", "2.0.0", True),
        ("v1.2.0", "0.3.0", False),
    ],
)
def test_which_versions_may_break(tag: str, version: str, allowed: bool) -> None:
    assert allows_breakage(tag, version) is allowed


def test_the_page_names_each_public_module() -> None:
    page = (ROOT / "docs" / "reference" / "public-api.md").read_text(encoding="utf-8")
    assert [name for name in PUBLIC if f"`{name}`" not in page] == []
