"""Create and replace several files: all of them, or none."""

import os
import shutil
import stat
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from triosigno_db.errors import MigrationError

_TEMPORARY = ".triosigno-db-"
"""How the names of temporary folders begin. Prisma reads all `.prisma` files below its schema's
folder: none there has a name that ends so."""

_ANYONE_MAY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class _Step(NamedTuple):
    """A file or folder that is ready beside its place, and what is there now."""

    ready: Path
    target: Path
    old: Path | None

    def apply(self) -> None:
        if self.old is None:
            self.ready.rename(self.target)
        else:
            self.ready.replace(self.target)

    def undo(self) -> None:
        """Put back what was there, also if it was not applied."""
        if self.old is not None:
            self.old.replace(self.target)
        elif not self.ready.exists():
            self.target.rename(self.ready)


class FileChanges:
    """Files to create and to replace.

    Attributes:
        folder: The folder of the files to create; it may not exist.
        created: The contents of files to create, by path.
        replaced: The contents of files to replace, before and after, by path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.created: dict[Path, bytes] = {}
        self.replaced: dict[Path, tuple[bytes, bytes]] = {}

    def apply(self) -> None:
        """Write all files.

        Each is written to a temporary folder first; they are renamed when all are written. If
        that fails, or an exception comes from outside, what was renamed is put back. A process
        that is killed between two renames leaves the rest to its next run.

        Raises:
            MigrationError: A file cannot be written, was changed meanwhile, or a symbolic link
                leads out of the folder. Nothing was changed.
        """
        try:
            with ExitStack() as temporary, ExitStack() as undo:
                steps = [*self._prepare_created(temporary), *self._prepare_replaced(temporary)]
                for step in steps:
                    undo.callback(step.undo)
                    step.apply()
                undo.pop_all()
        except OSError as exc:
            where = Path(exc.filename2 or exc.filename or self.folder)
            raise MigrationError(
                f"{_lasting(where)} cannot be written: {exc.strerror}. Nothing was changed."
            ) from exc

    def _prepare_created(self, temporary: ExitStack) -> Iterator[_Step]:
        """Write the new files; a folder that does not exist yet is one step."""
        if not self.created:
            return
        for path in self.created:
            self._check_new(path)
        place = _nearest_existing(self.folder)
        staging = Path(temporary.enter_context(TemporaryDirectory(prefix=_TEMPORARY, dir=place)))
        units = defaultdict(list)
        for path in self.created:
            units[_outermost_missing(path)].append(path)
        for number, (unit, paths) in enumerate(units.items()):
            ready = staging / str(number)
            for path in paths:
                written = ready / path.relative_to(unit)
                written.parent.mkdir(parents=True, exist_ok=True)
                written.write_bytes(self.created[path])
            yield _Step(ready, unit, None)

    def _prepare_replaced(self, temporary: ExitStack) -> Iterator[_Step]:
        for path, (before, after) in self.replaced.items():
            if not path.stat().st_mode & _ANYONE_MAY_WRITE or not os.access(path, os.W_OK):
                raise MigrationError(f"{path} is read-only. Nothing was changed.")
            staging = Path(
                temporary.enter_context(TemporaryDirectory(prefix=_TEMPORARY, dir=path.parent))
            )
            ready, old = staging / "new", staging / "old"
            ready.write_bytes(after)
            shutil.copy2(path, old)
            for copy in (ready, old):
                _copy_rights(path, copy)
            if old.read_bytes() != before:
                raise MigrationError(
                    f"{path} was changed meanwhile. Nothing was changed: run this again."
                )
            yield _Step(ready, path, old)

    def _check_new(self, path: Path) -> None:
        if not path.parent.resolve().is_relative_to(self.folder.resolve()):
            raise MigrationError(
                f"{path} would be written to {path.parent.resolve()}, as a symbolic link leads out "
                f"of {self.folder}. Nothing was changed."
            )
        if os.path.lexists(path):
            raise MigrationError(f"{path} is in the way. Nothing was changed.")


def _lasting(path: Path) -> Path:
    """The path, or the folder of the temporary folder that it is in."""
    for each in (path, *path.parents):
        if each.name.startswith(_TEMPORARY):
            return each.parent
    return path


def _copy_rights(source: Path, target: Path) -> None:
    """Give a file the mode of another, and its owner where that is allowed: to root."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(target, source.stat().st_uid, source.stat().st_gid)
    shutil.copymode(source, target)


def _nearest_existing(path: Path) -> Path:
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def _outermost_missing(path: Path) -> Path:
    """The outermost of a path and its folders that does not exist."""
    missing = [each for each in (path, *path.parents) if not os.path.lexists(each)]
    return missing[-1]
