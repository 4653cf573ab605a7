"""Check the versions of the library, the server and the ledger."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from psycopg2.extensions import libpq_version

from triosigno_db.database.connector import ENCODING, MIN_SERVER_VERSION
from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.ledger import COLUMNS, Ledger
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

SUBJECT = "versions"


def check_versions(context: CheckContext) -> Iterator[Finding]:
    """Check the versions.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        ((server, encoding),) = session.run(
            "SELECT current_setting('server_version'), current_setting('server_encoding')"
        )
        columns = Ledger(session).columns()
    library = version("triosigno-db")
    ledger = "ledger of Prisma 5 to 7" if columns else "no Prisma ledger"
    yield Finding(
        SUBJECT,
        "ok",
        f"triosigno_db {library}, PostgreSQL {server.split()[0]}, {ledger}.",
        details=(
            f"triosigno_db {library}",
            f"PostgreSQL {server}; {MIN_SERVER_VERSION} is the oldest supported version",
            f"Python {platform.python_version()}, libpq {libpq_version() // 10_000}",
            ledger,
        ),
    )
    if columns and columns != COLUMNS:
        yield Finding(
            SUBJECT,
            "error",
            f"The columns of {LEDGER_TABLE} are not those of Prisma 5 to 7.",
            "Deploy with Prisma 5 to 7; other versions have another ledger.",
            tuple(sorted(columns ^ COLUMNS)),
        )
    if encoding != ENCODING:
        yield Finding(
            SUBJECT,
            "error",
            f"The database's encoding is {encoding}, not {ENCODING}: connect() refuses it.",
            f"Move the rows to a database that was created with ENCODING '{ENCODING}'.",
        )
