"""Export the history and the schema for the Node backend's repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from triosigno_db.compatibility.judgement import judge_files
from triosigno_db.errors import MigrationError, SchemaMismatchError
from triosigno_db.migrator.deploy import status
from triosigno_db.migrator.exported_names import plan_folder
from triosigno_db.migrator.file_changes import FileChanges
from triosigno_db.migrator.history import LOCK_FILE, SCRIPT_FILE, shipped_history
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.schema_files import add_indexes, read_schema_files
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.schema.prisma import to_prisma
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_indexes import MissingIndex, compare_indexes
from triosigno_db.schema.prisma_problems import find_problems, find_unread_lines
from triosigno_db.schema.prisma_services import Addition, add_services, compare_services
from triosigno_db.settings import Settings

SCHEMA_FILE = "schema.prisma"
MIGRATIONS_FOLDER = "migrations"


class ExportedIndex(NamedTuple):
    """A line or a block that a `schema.prisma` lacks.

    Attributes:
        path: The file.
        model: The model's name in that file.
        line: The line of the model before anything is written, from 1.
        attribute: The text of the line, such as `@@index([categoryId])`.
    """

    path: Path
    model: str
    line: int
    attribute: str


@dataclass(frozen=True, kw_only=True)
class Export:
    """What the Node side lacks, or lacked.

    Attributes:
        files: The files that are missing, or were created.
        indexes: The lines of indexes that are missing in existing files, or were added.
        lines: The models and fields of a service that are missing in existing files, or were added.
        is_written: Whether they were written; `False` after a check.
    """

    files: tuple[Path, ...]
    indexes: tuple[ExportedIndex, ...]
    lines: tuple[ExportedIndex, ...]
    is_written: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return self.is_written or not (self.files or self.indexes or self.lines)


def export(
    folder: Path,
    *,
    history: Path | None = None,
    project: Project | None = None,
    schema: Path | None = None,
    prisma: int = 7,
    check: bool = False,
    url_or_settings: str | Settings | None = None,
) -> Export:
    """Write the migrations that the Node side lacks, and what its `schema.prisma` lacks for them.

    Migrations of the Node side are not changed. Into an existing schema only the missing `@@index`
    lines are written; all else stays as it is, to the byte. Without one, a `schema.prisma` is
    generated from the models. All files are written, or none.

    Args:
        folder: The target folder, such as the Node backend's `prisma/`; created if it is missing.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own: its migrations, its models and their relations
            are written as well.
        schema: The file of the Node side's schema, or the folder of its files. By default all
            `.prisma` files in `folder` and its subfolders.
        prisma: The major version of Prisma that reads a new `schema.prisma`, 6 or 7.
        check: Whether to write nothing, and only to say what is missing.
        url_or_settings: A database whose ledger gives the names of the migrations that it has, so
            that Prisma finds them in the folder. By default no database is asked, not even the
            connected one.

    Returns:
        What was written, or with `check` what is missing.

    Raises:
        SchemaMismatchError: The schema breaks functions of the library, as `check` says, or cannot
            be compared. All of it is listed, with file and line; nothing was written.
        MigrationError: A migration already exists there with a different text, a file cannot be
            read or written, or a symbolic link leads out of the folder. Nothing was written.
        InvalidInputError: `prisma` is another version, or the URL is invalid.
        TrioSignoDBError: With `url_or_settings`, as for `status`.
    """
    source = history or shipped_history()
    models = project.load_models() if project else ()
    found = status(url_or_settings, history=source, project=project) if url_or_settings else None
    recorded = found.recorded_names if found else {}
    changes = FileChanges(folder)
    try:
        changes.created |= _missing_migrations(
            source, project, folder / MIGRATIONS_FOLDER, recorded
        )
        files = read_schema_files(folder, schema)
    except OSError as exc:
        raise MigrationError(f"{exc.filename} cannot be read: {exc.strerror}.") from exc
    missing: tuple[MissingIndex, ...] = ()
    additions: tuple[Addition, ...] = ()
    if files:
        missing, additions = _compare(files), _compare_services(files, models)
        changed = add_services(files, additions)
        texts = {file.path: file.schema.text for file in changed}
        indexes = compare_indexes(changed, (*MODELS, *models)).missing
        texts |= {file.path: text for file, text in add_indexes(indexes)}
        for file in files:
            before, text = file.schema.text, texts[file.path]
            if text != before:
                changes.replaced[file.path.resolve()] = (before.encode(), text.encode())
    else:
        text = to_prisma(prisma=prisma, models=(*MODELS, *models))
        changes.created[folder / SCHEMA_FILE] = text.encode()
    if not check:
        changes.apply()
    return Export(
        files=tuple(changes.created),
        indexes=tuple(map(_to_exported, missing)),
        lines=tuple(map(_to_line, additions)),
        is_written=not check,
    )


def _missing_migrations(
    source: Path, project: Project | None, target: Path, recorded: Mapping[str, str]
) -> dict[Path, bytes]:
    """Read the migrations that a folder lacks, and the lock file if it has no migrations."""
    files = {}
    if not target.exists():
        files[target / LOCK_FILE] = (source / LOCK_FILE).read_bytes()
    migrations = read_histories(source, project)
    for name, migration in plan_folder(target, migrations, recorded).missing.items():
        script = source / migration.name / SCRIPT_FILE
        if project is not None and not script.exists():
            script = project.migrations / migration.name / SCRIPT_FILE
        files[target / name / SCRIPT_FILE] = script.read_bytes()
    return files


def _compare(files: tuple[SchemaFile, ...]) -> tuple[MissingIndex, ...]:
    """Find the missing indexes of a schema that has all that the library needs."""
    if problems := [*find_problems(files), *find_unread_lines(files)]:
        raise SchemaMismatchError(
            "The Prisma schema cannot be compared. Nothing was written.", problems
        )
    breaking = [change for change in judge_files(files) if change.breaks]
    if breaking:
        raise SchemaMismatchError(
            "The Prisma schema breaks functions of the library. Nothing was written.",
            [f"{each.place or files[0].path}: {each}: {each.effect}" for each in breaking],
        )
    compared = compare_indexes(files)
    if compared.problems:
        raise SchemaMismatchError(
            "The Prisma schema has other indexes of the same names. Nothing was written.",
            compared.problems,
        )
    return compared.missing


def _compare_services(
    files: tuple[SchemaFile, ...], models: Sequence[type[BaseModel]]
) -> tuple[Addition, ...]:
    compared = compare_services(files, models)
    if compared.problems:
        raise SchemaMismatchError(
            "The Prisma schema has other fields of the same names. Nothing was written.",
            compared.problems,
        )
    return compared.additions


def _to_line(addition: Addition) -> ExportedIndex:
    file, model = addition.place
    text = addition.text.partition(" {")[0]
    line = file.schema.text.count("\n") + 1 if addition.is_block else model.span.line
    name = text.partition(" ")[2] if addition.is_block else model.name
    return ExportedIndex(file.path, name, line, text)


def _to_exported(index: MissingIndex) -> ExportedIndex:
    file, model = index.place
    return ExportedIndex(file.path, model.name, model.span.line, index.attribute)
