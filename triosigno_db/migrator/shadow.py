"""Shadow databases: replay a history or create the models' schema in a temporary database."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import MigrationError
from triosigno_db.migrator.executor import run_script
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.script import is_transactional
from triosigno_db.migrator.session import Session, open_session
from triosigno_db.schema.catalog import Catalog
from triosigno_db.schema.databases import create_database, drop_database
from triosigno_db.settings import Settings

_TEMPORARY = "pg_temp"


@contextmanager
def shadow_database(settings: Settings) -> Iterator[Session]:
    """Create a temporary database on the same server, and drop it afterwards.

    Args:
        settings: The settings of the server; the role must be allowed to create databases.

    Yields:
        A session in the empty database.
    """
    name = f"triosigno_shadow_{uuid4().hex}"
    with open_session(settings) as session:
        create_database(name, session.run)
        try:
            with open_session(settings, name) as shadow:
                shadow.create_schema()
                yield shadow
        finally:
            drop_database(name, session.run)


def replay(session: Session, migrations: Iterable[Migration]) -> Catalog:
    """Apply a history in a shadow database, without a ledger.

    Args:
        session: The session.
        migrations: The history.

    Returns:
        The resulting schema.

    Raises:
        MigrationFailedError: A statement failed.
    """
    for migration in migrations:
        run_script(session, migration.name, migration.script)
    return session.read_catalog()


def create_in_schema(session: Session, schema: str, script: str) -> Catalog:
    """Run a script in a new schema of a shadow database.

    Args:
        session: The session.
        schema: The name of the schema to create.
        script: The SQL script.

    Returns:
        The resulting schema.
    """
    session.run(f"CREATE SCHEMA {identifier(schema)}")
    with session.in_schema(identifier(schema)):
        run_script(session, schema, script)
        return session.read_catalog()


def temporary_catalogs(session: Session, migrations: Iterable[Migration]) -> dict[str, Catalog]:
    """Replay a history with temporary tables, in a transaction that is rolled back.

    It does not need the privilege to create databases, and leaves no objects behind.

    Args:
        session: A session in any database.
        migrations: The history.

    Returns:
        The schema after each migration, by the name of the migration.

    Raises:
        MigrationError: A migration cannot run inside a transaction.
    """
    catalogs: dict[str, Catalog] = {}
    with session.rolled_back(), session.in_schema(_TEMPORARY):
        for migration in migrations:
            if not is_transactional(migration.script):
                raise MigrationError(f"{migration.name} cannot be replayed in a transaction.")
            catalogs[migration.name] = replay(session, [migration])
    return catalogs
