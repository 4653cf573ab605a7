"""Dev: write the next migration after a change of the models, or reset a database."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from triosigno_db.errors import InvalidInputError, MigrationError
from triosigno_db.migrator.autogenerate import DataLoss, find_data_losses, write_script
from triosigno_db.migrator.deploy import (
    DEFAULT_LOCK_TIMEOUT,
    HistoryStatus,
    deploy,
    locked_ledger,
)
from triosigno_db.migrator.diff import without_positions
from triosigno_db.migrator.executor import OnStep, ignore_step, run_script
from triosigno_db.migrator.history import DOWN_FILE, SCRIPT_FILE
from triosigno_db.migrator.ledger import MigrationState
from triosigno_db.migrator.own_history import start_history
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.renames import (
    Rename,
    find_column_renames,
    find_key_renames,
    find_table_renames,
)
from triosigno_db.migrator.session import Session, open_session, resolve_settings
from triosigno_db.migrator.shadow import create_in_schema, replay, shadow_database
from triosigno_db.migrator.target import Target, find_target
from triosigno_db.schema.catalog import Catalog, compare
from triosigno_db.schema.data_loss import data_loss, refuse_rows
from triosigno_db.schema.ddl import drop_script, to_sql
from triosigno_db.schema.protection import is_test_run, refuse_in_tests
from triosigno_db.settings import Settings

_NAME = re.compile(r"[a-z0-9_]+")
_TIMESTAMP = "%Y%m%d%H%M%S"

Ask = Callable[[Rename], bool]


class NewMigration(NamedTuple):
    """A migration that was written.

    Attributes:
        name: Its folder's name.
        folder: Its folder.
        applied: Whether it was applied to the database.
    """

    name: str
    folder: Path
    applied: bool


class _Scripts(NamedTuple):
    up: str
    down: str
    losses: tuple[DataLoss, ...]
    renames: tuple[Rename, ...]


def never(rename: Rename) -> bool:
    """Treat no drop and addition as a rename.

    Args:
        rename: The possible rename.

    Returns:
        `False`.
    """
    del rename
    return False


def dev(
    name: str,
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
    create_only: bool = False,
    accept_data_loss: bool = False,
    is_rename: Ask = never,
) -> NewMigration | None:
    """Write the migration from the history to the models, and apply it.

    The history is replayed in a shadow database and compared with the models. Before the files
    are written, both directions are run there and must produce the expected catalogs.

    Args:
        name: Lowercase letters, digits and underscores; a timestamp is prepended.
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service: the migration is written to its folder, for its tables alone.
        create_only: Write the files without applying the migration.
        accept_data_loss: Continue even if rows of the database lose data.
        is_rename: Decides whether a drop and an addition are a rename.

    Returns:
        The migration, or `None` if the history matches the models.

    Raises:
        DataLossError: Rows would lose data; nothing was written.
        InvalidInputError: `name` has other characters.
        MigrationError: The history on disk is invalid.
        NotConnectedError: No database was given, and `connect()` was not called.
        ProtectedDatabaseError: A test run would change a database that was not made for tests.
        TrioSignoDBError: As for every function: unavailable, permission denied; the role must be
            allowed to create a database.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError("name", "must consist of lowercase letters, digits and underscores")
    settings = resolve_settings(url_or_settings)
    if not create_only:
        _refuse_in_tests(settings)
    target = find_target(history, project)
    with shadow_database(settings) as shadow:
        before = target.own(replay(shadow, target.migrations))
        declared = target.own(create_in_schema(shadow, "models", to_sql(target.models)))
        scripts = _write(shadow, target, declared, is_rename)
        if scripts is None:
            return None
        _check(shadow, target, before, declared, scripts)
    if not accept_data_loss:
        _refuse_losses(settings, scripts.losses)
    last = target.migrations[-1].name[:14] if target.migrations else ""
    written = _save(target.folder, name, scripts, last)
    if not create_only:
        deploy(settings, history=history, project=project)
    return NewMigration(written.name, written, not create_only)


