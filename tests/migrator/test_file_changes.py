"""Files are created and replaced all together, or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.file_changes import FileChanges


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: files, and folders as `None`."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def changes_of(folder: Path) -> FileChanges:
    """Two new files in a new folder, one in the folder itself, and one that is replaced."""
    folder.mkdir(exist_ok=True)
    (folder / "there").write_bytes(b"before")
    changes = FileChanges(folder)
    changes.created = {
        folder / "new" / "one" / "a": b"1",
        folder / "new" / "two" / "b": b"2",
        folder / "c": b"3",
    }
    changes.replaced = {folder / "there": (b"before", b"after")}
    return changes


def test_all_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    changes_of(tmp_path / "x").apply()
    assert contents(tmp_path) == {
        "x": None,
        "x/new": None,
        "x/new/one": None,
        "x/new/one/a": b"1",
        "x/new/two": None,
        "x/new/two/b": b"2",
        "x/c": b"3",
        "x/there": b"after",
    }


def test_folders_are_created_as_far_as_they_are_missing(tmp_path: Path) -> None:
    changes = FileChanges(tmp_path / "a" / "b")
    changes.created = {tmp_path / "a" / "b" / "c" / "d": b"1", tmp_path / "a" / "b" / "e": b"2"}
    changes.apply()
    assert contents(tmp_path)["a/b/c/d"] == b"1"
    assert list(tmp_path.rglob(".*")) == []


def test_relative_paths_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changes = FileChanges(Path("a"))
    changes.created = {Path("a/b/c"): b"1"}
    changes.apply()
    assert contents(tmp_path) == {"a": None, "a/b": None, "a/b/c": b"1"}


class StoppedError(Exception):
    """From outside, such as a signal handler's."""


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), StoppedError()])
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("is_done", [False, True])
def test_whenever_it_stops_all_is_as_before(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    after: int,
    is_done: bool,
) -> None:
    changes = changes_of(tmp_path / "x")
    before = contents(tmp_path)
    renamed: list[str] = []

    def failing(function: str) -> None:
        real = getattr(Path, function)

        def stop(self: Path, target: Path) -> object:
            if len(renamed) == after:
                renamed.append("stopped")
                if is_done:
                    real(self, target)
                raise error
            renamed.append(function)
            return real(self, target)

        monkeypatch.setattr(Path, function, stop)

    failing("rename")
    failing("replace")
    expected = MigrationError if isinstance(error, OSError) else StoppedError
    if after == 3:
        changes.apply()
        assert renamed == ["rename", "rename", "replace"]
        return
    with pytest.raises(expected):
        changes.apply()
    assert contents(tmp_path) == before


def test_a_file_that_is_read_only_is_refused(tmp_path: Path) -> None:
    changes = changes_of(tmp_path / "x")
    (tmp_path / "x" / "there").chmod(0o444)
    before = contents(tmp_path)
    with pytest.raises(MigrationError, match=r"there is read-only\. Nothing was changed"):
        changes.apply()
    assert contents(tmp_path) == before


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be nobody for a while, if root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="folders have no such rights here")
def test_a_folder_that_is_read_only_is_refused() -> None:
    with TemporaryDirectory() as name:  # pytest's own may be entered by its user alone
        folder = Path(name)
        folder.chmod(0o755)
        changes = changes_of(folder / "x")
        (folder / "x").chmod(0o555)
        (folder / "x" / "there").chmod(0o666)
        with without_privileges(), pytest.raises(MigrationError) as caught:
            changes.apply()
        assert str(caught.value) == (
            f"{folder / 'x'} cannot be written: Permission denied. Nothing was changed."
        )
        assert contents(folder) == {"x": None, "x/there": b"before"}
        (folder / "x").chmod(0o755)


def test_a_file_that_was_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    changes = changes_of(tmp_path / "x")
    (tmp_path / "x" / "there").write_bytes(b"edited")
    before = contents(tmp_path)
    with pytest.raises(MigrationError, match="there was changed meanwhile"):
        changes.apply()
    assert contents(tmp_path) == before


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    changes = changes_of(tmp_path / "x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "x" / "new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MigrationError, match="a symbolic link leads out of"):
        changes.apply()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "x" / "there").read_bytes() == b"before"


def test_a_link_to_nothing_is_in_the_way(tmp_path: Path) -> None:
    changes = changes_of(tmp_path / "x")
    (tmp_path / "x" / "c").symlink_to(tmp_path / "nothing")
    with pytest.raises(MigrationError, match="c is in the way"):
        changes.apply()
    assert not (tmp_path / "nothing").exists()


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "x").symlink_to(tmp_path / "real")
    changes_of(tmp_path / "x").apply()
    assert (tmp_path / "real" / "new" / "one" / "a").read_bytes() == b"1"
    assert (tmp_path / "x").is_symlink()


def test_a_folder_that_appeared_meanwhile_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = changes_of(tmp_path / "x")
    rename = Path.rename

    def appear(self: Path, target: Path) -> Path:
        if target.name == "new" and not target.exists():
            (target / "theirs").mkdir(parents=True)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", appear)
    with pytest.raises(MigrationError, match=r"x/new cannot be written"):
        changes.apply()
    assert (tmp_path / "x" / "new" / "theirs").is_dir()
    assert (tmp_path / "x" / "there").read_bytes() == b"before"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    changes = changes_of(tmp_path / "x")
    os.chown(tmp_path / "x" / "there", 1234, 2345)
    changes.apply()
    after = (tmp_path / "x" / "there").stat()
    assert (after.st_uid, after.st_gid) == (1234, 2345)


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    changes = changes_of(tmp_path / "x")
    (tmp_path / "x" / "there").chmod(0o640)
    changes.apply()
    assert stat.S_IMODE((tmp_path / "x" / "there").stat().st_mode) == 0o640
