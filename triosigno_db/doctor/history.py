"""Check the history: pending, failed, edited and unknown migrations, and the migration lock."""

from collections.abc import Iterator

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.deploy import HistoryStatus
from triosigno_db.migrator.ledger import Ledger, MigrationState, MigrationStatus
from triosigno_db.migrator.prisma_8 import MANAGED_ALONE, SIGN_AGAIN, Prisma8, find_prisma_8
from triosigno_db.migrator.project import read_histories
from triosigno_db.migrator.session import LockSession, lock_sessions

SUBJECT = "history"

_AS_EXPECTED = (MigrationState.APPLIED, MigrationState.PROVIDED)


def check_history(context: CheckContext) -> Iterator[Finding]:
    """Compare the history on disk with the ledger.

    Args:
        context: The context of the checks.

    Yields:
        The findings.

    Raises:
        MigrationError: The history on disk is invalid.
        PermissionDeniedError: The role may not read the ledger.
    """
    migrations = read_histories(context.history, context.project)
    with context.reading() as session:
        prisma_8 = find_prisma_8(session)
    if prisma_8 is Prisma8.MANAGES:
        summary = "Prisma 8 manages this database alone, without _prisma_migrations."
        yield Finding(SUBJECT, "warning", summary, MANAGED_ALONE)
        return
    if prisma_8 is Prisma8.SIGNS:
        yield Finding(SUBJECT, "ok", "Prisma 8 signs this database.", SIGN_AGAIN)
    states = context.read_states(migrations)
    if states is None:
        yield _without_ledger(context)
        return
    found = HistoryStatus(states)
    ours = [each for each in found.migrations if each.state is not MigrationState.UNKNOWN]
    if all(each.state in _AS_EXPECTED for each in ours):
        yield Finding(
            SUBJECT, "ok", f"All {len(ours)} migrations are applied and match the files on disk."
        )
    yield from _on_states(found)


def check_lock(context: CheckContext) -> Iterator[Finding]:
    """Report the sessions that hold the migration lock or wait for it.

    Args:
        context: The context of the checks.

    Yields:
        The finding, if there are such sessions.
    """
    with context.reading() as session:
        sessions = lock_sessions(session)
    if sessions:
        yield Finding(
            SUBJECT,
            "warning",
            "A deployment holds the migration lock: other deployments must wait.",
            "Wait for its end; if no deployment is running, SELECT pg_terminate_backend(<pid>).",
            tuple(map(_describe, sessions)),
        )


def _describe(session: LockSession) -> str:
    name = f" ({session.application_name})" if session.application_name else ""
    seconds = session.connected_for
    since = f", connected for {seconds:.0f} s" if seconds is not None else ""
    does = "holds" if session.is_holder else "waits for"
    return f"process {session.process}{name} {does} it{since}"


def _without_ledger(context: CheckContext) -> Finding:
    with context.reading() as session:
        tables = Ledger(session).other_tables()
    if tables:
        return Finding(
            SUBJECT,
            "warning",
            "The tables have no history: it is unknown which migrations were applied.",
            "Run triosigno-db migrate baseline, then triosigno-db migrate deploy.",
        )
    return Finding(
        SUBJECT,
        "error",
        f"The schema {context.settings.schema_name} is empty.",
        "Run triosigno-db migrate deploy.",
    )


def _on_states(found: HistoryStatus) -> Iterator[Finding]:
    if failed := _in_state(found, MigrationState.FAILED):
        yield Finding(
            SUBJECT,
            "error",
            f"{_count(len(failed))} not finished: failed or still running.",
            "Unless it is running: fix the database, then run triosigno-db migrate resolve "
            "--applied NAME or --rolled-back NAME.",
            tuple(map(_with_logs, failed)),
        )
    if edited := found.named(MigrationState.EDITED):
        yield Finding(
            SUBJECT,
            "error",
            f"{_count(len(edited))} edited on disk after it was applied.",
            "Restore the applied file, and change the schema in a new migration.",
            edited,
        )
    if found.pending:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(found.pending))} pending.",
            "Run triosigno-db migrate deploy.",
            found.pending,
        )
    if unknown := found.named(MigrationState.UNKNOWN):
        yield Finding(
            SUBJECT,
            "ok",
            f"{_count(len(unknown))} of others: of the Node backend, of a service, or of a newer "
            "version of this package.",
            "",
            unknown,
        )


def _in_state(found: HistoryStatus, state: MigrationState) -> list[MigrationStatus]:
    return [each for each in found.migrations if each.state is state]


def _with_logs(status: MigrationStatus) -> str:
    logs = (status.row.logs if status.row else None) or ""
    first_line = logs.strip().partition("\n")[0]
    return f"{status.name}: {first_line}" if first_line else status.name


def _count(number: int) -> str:
    return "1 migration is" if number == 1 else f"{number} migrations are"
