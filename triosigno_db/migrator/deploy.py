"""Apply a history to a database: status, deploy and resolve."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from triosigno_db.errors import MigrationError, MigrationFailedError
from triosigno_db.migrator.executor import OnStep, ignore_step, run_script
from triosigno_db.migrator.exported_names import place_migrations
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.ledger import Ledger, MigrationState, MigrationStatus
from triosigno_db.migrator.prisma_8 import Prisma8, find_prisma_8, refuse_prisma_8_alone
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.script import is_transactional
from triosigno_db.migrator.script_objects import made_objects
from triosigno_db.migrator.session import (
    Session,
    migration_lock,
    open_reading_session,
    open_session,
    resolve_settings,
)
from triosigno_db.models.keys import KEYS_SCHEMA
from triosigno_db.schema.own_objects import fold_script, keys_script
from triosigno_db.schema.owners import refuse_foreign_objects
from triosigno_db.settings import Settings

DEFAULT_LOCK_TIMEOUT = 10.0
"""In seconds, the same as Prisma Migrate's."""

UP_TO_DATE, PENDING, BROKEN = 0, 1, 2

IN_DATABASE = (MigrationState.APPLIED, MigrationState.EDITED, MigrationState.PROVIDED)
"""The states of a migration whose changes are in the database."""


class HistoryStatus(NamedTuple):
    """The state of a history in a database.

    Attributes:
        migrations: Each migration's state, by name.
        prisma_8: What Prisma 8 does with the database.
    """

    migrations: tuple[MigrationStatus, ...]
    prisma_8: Prisma8 = Prisma8.ABSENT

    def named(self, *states: MigrationState) -> tuple[str, ...]:
        """List the migrations in one of the states.

        Args:
            *states: The states.

        Returns:
            Their names, in order.
        """
        return tuple(status.name for status in self.migrations if status.state in states)

    @property
    def pending(self) -> tuple[str, ...]:
        """The migrations that `deploy` would apply."""
        return self.named(MigrationState.PENDING, MigrationState.ROLLED_BACK)

    @property
    def node_migrations(self) -> tuple[str, ...]:
        """The applied migrations that this history does not have: the Node backend's own."""
        return tuple(
            each.name
            for each in self.migrations
            if each.state is MigrationState.UNKNOWN and each.row and each.row.is_applied
        )

    @property
    def recorded_names(self) -> dict[str, str]:
        """The name in the ledger of each migration of the history that has a row there."""
        return {
            each.name: each.recorded_name
            for each in self.migrations
            if each.row and each.state is not MigrationState.UNKNOWN
        }

    @property
    def exit_code(self) -> int:
        """0 if up to date, 1 if pending, 2 if failed or edited."""
        if self.named(MigrationState.FAILED, MigrationState.EDITED):
            return BROKEN
        return PENDING if self.pending else UP_TO_DATE


def status(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
) -> HistoryStatus:
    """Read the state of each migration in a database.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.

    Returns:
        Each migration's state.

    Raises:
        MigrationError: The history on disk is invalid.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_histories(history, project)
    with open_reading_session(settings) as session:
        return HistoryStatus(Ledger(session).states(migrations), find_prisma_8(session))


def deploy(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
    on_step: OnStep = ignore_step,
) -> tuple[str, ...]:
    """Apply the pending migrations in order, each in one transaction with its ledger row.

    A script that begins or ends a transaction itself, as some of Prisma's do, runs statement by
    statement. Where the Node backend's migrations are newer than the package's, the ledger gets the
    names that `export` gives.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.
        lock_timeout: The maximum time to wait for another deployment, and in each statement for a
            lock on a table, in seconds.
        on_step: Called before each statement.

    Returns:
        The names of the applied migrations, in order; empty if the database was up to date.

    Raises:
        MigrationFailedError: A statement failed; a migration in a transaction was rolled back.
        MigrationLockedError: Another deployment held the lock for longer than `lock_timeout`.
        MigrationError: A migration failed earlier and is not resolved (P3009), the database has
            tables but no history (P3005), Prisma 8 manages the database alone, the ledger is
            unsafe (another role owns it, or it runs code), or the history on disk is invalid.
        PermissionDeniedError: The role may not create the library's schema or objects in it, or
            another role owns one of those; the message says what to do, and nothing was applied.
        SchemaMismatchError: The encoding of the database is not UTF8; nothing was applied.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    migrations = read_histories(history, project)
    with locked_ledger(resolve_settings(url_or_settings), lock_timeout) as (session, ledger):
        refuse_prisma_8_alone(session)
        found = HistoryStatus(ledger.states(migrations))
        refuse_failed(found)
        pending = [migration for migration in migrations if migration.name in found.pending]
        _refuse_unknown_tables(ledger, found, pending)
        names = _names_in_ledger(migrations, found, is_shipped=history is None)
        refuse_foreign_objects(session.run, session.schema_name)
        _refuse_missing_rights(session, pending)
        ledger.create()
        for migration in pending:
            _apply(session, ledger, migration, names[migration.name], on_step)
        return found.pending


