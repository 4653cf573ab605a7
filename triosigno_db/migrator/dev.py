"""Dev: write the next migration after a change of the models, or reset a database."""

import re
import shutil
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from triosigno_db.errors import (
    InvalidInputError,
    MigrationBlockedError,
    MigrationError,
    MigrationFailedError,
)
from triosigno_db.migrator.deploy import (
    DEFAULT_LOCK_TIMEOUT,
    HistoryStatus,
    deploy,
    locked_ledger,
    status,
)
from triosigno_db.migrator.executor import OnStep, ignore_step, run_script
from triosigno_db.migrator.history import (
    DOWN_FILE,
    SCRIPT_FILE,
    Migration,
    make_migration,
)
from triosigno_db.migrator.ledger import MigrationState
from triosigno_db.migrator.own_history import start_history
from triosigno_db.migrator.plan import Ask, Plan, plan_migration
from triosigno_db.migrator.precheck import find_obstacles
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.renames import Rename
from triosigno_db.migrator.session import Session, open_session, resolve_settings
from triosigno_db.migrator.shadow import create_in_schema, replay, shadow_database
from triosigno_db.migrator.table_numbers import read_tables
from triosigno_db.migrator.target import find_target
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.schema.data_loss import data_loss, refuse_rows
from triosigno_db.schema.ddl import drop_script, to_sql
from triosigno_db.schema.protection import is_test_run, refuse_in_tests
from triosigno_db.settings import Settings

_NAME = re.compile(r"[a-z0-9_]+")
_TIMESTAMP = "%Y%m%d%H%M%S"
_MAX_AHEAD = timedelta(minutes=10)
"""How much later than now the last migration may be, because others followed each other fast."""

OnDeployed = Callable[[tuple[str, ...]], None]


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


def never(rename: Rename) -> bool:
    """Treat no drop and addition as a rename.

    Args:
        rename: The possible rename.

    Returns:
        `False`.
    """
    del rename
    return False


def ignore_deployed(names: tuple[str, ...]) -> None:
    """Show nothing of pending migrations that were applied.

    Args:
        names: Their names.
    """
    del names


