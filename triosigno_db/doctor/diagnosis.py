"""The diagnosis: all sections, one after the other; one that fails does not hide the others."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from triosigno_db.database.lifecycle import current_database
from triosigno_db.doctor import (
    connection,
    drift,
    history,
    indexes,
    keys,
    rights,
    rows,
    sessions,
    vacuum,
    versions,
)
from triosigno_db.doctor.context import Examination, Limits, open_examination
from triosigno_db.doctor.findings import Diagnosis, Finding, could_not_look
from triosigno_db.errors import DatabaseUnavailableError, TrioSignoDBError
from triosigno_db.migrator.history import shipped_history
from triosigno_db.settings import Settings

Section = Callable[[Examination], Iterable[Finding]]

SECTIONS: tuple[tuple[str, Section], ...] = (
    (connection.SUBJECT, connection.examine_connection),
    (versions.SUBJECT, versions.examine_versions),
    (history.SUBJECT, history.examine_history),
    (history.SUBJECT, history.examine_lock),
    (drift.SUBJECT, drift.examine_drift),
    (indexes.SUBJECT, indexes.examine_indexes),
    (indexes.SUBJECT, indexes.examine_use),
    (rows.SUBJECT, rows.examine_rows),
    (keys.SUBJECT, keys.examine_keys),
    (vacuum.SUBJECT, vacuum.examine_vacuum),
    (rights.SUBJECT, rights.examine_rights),
    (sessions.SUBJECT, sessions.examine_connections),
    (sessions.SUBJECT, sessions.examine_activity),
    (sessions.SUBJECT, sessions.examine_waits),
)
"""What is looked at, in order."""

DEFAULT_LIMITS = Limits()


def diagnose(
    settings: Settings | None = None,
    *,
    history: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    validate: bool = True,
) -> Diagnosis:
    """Look a database over, on a connection of its own.

    Nothing is written but for constraints that no row breaks, which PostgreSQL is let validate;
    nothing needs a superuser. What the role may not see is said, not guessed.

    Args:
        settings: How to reach the database; those of `connect()` where they are missing.
        history: The folder of the migrations; the one that ships with the package where it is
            missing.
        limits: From when on long statements and unused indexes are told.
        validate: Validate the constraints that no row breaks, where the role owns their tables.

    Returns:
        The findings, in the order of the sections; where the server can't be reached, that one.

    Raises:
        NotConnectedError: There are no settings, and `connect()` was not called.
    """
    settings = settings or current_database().settings
    try:
        with open_examination(
            settings, history or shipped_history(), limits, validate=validate
        ) as examination:
            findings = tuple(_examine(examination))
            return Diagnosis(findings, tuple(examination.checks))
    except DatabaseUnavailableError as exc:
        return Diagnosis((_unreachable(settings, exc),), ())


def _examine(examination: Examination) -> Iterator[Finding]:
    for subject, section in SECTIONS:
        try:
            yield from section(examination)
        except TrioSignoDBError as exc:
            yield could_not_look(subject, exc)
        if examination.session.is_lost:
            yield Finding(
                connection.SUBJECT,
                "error",
                "The connection was lost: what follows was not looked at.",
                "Run the doctor again.",
            )
            return


def _unreachable(settings: Settings, exc: DatabaseUnavailableError) -> Finding:
    return Finding(
        connection.SUBJECT,
        "error",
        f"{settings.address} can't be reached, or refuses the login.",
        "Look at the URL (behind PgBouncer it says pgbouncer=true), the server, what stands "
        "between, the role and its password.",
        tuple(line.strip() for line in str(exc).splitlines()),
    )
