"""Versions: of the library, the server, the ledger."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from psycopg2.extensions import libpq_version

from triosigno_db.database.connector import MIN_SERVER_VERSION
from triosigno_db.doctor.context import Examination
from triosigno_db.doctor.findings import Finding

SUBJECT = "versions"

_UTF8 = "UTF8"
_LEDGER_COLUMNS = {
    "id",
    "checksum",
    "finished_at",
    "migration_name",
    "logs",
    "rolled_back_at",
    "started_at",
    "applied_steps_count",
}
"""What `_prisma_migrations` has in Prisma 5 to 7."""

_COLUMNS = """
SELECT a.attname FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relname = '_prisma_migrations'
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
WHERE a.attnum > 0 AND NOT a.attisdropped
"""


def examine_versions(examination: Examination) -> Iterator[Finding]:
    """Look at the versions.

    Args:
        examination: Where to look.

    Yields:
        What is found.
    """
    with examination.reading() as session:
        ((server, encoding),) = session.run(
            "SELECT current_setting('server_version'), current_setting('server_encoding')"
        )
        columns = {name for (name,) in session.run(_COLUMNS)}
    library = version("triosigno-db")
    ledger = "a ledger as of Prisma 5 to 7" if columns else "no ledger of Prisma's"
    yield Finding(
        SUBJECT,
        "ok",
        f"triosigno_db {library}, PostgreSQL {server.split()[0]}, {ledger}.",
        details=(
            f"triosigno_db {library}",
            f"PostgreSQL {server}; {MIN_SERVER_VERSION} is the oldest that is supported",
            f"Python {platform.python_version()}, libpq {libpq_version() // 10_000}",
            ledger,
        ),
    )
    if examination.connection.server_version // 10_000 < MIN_SERVER_VERSION:
        yield Finding(
            SUBJECT,
            "error",
            f"PostgreSQL {server} is older than {MIN_SERVER_VERSION}: the library refuses it.",
            "Upgrade the server.",
        )
    if columns and columns != _LEDGER_COLUMNS:
        yield Finding(
            SUBJECT,
            "error",
            "The table _prisma_migrations is not as Prisma 5 to 7 make it.",
            "Deploy with a Prisma of these versions; a later one keeps another ledger.",
            tuple(sorted(columns ^ _LEDGER_COLUMNS)),
        )
    if encoding != _UTF8:
        yield Finding(
            SUBJECT,
            "warning",
            f"The database's encoding is {encoding}, not {_UTF8}.",
            "Move the rows to a database that is made with ENCODING 'UTF8'.",
        )