def dev(
    name: str,
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    models: Sequence[type[BaseModel]] = MODELS,
    project: Project | None = None,
    create_only: bool = False,
    accept_data_loss: bool = False,
    renames: Collection[str] = (),
    is_rename: Ask = never,
    on_deployed: OnDeployed = ignore_deployed,
) -> NewMigration | None:
    """Deploy what is pending, write the migration from the history to the models, and apply it.

    The history is replayed in a shadow database and compared with the models. Both directions are
    run there and must produce the expected catalogs. Then the rows of the database are counted that
    would be lost, or because of which the migration would fail. It is applied in one transaction
    with its ledger row, at the end of which the files are written: none is left of a migration that
    can't be deployed.

    Args:
        name: Lowercase letters, digits and underscores; a timestamp is prepended.
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        models: The library's models. By default those of the package.
        project: A service: the migration is written to its folder, for its tables alone.
        create_only: Write the files without applying anything, neither the migration nor those that
            are pending.
        accept_data_loss: Continue even if rows of the database lose data.
        renames: Renames of tables, such as `Thing:Object`, and of columns, such as
            `Object.size:width`.
        is_rename: Decides whether another drop and addition are a rename; those most alike are
            tried first.
        on_deployed: Called with the names of the pending migrations that were applied first, if
            there are any.

    Returns:
        The migration, or `None` if the history matches the models.

    Raises:
        MigrationBlockedError: Rows or other objects would make the migration fail; the error counts
            them, with the statements that find them, and nothing was written.
        DataLossError: Rows would lose data; nothing was written.
        InvalidInputError: `name` has other characters, or a rename names what is neither dropped
            nor added.
        MigrationFailedError: A statement of a pending migration failed.
        MigrationError: The history on disk is invalid, or the new migration failed on the database;
            nothing was written.
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
    target = find_target(history, project, models)
    migrations = target.migrations
    # The first migration of a service creates its folder.
    known = project if project is not None and project.migrations.is_dir() else None
    library = history if project is not None else target.folder
    with shadow_database(settings) as shadow:
        deployed, pending = (
            _split(migrations, status(settings, history=library, project=known).pending)
            if create_only
            else (migrations, ())
        )
        replay(shadow, deployed)
        tables = read_tables(shadow)
        replay(shadow, pending)
        if not create_only and (names := deploy(settings, history=library, project=known)):
            on_deployed(names)
        declared = target.own(create_in_schema(shadow, "models", to_sql(target.models)))
        plan = plan_migration(shadow, tables, declared, renames, is_rename, own=target.own)
    if plan is None:
        return None
    stamped = _stamp(name, migrations)
    written = target.folder / stamped
    if create_only:
        with open_session(settings) as session, session.rolled_back():
            _refuse_obstacles(session, plan, accept_data_loss=accept_data_loss)
        _save(written, plan)
    else:
        _apply(
            settings,
            written,
            plan,
            migrations,
            accept_data_loss=accept_data_loss,
        )
    return NewMigration(stamped, written, not create_only)


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


def _split(
    migrations: tuple[Migration, ...], pending: tuple[str, ...]
) -> tuple[tuple[Migration, ...], tuple[Migration, ...]]:
    """Split a history before the first migration that is pending."""
    names = [migration.name for migration in migrations]
    if not pending or len(pending) == len(names):
        # A database without a ledger may have all the tables, or none.
        return migrations, ()
    first = names.index(pending[0])
    return migrations[:first], migrations[first:]


def _apply(
    settings: Settings,
    folder: Path,
    plan: Plan,
    migrations: tuple[Migration, ...],
    *,
    accept_data_loss: bool,
) -> None:
    """Apply the migration and write its files at the end of the transaction.

    After a commit whose answer is lost the files remain: the migration is applied or pending.
    """
    content = plan.up.encode()
    migration = make_migration(folder.name, content, script=plan.up, down=plan.down)
    with locked_ledger(settings) as (session, ledger), session.transaction():
        if HistoryStatus(ledger.states(migrations)).pending:
            raise MigrationError(
                "The ledger was changed meanwhile. Nothing was written: try again."
            )
        _refuse_obstacles(session, plan, accept_data_loss=accept_data_loss)
        try:
            run_script(session, migration.name, migration.script)
        except MigrationFailedError as exc:
            raise MigrationError(
                f"The new migration fails on this database. Nothing was written.\n{exc.why}"
            ) from exc
        ledger.finish(ledger.begin(migration))
        _save(folder, plan)


def _refuse_obstacles(session: Session, plan: Plan, *, accept_data_loss: bool) -> None:
    found = find_obstacles(session, plan.change, plan.today)
    if found.blockers:
        raise MigrationBlockedError(found.blockers, "Nothing was written.")
    if found.losses and not accept_data_loss:
        raise data_loss(found.losses, "Nothing was written.")


def _stamp(name: str, migrations: tuple[Migration, ...]) -> str:
    now = datetime.now(UTC)
    stamp = now.strftime(_TIMESTAMP)
    last = migrations[-1].name[:14] if migrations else ""
    if last and stamp <= last <= (now + _MAX_AHEAD).strftime(_TIMESTAMP):
        # Several in one second follow each other.
        earlier = datetime.strptime(last, _TIMESTAMP).replace(tzinfo=UTC)
        stamp = (earlier + timedelta(seconds=1)).strftime(_TIMESTAMP)
    if stamp <= last:
        raise MigrationError(
            f"The timestamp of the last migration, {last}, is in the future: rename it."
        )
    return f"{stamp}_{name}"


def _save(folder: Path, plan: Plan) -> None:
    try:
        start_history(folder.parent)
        folder.mkdir()
        try:
            (folder / SCRIPT_FILE).write_bytes(plan.up.encode())
            (folder / DOWN_FILE).write_bytes(plan.down.encode())
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as exc:
        raise MigrationError(f"{folder} cannot be written: {exc.strerror}.") from exc