def reset(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
    accept_data_loss: bool = False,
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
    on_step: OnStep = ignore_step,
) -> tuple[str, ...]:
    """Drop the library's tables and types, and deploy again.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.
        accept_data_loss: Continue even if the tables hold rows.
        lock_timeout: As for `deploy`.
        on_step: As for `deploy`.

    Returns:
        The names of the applied migrations.

    Raises:
        DataLossError: A table holds rows; the error counts them, and nothing was dropped.
        MigrationError: The ledger has migrations that are not on disk; nothing was dropped.
        InUseError: Another object, such as a view, depends on a table; nothing was dropped.
        NotConnectedError: No database was given, and `connect()` was not called.
        ProtectedDatabaseError: A test run would drop tables that were not made for tests.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    _refuse_in_tests(settings)
    migrations = read_histories(history, project)
    with shadow_database(settings) as shadow:
        created = replay(shadow, migrations)
    with locked_ledger(settings, lock_timeout) as (session, ledger):
        found = HistoryStatus(ledger.states(migrations))
        if unknown := found.named(MigrationState.UNKNOWN):
            raise MigrationError(
                f"The ledger has migrations that are not on disk: {', '.join(unknown)}. "
                "Nothing was dropped: restore their folders first."
            )
        there = session.read_catalog()
        tables = [table for table in there.tables if table in created.tables]
        enums = [enum for enum in there.enums if enum in created.enums]
        with session.transaction():
            with session.in_schema():
                if not accept_data_loss:
                    refuse_rows(session.run, tables)
                if script := drop_script(tables, enums):
                    session.run(script)
            ledger.clear()
    return deploy(
        settings, history=history, project=project, lock_timeout=lock_timeout, on_step=on_step
    )


def _refuse_in_tests(settings: Settings) -> None:
    if is_test_run():
        with open_session(settings) as session:
            refuse_in_tests(session.run, settings)


def _write(shadow: Session, target: Target, declared: Catalog, is_rename: Ask) -> _Scripts | None:
    """Write both directions; the renames stay applied in the shadow database."""
    renames: list[Rename] = []
    for find, ask in (
        (find_table_renames, is_rename),
        (find_column_renames, is_rename),
        (find_key_renames, lambda _: True),
    ):
        for rename in find(target.own(shadow.read_catalog()), declared):
            if ask(rename):
                run_script(shadow, "the rename", rename.up)
                renames.append(rename)
    renamed = without_positions(target.own(shadow.read_catalog()))
    declared = without_positions(declared)
    change, undo = write_script(renamed, declared), write_script(declared, renamed)
    if not renames and not change:
        return None
    first = "\n".join(("-- Rename", *(rename.up for rename in renames))) if renames else ""
    last = "\n".join(("-- Rename", *(rename.down for rename in renames[::-1]))) if renames else ""
    losses = find_data_losses(renamed, declared)
    return _Scripts(_join(first, change), _join(undo, last), losses, tuple(renames))


def _join(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _check(
    shadow: Session, target: Target, before: Catalog, declared: Catalog, scripts: _Scripts
) -> None:
    """Run both scripts after the history, and compare the result of each."""
    for rename in scripts.renames[::-1]:
        run_script(shadow, "the rename", rename.down)
    for script, expected in ((scripts.up, declared), (scripts.down, before)):
        run_script(shadow, "the new migration", script)
        there = target.own(shadow.read_catalog())
        differences = compare(without_positions(expected), without_positions(there))
        if differences:
            listed = "; ".join(map(str, differences))
            raise MigrationError(
                f"The generated script does not produce the expected schema: {listed}"
            )


def _refuse_losses(settings: Settings, losses: tuple[DataLoss, ...]) -> None:
    with open_session(settings) as session:
        tables = session.read_catalog().tables
        counted = [(loss, _count(session, loss)) for loss in losses if loss.table in tables]
    if hit := [f"{loss.why} ({rows} rows)" for loss, rows in counted if rows]:
        raise data_loss(hit, "Nothing was written.")


def _count(session: Session, loss: DataLoss) -> int:
    where = f" WHERE {loss.condition}" if loss.condition else ""
    counting = f"SELECT pg_catalog.count(*) FROM {session.table(loss.table)}{where}"  # noqa: S608 (names from the catalog)
    ((rows,),) = session.run(counting)
    return int(rows)


def _save(folder: Path, name: str, scripts: _Scripts, last: str) -> Path:
    stamp = datetime.now(UTC).strftime(_TIMESTAMP)
    if stamp <= last:
        raise MigrationError(
            f"The timestamp of the last migration, {last}, is in the future: rename it."
        )
    written = folder / f"{stamp}_{name}"
    try:
        start_history(folder)
        written.mkdir()
        try:
            (written / SCRIPT_FILE).write_bytes(scripts.up.encode())
            (written / DOWN_FILE).write_bytes(scripts.down.encode())
        except BaseException:
            shutil.rmtree(written, ignore_errors=True)
            raise
    except OSError as exc:
        raise MigrationError(f"{written} cannot be written: {exc.strerror}.") from exc
    return written
