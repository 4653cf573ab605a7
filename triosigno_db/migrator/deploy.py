"""Apply a history to a database: status, deploy and resolve."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from triosigno_db.errors import MigrationError, MigrationFailedError
from triosigno_db.migrator.executor import OnStep, ignore_step, run_script
from triosigno_db.migrator.history import Migration, read_history
from triosigno_db.migrator.ledger import (
    Ledger,
    MigrationState,
    MigrationStatus,
    compare_histories,
)
from triosigno_db.migrator.script import is_transactional, split_statements
from triosigno_db.migrator.session import (
    Session,
    migration_lock,
    open_reading_session,
    open_session,
    resolve_settings,
)
from triosigno_db.models.keys import KEYS_SCHEMA
from triosigno_db.schema.ddl import fold_script, keys_script
from triosigno_db.schema.owners import refuse_foreign_objects
from triosigno_db.settings import Settings

DEFAULT_LOCK_TIMEOUT = 10.0
"""In seconds, the same as Prisma Migrate's."""

UP_TO_DATE, PENDING, BROKEN = 0, 1, 2


class HistoryStatus(NamedTuple):
    """The state of a history in a database.

    Attributes:
        migrations: Each migration's state, by name.
    """

    migrations: tuple[MigrationStatus, ...]

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
    def exit_code(self) -> int:
        """0 if up to date, 1 if pending, 2 if failed or edited."""
        if self.named(MigrationState.FAILED, MigrationState.EDITED):
            return BROKEN
        return PENDING if self.pending else UP_TO_DATE


def status(
    url_or_settings: str | Settings | None = None, *, history: Path | None = None
) -> HistoryStatus:
    """Read the state of each migration in a database.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the migrations. By default the one in the package.

    Returns:
        Each migration's state.

    Raises:
        MigrationError: The history on disk is invalid.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_history(history)
    with open_reading_session(settings) as session:
        return HistoryStatus(compare_histories(migrations, Ledger(session).rows()))


def deploy(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
    on_step: OnStep = ignore_step,
) -> tuple[str, ...]:
    """Apply the pending migrations in order, each in one transaction with its ledger row.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the migrations. By default the one in the package.
        lock_timeout: The maximum time to wait for another deployment, and in each statement for a
            lock on a table, in seconds.
        on_step: Called before each statement.

    Returns:
        The names of the applied migrations, in order; empty if the database was up to date.

    Raises:
        MigrationFailedError: A statement failed; a migration in a transaction was rolled back.
        MigrationLockedError: Another deployment held the lock for longer than `lock_timeout`.
        MigrationError: A migration failed earlier and is not resolved (P3009), the database has
            tables but no history (P3005), the ledger is unsafe (another role owns it, or it runs
            code), or the history on disk is invalid.
        PermissionDeniedError: The role may not create the library's schema or objects in it, or
            another role owns one of those; the message says what to do, and nothing was applied.
        SchemaMismatchError: The encoding of the database is not UTF8; nothing was applied.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    migrations = read_history(history)
    with locked_ledger(resolve_settings(url_or_settings), lock_timeout) as (session, ledger):
        _refuse_unknown_tables(ledger)
        found = HistoryStatus(compare_histories(migrations, ledger.rows()))
        refuse_failed(found)
        pending = [migration for migration in migrations if migration.name in found.pending]
        for migration in pending:
            check_script(migration)
        refuse_foreign_objects(session.run, session.schema_name)
        _refuse_missing_rights(session, pending)
        ledger.create()
        for migration in pending:
            _apply(session, ledger, migration, on_step)
        return found.pending


def resolve_applied(
    name: str,
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
) -> None:
    """Mark a migration as applied, after it was fixed or applied by hand.

    Args:
        name: The migration.
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the migrations. By default the one in the package.

    Raises:
        MigrationError: The migration does not exist (P3017), or it is already recorded (P3008).
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    migration = _find(name, read_history(history))
    with locked_ledger(settings) as (session, ledger):
        if any(row.is_applied for row in ledger.rows() if row.name == name):
            raise MigrationError(f"{name} is already applied.").with_prisma_code("P3008")
        with session.transaction():
            ledger.create()
            ledger.mark_applied(migration)


def resolve_rolled_back(name: str, url_or_settings: str | Settings | None = None) -> None:
    """Mark a failed migration as rolled back, after its changes were undone by hand.

    Args:
        name: The migration.
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.

    Raises:
        MigrationError: The ledger does not contain it (P3011), or it has not failed (P3012).
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    with locked_ledger(resolve_settings(url_or_settings)) as (_, ledger):
        rows = [row for row in ledger.rows() if row.name == name]
        if not rows:
            raise MigrationError(f"{name} was never applied here.").with_prisma_code("P3011")
        if not any(row.is_failed for row in rows):
            raise MigrationError(f"{name} has not failed.").with_prisma_code("P3012")
        ledger.mark_rolled_back(name)


def check_script(migration: Migration) -> None:
    """Check that a script does not control its own transaction.

    Args:
        migration: The migration.

    Raises:
        MigrationError: A statement begins or ends a transaction.
    """
    for script in (migration.script, migration.down or ""):
        if not is_transactional(script):
            continue
        for statement in split_statements(script):
            if statement.controls_transaction:
                raise MigrationError(
                    f"{migration.name}, line {statement.line}: {statement.text[:40]!r} would end "
                    "the migration's transaction: remove the statement."
                )


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


def _refuse_unknown_tables(ledger: Ledger) -> None:
    if not ledger.exists() and (tables := ledger.other_tables()):
        raise MigrationError(
            f"The database has tables but no history: {', '.join(tables[:5])}"
            f"{', ...' if len(tables) > 5 else ''}. "  # noqa: PLR2004 (as many as are shown)
            "If Prisma created it, run baseline first."
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


def _find(name: str, migrations: tuple[Migration, ...]) -> Migration:
    for migration in migrations:
        if migration.name == name:
            return migration
    raise MigrationError(f"The migration {name} does not exist on disk.").with_prisma_code("P3017")


def _apply(session: Session, ledger: Ledger, migration: Migration, on_step: OnStep) -> None:
    if is_transactional(migration.script):
        _apply_atomically(session, ledger, migration, on_step)
    else:
        _apply_one_by_one(session, ledger, migration, on_step)


def _apply_atomically(
    session: Session, ledger: Ledger, migration: Migration, on_step: OnStep
) -> None:
    try:
        with session.transaction():
            row_id = ledger.begin(migration)
            run_script(session, migration.name, migration.script, on_step, rolled_back=True)
            ledger.finish(row_id)
    except MigrationFailedError as exc:
        if not session.is_lost:
            with session.transaction():
                row_id = ledger.begin(migration)
                ledger.fail(row_id, str(exc), rolled_back=True)
        raise


def _apply_one_by_one(
    session: Session, ledger: Ledger, migration: Migration, on_step: OnStep
) -> None:
    row_id = ledger.begin(migration)
    try:
        run_script(session, migration.name, migration.script, on_step, rolled_back=False)
    except MigrationFailedError as exc:
        if not session.is_lost:
            ledger.fail(row_id, str(exc), rolled_back=False)
        raise
    ledger.finish(row_id)
