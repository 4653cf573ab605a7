"""Check a database, or a Prisma schema before it is deployed."""

from pathlib import Path
from typing import NamedTuple

from triosigno_db.compatibility.changes import SchemaChange
from triosigno_db.compatibility.judgement import judge_catalog, judge_files
from triosigno_db.errors import InvalidInputError, MigrationError
from triosigno_db.migrator.prisma_8 import Prisma8, find_prisma_8
from triosigno_db.migrator.project import Project
from triosigno_db.migrator.schema_files import read_schema_files
from triosigno_db.migrator.session import open_reading_session, resolve_settings
from triosigno_db.models import BaseModel
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_problems import find_problems
from triosigno_db.settings import Settings

_SHOWN_CHARACTERS = 60


class Compatibility(NamedTuple):
    """The result of a check.

    Attributes:
        changes: The changes, those that break functions first.
        skipped: What was not understood of a Prisma schema, one line each.
        prisma_8: What Prisma 8 does with the database.
    """

    changes: tuple[SchemaChange, ...]
    skipped: tuple[str, ...] = ()
    prisma_8: Prisma8 = Prisma8.ABSENT

    @property
    def breaks(self) -> bool:
        """Whether a change breaks functions."""
        return any(change.breaks for change in self.changes)

    @property
    def breaking(self) -> tuple[SchemaChange, ...]:
        """The changes that break functions."""
        return tuple(change for change in self.changes if change.breaks)

    @property
    def harmless(self) -> tuple[SchemaChange, ...]:
        """The changes that break nothing."""
        return tuple(change for change in self.changes if not change.breaks)


def check_compatibility(
    url_or_settings: str | Settings | None = None,
    *,
    schema: str | Path | None = None,
    project: Project | None = None,
) -> Compatibility:
    """Find what a changed schema breaks: compare it with what the functions need.

    Nothing is written. With a Prisma schema, no database is needed: it tells what a database would
    be like after a migration to it, except for CHECK constraints and indexes on expressions.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one. Of
            a Prisma schema only the models of its database schema count, by default those of the
            database schema that the first model of a table of the library is in.
        schema: A `schema.prisma`, or a folder of `.prisma` files, to check in place of a database.
        project: A service whose tables are checked as well; the names of its models stand for the
            functions that use them.

    Returns:
        The changes, those that break functions first, and what was skipped of the Prisma schema.

    Raises:
        InvalidInputError: The schema cannot be read as UTF-8 or as one schema, or is not one of
            PostgreSQL; the folder has no such file; or the URL is invalid.
        NotConnectedError: Neither a database nor a file was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    services = project.load_models() if project is not None else ()
    if schema is not None:
        is_named = url_or_settings is not None
        name = resolve_settings(url_or_settings).schema_name if is_named else None
        return _check_files(_read(Path(schema)), name, services)
    with open_reading_session(resolve_settings(url_or_settings)) as session:
        found = session.read_catalog()
        prisma_8 = find_prisma_8(session)
    return Compatibility(judge_catalog(found, services), prisma_8=prisma_8)


def _check_files(
    files: tuple[SchemaFile, ...],
    schema_name: str | None,
    services: tuple[type[BaseModel], ...],
) -> Compatibility:
    skipped = tuple(
        f"{file.at(each.span)}: {each.why}: {' '.join(each.text.split())[:_SHOWN_CHARACTERS]}"
        for file in files
        for each in file.schema.skipped
    )
    changes = judge_files(files, schema_name=schema_name, services=services)
    return Compatibility(changes, skipped)


def _read(path: Path) -> tuple[SchemaFile, ...]:
    try:
        files = read_schema_files(path, path)
    except MigrationError as exc:
        raise InvalidInputError("schema", str(exc)) from exc
    if problems := find_problems(files):
        raise InvalidInputError("schema", "; ".join(problems))
    return files