def resolve_applied(
    name: str,
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
) -> None:
    """Mark a migration as applied, after it was fixed or applied by hand.

    If the ledger has it under another name, as `export` can give it one, it gets this name.

    Args:
        name: The migration, by its name on disk.
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.

    Raises:
        MigrationError: The migration does not exist (P3017), or it is already recorded (P3008).
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_histories(history, project)
    migration = _find(name, migrations)
    with locked_ledger(settings) as (session, ledger):
        found = HistoryStatus(ledger.states(migrations))
        state = next(each for each in found.migrations if each.name == name)
        if state.row and state.row.is_applied and state.row.name != name:
            ledger.rename(state.row.name, name)
            return
        if state.state in IN_DATABASE:
            raise MigrationError(f"{name} is already {state.state}.").with_prisma_code("P3008")
        with session.transaction():
            ledger.create()
            ledger.mark_applied(migration, state.recorded_name)


def resolve_rolled_back(
    name: str,
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
) -> None:
    """Mark a failed migration as rolled back, after its changes were undone by hand.

    Args:
        name: The migration, by its name on disk or in the ledger.
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.

    Raises:
        MigrationError: The ledger does not contain it (P3011), or it has not failed (P3012).
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    migrations = read_histories(history, project)
    with locked_ledger(resolve_settings(url_or_settings)) as (_, ledger):
        names = HistoryStatus(ledger.states(migrations)).recorded_names
        rows = [row for row in ledger.rows() if row.name in (name, names.get(name))]
        if not rows:
            raise MigrationError(f"{name} was never applied here.").with_prisma_code("P3011")
        failed = {row.name for row in rows if row.is_failed}
        if not failed:
            raise MigrationError(f"{name} has not failed.").with_prisma_code("P3012")
        for each in failed:
            ledger.mark_rolled_back(each)


@contextmanager
def locked_ledger(
    settings: Settings, lock_timeout: float = DEFAULT_LOCK_TIMEOUT
) -> Iterator[tuple[Session, Ledger]]:
    """Hold the migration lock of a database.

    Args:
        settings: The settings of the connection.
        lock_timeout: The maximum time to wait, in seconds.

    Yields:
        The session that holds the lock, and the ledger.

    Raises:
        MigrationError: The ledger would run code, or another role owns it.
    """
    with open_session(settings) as session, migration_lock(session, lock_timeout):
        ledger = Ledger(session)
        ledger.refuse_unsafe()
        yield session, ledger


def _refuse_unknown_tables(ledger: Ledger, found: HistoryStatus, pending: list[Migration]) -> None:
    tables = ledger.other_tables()
    if ledger.exists():
        # With a history of the Node backend's, its other tables are expected.
        made = {name for _, name in made_objects(each.script for each in pending[:1])}
        is_new = not found.named(*IN_DATABASE)
        tables = [name for name in tables if is_new and name in made]
    if tables:
        without = "but its history does not make them" if ledger.exists() else "but no history"
        raise MigrationError(
            f"The database has tables {without}: {', '.join(tables[:5])}"
            f"{', ...' if len(tables) > 5 else ''}. "  # noqa: PLR2004 (as many as are shown)
            "Run migrate baseline first: it finds the migrations that the database already "
            "contains, whether Prisma, create_schema() or the demo made them."
        ).with_prisma_code("P3005")


def refuse_failed(found: HistoryStatus) -> None:
    """Refuse to go on while a migration has failed.

    Args:
        found: The state of the history.

    Raises:
        MigrationError: A migration has failed and is not resolved (P3009).
    """
    if failed := found.named(MigrationState.FAILED):
        raise MigrationError(
            f"Failed and not resolved: {', '.join(failed)}. Fix the database, then resolve it as "
            "applied or as rolled back."
        ).with_prisma_code("P3009")


def _refuse_missing_rights(session: Session, pending: list[Migration]) -> None:
    if any(f"{KEYS_SCHEMA}." in migration.script for migration in pending):
        with session.rolled_back(), session.in_schema():
            session.run(fold_script())
            session.run(keys_script())


def _names_in_ledger(
    migrations: tuple[Migration, ...], found: HistoryStatus, *, is_shipped: bool
) -> dict[str, str]:
    if not is_shipped:  # a folder's names are those that Prisma knows
        return {each.name: found.recorded_names.get(each.name, each.name) for each in migrations}
    provided = found.named(MigrationState.PROVIDED)
    ours = [each for each in migrations if each.name not in provided]
    return place_migrations(ours, found.recorded_names, found.node_migrations)


def _find(name: str, migrations: tuple[Migration, ...]) -> Migration:
    for migration in migrations:
        if migration.name == name:
            return migration
    raise MigrationError(f"The migration {name} does not exist on disk.").with_prisma_code("P3017")


def _apply(
    session: Session, ledger: Ledger, migration: Migration, name: str, on_step: OnStep
) -> None:
    if is_transactional(migration.script):
        _apply_atomically(session, ledger, migration, name, on_step)
    else:
        _apply_one_by_one(session, ledger, migration, name, on_step)


def _apply_atomically(
    session: Session, ledger: Ledger, migration: Migration, name: str, on_step: OnStep
) -> None:
    try:
        with session.transaction():
            row_id = ledger.begin(migration, name)
            run_script(session, migration.name, migration.script, on_step, rolled_back=True)
            ledger.finish(row_id)
    except MigrationFailedError as exc:
        if not session.is_lost:
            with session.transaction():
                row_id = ledger.begin(migration, name)
                ledger.fail(row_id, str(exc), rolled_back=True)
        raise


def _apply_one_by_one(
    session: Session, ledger: Ledger, migration: Migration, name: str, on_step: OnStep
) -> None:
    row_id = ledger.begin(migration, name)
    try:
        run_script(session, migration.name, migration.script, on_step, rolled_back=False)
    except MigrationFailedError as exc:
        if not session.is_lost:
            ledger.fail(row_id, str(exc), rolled_back=False)
        raise
    ledger.finish(row_id)
