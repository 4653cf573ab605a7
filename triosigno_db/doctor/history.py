"""The history: what is pending, failed, altered or unknown, and who holds its lock."""

from collections.abc import Iterator

from triosigno_db.doctor.context import Examination
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.deploy import HistoryStatus
from triosigno_db.migrator.history import read_history
from triosigno_db.migrator.ledger import (
    Ledger,
    MigrationState,
    MigrationStatus,
    compare_histories,
)
from triosigno_db.schema.create import PRISMA_LOCK

SUBJECT = "history"

_LOCK = """
SELECT l.pid, l.granted, a.application_name, extract(epoch FROM now() - a.backend_start)
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = %(key)s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY l.granted DESC, l.pid
"""


def examine_history(examination: Examination) -> Iterator[Finding]:
    """Set the history on disk against the ledger.

    Args:
        examination: Where to look.

    Yields:
        What is found.

    Raises:
        MigrationError: The history on disk is not as it must be.
        PermissionDeniedError: The role may not read the ledger.
    """
    migrations = read_history(examination.history)
    rows = examination.read_ledger()
    if rows is None:
        yield _without_ledger(examination)
        return
    found = HistoryStatus(compare_histories(migrations, rows))
    if not any(each.state is not MigrationState.APPLIED for each in found.migrations):
        yield Finding(
            SUBJECT,
            "ok",
            f"All {len(found.migrations)} migrations are applied as they are on disk.",
        )
        return
    yield from _on_states(found)


def examine_lock(examination: Examination) -> Iterator[Finding]:
    """Look for who holds the lock of migrations, or waits for it.

    Args:
        examination: Where to look.

    Yields:
        What is found; nothing where nobody does.
    """
    with examination.reading() as session:
        sessions = session.run(_LOCK, key=PRISMA_LOCK)
    if sessions:
        yield Finding(
            SUBJECT,
            "warning",
            "A deployment holds the lock of migrations: another one would have to wait.",
            "Let it end; if nobody deploys: SELECT pg_terminate_backend(<process>).",
            tuple(_tell(*each) for each in sessions),
        )


def _tell(process: int, is_held: bool, application: str | None, seconds: float | None) -> str:
    name = f" ({application})" if application else ""
    since = f", connected for {seconds:.0f} s" if seconds is not None else ""
    return f"process {process}{name} {'holds' if is_held else 'waits for'} it{since}"


def _without_ledger(examination: Examination) -> Finding:
    with examination.reading() as session:
        tables = Ledger(session).other_tables()
    if tables:
        return Finding(
            SUBJECT,
            "warning",
            "The tables have no history: nobody can tell which migrations they hold.",
            "triosigno-db migrate baseline, then triosigno-db migrate deploy",
        )
    return Finding(
        SUBJECT,
        "error",
        f"The schema {examination.settings.schema_name} is empty.",
        "triosigno-db migrate deploy",
    )


def _on_states(found: HistoryStatus) -> Iterator[Finding]:
    if failed := _in_state(found, MigrationState.FAILED):
        yield Finding(
            SUBJECT,
            "error",
            f"{_count(len(failed))} not finished: failed, or still running.",
            "Unless it runs: mend the database, then triosigno-db migrate resolve "
            "--applied NAME or --rolled-back NAME.",
            tuple(map(_with_logs, failed)),
        )
    if edited := found.named(MigrationState.EDITED):
        yield Finding(
            SUBJECT,
            "error",
            f"{_count(len(edited))} altered on disk since being applied.",
            "Put the file back as it was applied, and change the schema in a new migration.",
            edited,
        )
    if found.pending:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(found.pending))} pending.",
            "triosigno-db migrate deploy",
            found.pending,
        )
    if foreign := found.named(MigrationState.FOREIGN):
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(foreign))} applied that this package does not know.",
            "They are the Node side's own, or those of a newer version of this package: "
            "if so, upgrade it.",
            foreign,
        )


def _in_state(found: HistoryStatus, state: MigrationState) -> list[MigrationStatus]:
    return [each for each in found.migrations if each.state is state]


def _with_logs(status: MigrationStatus) -> str:
    logs = (status.row.logs if status.row else None) or ""
    first_line = logs.strip().partition("\n")[0]
    return f"{status.name}: {first_line}" if first_line else status.name


def _count(number: int) -> str:
    return "1 migration is" if number == 1 else f"{number} migrations are"
