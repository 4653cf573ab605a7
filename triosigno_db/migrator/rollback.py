"""Roll back migrations with their `down.sql`, and nothing that holds rows without consent."""

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import MigrationBlockedError, MigrationError, MigrationFailedError
from triosigno_db.migrator.autogenerate.findings import Finding
from triosigno_db.migrator.deploy import (
    DEFAULT_LOCK_TIMEOUT,
    HistoryStatus,
    locked_ledger,
    refuse_failed,
)
from triosigno_db.migrator.executor import OnStep, ignore_step, run_script
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.ledger import Ledger, MigrationState
from triosigno_db.migrator.precheck import count_rows
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.script import is_transactional, refusing_queries
from triosigno_db.migrator.session import Session, resolve_settings
from triosigno_db.migrator.table_numbers import NumberedTable, read_tables
from triosigno_db.schema.data_loss import data_loss, describe_loss
from triosigno_db.schema.protection import refuse_in_tests
from triosigno_db.settings import Settings

NOTHING_WAS_DONE = "Nothing was rolled back."


def rollback(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
    steps: int = 1,
    to: str | None = None,
    accept_data_loss: bool = False,
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
    on_step: OnStep = ignore_step,
) -> tuple[str, ...]:
    """Roll back the last migrations with their `down.sql`; `deploy` can apply them again.

    A migration that was only marked as applied, by `baseline` or `resolve_applied`, was not made by
    the library, and is not rolled back; nor is one that is provided.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.
        steps: The number of migrations to roll back, 1 or more.
        to: Roll back all migrations after this one, instead of `steps`.
        accept_data_loss: Continue even if rows are lost.
        lock_timeout: As for `deploy`.
        on_step: Called before each statement.

    Returns:
        The names of the migrations that were rolled back, last first.

    Raises:
        MigrationBlockedError: Rows prevent it, or a statement would fail; the error counts the
            rows, with the statements that find them, and nothing was rolled back.
        MigrationFailedError: A statement failed; this migration is still applied.
        DataLossError: Rows would be lost; nothing was rolled back.
        MigrationError: A migration has no `down.sql` or was only marked as applied, or `to` is not
            applied (P3017).
        MigrationLockedError: Another deployment held the lock for longer than `lock_timeout`.
        ProtectedDatabaseError: A test run would change a database that was not made for tests.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    migrations = read_histories(history, project)
    settings = resolve_settings(url_or_settings)
    with locked_ledger(settings, lock_timeout) as (session, ledger):
        refuse_in_tests(session.run, settings)
        found = HistoryStatus(ledger.states(migrations))
        refuse_failed(found)
        in_database = found.named(MigrationState.APPLIED, MigrationState.EDITED)
        applied = [migration for migration in migrations if migration.name in in_database]
        chosen = _chosen(applied, steps, to)
        for migration in chosen:
            if migration.down is None:
                raise MigrationError(
                    f"{migration.name} has no down.sql: nothing was rolled back. Write one first."
                )
        _refuse_marked(chosen, found)
        if accept_data_loss:
            _refuse_blocked(session, chosen)
        elif losses := _try(session, chosen):
            raise data_loss(losses, NOTHING_WAS_DONE)
        for migration in chosen:
            _undo(session, ledger, migration, found.recorded_names[migration.name], on_step)
        return tuple(migration.name for migration in chosen)


def count_losses(session: Session, migrations: list[Migration]) -> tuple[str, ...]:
    """Count the rows and values that `down.sql` files would delete with tables and columns.

    The files are run in a transaction that is rolled back.

    Args:
        session: The session in the database.
        migrations: The migrations to roll back, last first.

    Returns:
        A description of each loss; empty if there is none.

    Raises:
        MigrationBlockedError: There are rows that a file says it can't undo, or a statement fails.
    """
    before = read_tables(session)
    with session.rolled_back():
        for migration in migrations:
            _refuse_blockers(session, migration)
            _try_script(session, migration)
        after = read_tables(session)
    return tuple(_losses(session, before, after))


def _losses(
    session: Session, before: dict[int, NumberedTable], after: dict[int, NumberedTable]
) -> Iterator[str]:
    for number, table in before.items():
        source = f"{identifier(table.schema)}.{identifier(table.name)}"
        if number not in after:
            if rows := _count(session, source, "*"):
                yield describe_loss(rows, "row", table.name)
            continue
        for position, column in table.columns.items():
            if position not in after[number].columns and (
                values := _count(session, source, identifier(column))
            ):
                yield describe_loss(values, "value", f"{table.name}.{column}")


def _count(session: Session, source: str, what: str) -> int:
    ((count,),) = session.run(f"SELECT pg_catalog.count({what}) FROM {source}")  # noqa: S608 (quoted names)
    return int(count)


def _try(session: Session, chosen: list[Migration]) -> tuple[str, ...]:
    """Refuse what would fail, before anything is rolled back, and return what would be lost."""
    whole = list(takewhile(lambda each: is_transactional(each.down or ""), chosen))
    losses = count_losses(session, whole)
    if whole == chosen:
        return losses
    unknown = chosen[len(whole)]
    if not whole:
        with session.rolled_back():
            _refuse_blockers(session, unknown)
    return (*losses, f"what the down.sql of {unknown.name} deletes, which can't be tried")


def _try_script(session: Session, migration: Migration) -> None:
    try:
        run_script(session, migration.name, migration.down or "", rolled_back=True)
    except MigrationFailedError as exc:
        place = f"statement {exc.number}, line {exc.line}"
        what = f"The down.sql of {migration.name}, {place}: {exc.why.rstrip()}"
        raise MigrationBlockedError((what,), NOTHING_WAS_DONE) from exc


def _refuse_blocked(session: Session, chosen: list[Migration]) -> None:
    """Refuse what a file says it can't undo, after the files before it, which are tried."""
    with session.rolled_back():
        for position, migration in enumerate(chosen):
            _refuse_blockers(session, migration)
            has_more = any(refusing_queries(each.down or "") for each in chosen[position + 1 :])
            if not has_more or not is_transactional(migration.down or ""):
                return
            _try_script(session, migration)


def _refuse_blockers(session: Session, migration: Migration) -> None:
    findings = [
        Finding(f"{migration.name} can't be undone", query)
        for query in refusing_queries(migration.down or "")
    ]
    with session.in_schema():
        found = tuple(count_rows(session, findings, with_query=True))
    if found:
        raise MigrationBlockedError(found, NOTHING_WAS_DONE)


def _refuse_marked(chosen: list[Migration], found: HistoryStatus) -> None:
    marked = {each.name for each in found.migrations if each.row and each.row.is_marked}
    if only_marked := [migration.name for migration in chosen if migration.name in marked]:
        raise MigrationError(
            f"Only marked as applied, and not made by the library: {', '.join(only_marked)}. "
            "Nothing was rolled back."
        )


def _chosen(applied: list[Migration], steps: int, to: str | None) -> list[Migration]:
    newest_first = applied[::-1]
    if to is None:
        return newest_first[:steps]
    names = [migration.name for migration in newest_first]
    if to not in names:
        raise MigrationError(f"{to} is not applied here.").with_prisma_code("P3017")
    return newest_first[: names.index(to)]


def _undo(
    session: Session, ledger: Ledger, migration: Migration, name: str, on_step: OnStep
) -> None:
    down = migration.down or ""
    if is_transactional(down):
        with session.transaction():
            run_script(session, migration.name, down, on_step, rolled_back=True)
            ledger.mark_rolled_back(name, finished=True)
    else:
        run_script(session, migration.name, down, on_step, rolled_back=False)
        ledger.mark_rolled_back(name, finished=True)
