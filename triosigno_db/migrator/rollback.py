"""Roll back migrations with their `down.sql`, and nothing that holds rows without consent."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import DataLossError, MigrationError
from triosigno_db.migrator.deploy import (
    DEFAULT_LOCK_TIMEOUT,
    HistoryStatus,
    locked_ledger,
    refuse_failed,
)
from triosigno_db.migrator.executor import OnStep, ignore_step, run_script
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.ledger import Ledger, MigrationState
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.script import is_transactional
from triosigno_db.migrator.session import Session, resolve_settings
from triosigno_db.schema.data_loss import HOW_TO_CONTINUE, data_loss, describe_loss
from triosigno_db.schema.protection import refuse_in_tests
from triosigno_db.settings import Settings

# By number, not by name: a renamed table or column is the same.
_READ_COLUMNS = """
SELECT c.oid::pg_catalog.int8, n.nspname, c.relname, a.attnum, a.attname
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname, a.attnum
"""


class _Table(NamedTuple):
    """A table, with its columns by number."""

    schema: str
    name: str
    columns: dict[int, str]


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
        if not accept_data_loss:
            _refuse_losses(session, chosen)
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
    """
    before = _read_tables(session)
    with session.rolled_back():
        for migration in migrations:
            run_script(session, migration.name, migration.down or "", rolled_back=True)
        after = _read_tables(session)
    return tuple(_losses(session, before, after))


def _losses(session: Session, before: dict[int, _Table], after: dict[int, _Table]) -> Iterator[str]:
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


def _read_tables(session: Session) -> dict[int, _Table]:
    found: dict[int, _Table] = {}
    for number, schema, name, position, column in session.run(_READ_COLUMNS):
        table = found.setdefault(number, _Table(schema, name, {}))
        table.columns[position] = column
    return found


def _refuse_losses(session: Session, chosen: list[Migration]) -> None:
    for migration in chosen:
        if not is_transactional(migration.down or ""):
            raise DataLossError(
                f"The down.sql of {migration.name} can't be tried in a transaction: it is unknown "
                f"what it deletes. Nothing was rolled back. {HOW_TO_CONTINUE}"
            )
    if losses := count_losses(session, chosen):
        raise data_loss(losses, "Nothing was rolled back.")


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
