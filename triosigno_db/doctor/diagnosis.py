"""Run all checks in order; a check that fails does not prevent the others."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from triosigno_db.doctor import (
    accounts,
    connection,
    drift,
    history,
    indexes,
    keys,
    owners,
    rights,
    rows,
    sessions,
    vacuum,
    versions,
)
from triosigno_db.doctor.context import CheckContext, Limits, open_context
from triosigno_db.doctor.findings import Diagnosis, Finding, check_failed
from triosigno_db.errors import DatabaseUnavailableError, TrioSignoDBError
from triosigno_db.migrator.history import shipped_history
from triosigno_db.migrator.project import Project
from triosigno_db.migrator.session import resolve_settings
from triosigno_db.settings import Settings

Check = Callable[[CheckContext], Iterable[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    (connection.SUBJECT, connection.check_connection),
    (versions.SUBJECT, versions.check_versions),
    (history.SUBJECT, history.check_history),
    (history.SUBJECT, history.check_lock),
    (drift.SUBJECT, drift.check_drift),
    (indexes.SUBJECT, indexes.check_indexes),
    (indexes.SUBJECT, indexes.check_index_use),
    (rows.SUBJECT, rows.check_rows),
    (accounts.SUBJECT, accounts.check_accounts),
    (keys.SUBJECT, keys.check_keys),
    (vacuum.SUBJECT, vacuum.check_vacuum),
    (rights.SUBJECT, rights.check_rights),
    (owners.SUBJECT, owners.check_owners),
    (sessions.SUBJECT, sessions.check_connection_count),
    (sessions.SUBJECT, sessions.check_activity),
    (sessions.SUBJECT, sessions.check_waits),
)
"""The subjects and the checks, in order."""

DEFAULT_LIMITS = Limits()


def diagnose(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
    limits: Limits = DEFAULT_LIMITS,
    validate: bool = True,
) -> Diagnosis:
    """Check a database, on a connection outside of the pool.

    Nothing is written, except that constraints that no row violates are validated. No check needs
    a superuser; what the role may not see is reported as unknown.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service whose tables and history are checked as well.
        limits: The thresholds for long statements and unused indexes.
        validate: Validate the constraints that no row violates, if the role owns their tables.

    Returns:
        The findings, in the order of the checks; one finding if the server cannot be reached.

    Raises:
        InvalidInputError: The URL is invalid, or a part of it is out of bounds.
        NotConnectedError: No database was given, and `connect()` was not called.
    """
    settings = resolve_settings(url_or_settings)
    if project is not None:
        project.load_models()
    try:
        with open_context(
            settings, history or shipped_history(), limits, project=project, validate=validate
        ) as context:
            findings = tuple(_run_checks(context))
            return Diagnosis(findings, tuple(context.constraints))
    except DatabaseUnavailableError as exc:
        return Diagnosis((_unreachable(settings, exc),), ())


def _run_checks(context: CheckContext) -> Iterator[Finding]:
    for subject, check in CHECKS:
        try:
            yield from check(context)
        except TrioSignoDBError as exc:
            yield check_failed(subject, exc)
        if context.session.is_lost:
            yield Finding(
                connection.SUBJECT,
                "error",
                "The connection was lost: the other checks did not run.",
                "Run the doctor again.",
            )
            return


def _unreachable(settings: Settings, exc: DatabaseUnavailableError) -> Finding:
    return Finding(
        connection.SUBJECT,
        "error",
        f"{settings.address} cannot be reached, or rejects the login.",
        "Check the URL (behind PgBouncer it needs pgbouncer=true), the server, the network, the "
        "role and its password.",
        tuple(line.strip() for line in str(exc).splitlines()),
    )
