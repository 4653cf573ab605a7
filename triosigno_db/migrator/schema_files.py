"""Find the files of the Node side's Prisma schema, and add what the library's migrations create."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from triosigno_db.errors import MigrationError
from triosigno_db.schema.prisma_editing import add_block_attributes
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_indexes import MissingIndex
from triosigno_db.schema.prisma_parser import parse_prisma

SUFFIX = ".prisma"
_OTHER_FOLDERS = ("migrations", "node_modules")


def read_schema_files(folder: Path, schema: Path | None) -> tuple[SchemaFile, ...]:
    """Read the Node side's schema: a file, or all files of a folder, which Prisma reads as one.

    Args:
        folder: The folder of the Node side that is searched, with its subfolders.
        schema: The file or the folder of the schema, if it is not to be searched.

    Returns:
        The files; none if there is no schema yet.

    Raises:
        MigrationError: A file cannot be read, the files are not one schema, or a symbolic link
            leads out of the folder.
    """
    if schema and not schema.exists():
        raise MigrationError(f"{schema} does not exist.")
    paths = [schema] if schema and schema.is_file() else sorted(_find(schema or folder))
    if schema and not paths:
        raise MigrationError(f"{schema} is no {SUFFIX} file, and no folder with one.")
    files = tuple(SchemaFile(path, parse_prisma(_read_text(path))) for path in paths)
    places = [
        file.at(config.span)
        for file in files
        for config in file.schema.configs
        if config.keyword == "datasource"
    ]
    if len(places) > 1:
        raise MigrationError(
            f"There is more than one schema, as these are datasources: {', '.join(places)}. "
            "Say which file or folder is the schema (--schema)."
        )
    return files


def add_indexes(missing: Sequence[MissingIndex]) -> Iterator[tuple[SchemaFile, str]]:
    """Add indexes to the files of their models.

    Args:
        missing: The indexes.

    Yields:
        Each file that changes, with its new text.
    """
    added: dict[Path, list[MissingIndex]] = defaultdict(list)
    for index in missing:
        added[index.place.file.path].append(index)
    for indexes in added.values():
        by_model: dict[str, list[MissingIndex]] = defaultdict(list)
        for index in indexes:
            by_model[index.place.model.name].append(index)
        additions = [
            (same[0].place.model, [index.attribute for index in same]) for same in by_model.values()
        ]
        file = indexes[0].place.file
        yield file, add_block_attributes(file.schema, additions)


def _find(folder: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = [each for each in folders if each not in _OTHER_FOLDERS and each[0] != "."]
        for each in folders:
            _check_linked_folder(Path(name) / each)
        for file in files:
            if file.endswith(SUFFIX) and not file.startswith("."):
                path = Path(name) / file
                _check_link(path, folder)
                yield path


def _refuse_unreadable(error: OSError) -> None:
    """Refuse a folder that cannot be listed: it may contain models."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise MigrationError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _check_linked_folder(path: Path) -> None:
    """Refuse a link to files of a schema, which is not followed: it may lead anywhere."""
    if path.is_symlink() and any(path.rglob(f"*{SUFFIX}")):
        raise MigrationError(
            f"{path} is a symbolic link to a folder with {SUFFIX} files. Nothing was changed: name "
            "the file or the folder of the schema (--schema)."
        )


def _check_link(path: Path, folder: Path) -> None:
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise MigrationError(
            f"{path} is a symbolic link that leads out of {folder}, to {path.resolve()}. Nothing "
            "was changed: name that file as the schema (--schema)."
        )


def _read_text(path: Path) -> str:
    # Read as bytes: text mode would change line endings.
    try:
        return path.read_bytes().decode()
    except OSError as exc:
        raise MigrationError(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise MigrationError(f"{path} is not valid UTF-8 at byte {exc.start}.") from exc
