"""The ledger: what the rows of `_prisma_migrations` say, and the few ways in which they change."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple
from uuid import uuid4

from triosigno_db.migrator.history import CREATE_LEDGER, LEDGER_ROWS, LedgerRow, Migration
from triosigno_db.migrator.session import MigrationSession

_LEDGER_EXISTS = "SELECT to_regclass('\"_prisma_migrations\"') IS NOT NULL"
_OTHER_TABLES = """
SELECT c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
WHERE c.relkind IN ('r', 'p') AND c.relname <> '_prisma_migrations' ORDER BY c.relname
"""
_BEGIN = """
INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at)
VALUES (%(id)s, %(checksum)s, %(name)s, clock_timestamp())
"""
_FINISH = """
UPDATE "_prisma_migrations" SET finished_at = clock_timestamp(), applied_steps_count = 1
WHERE id = %(id)s
"""
_FAIL = """
UPDATE "_prisma_migrations"
SET logs = %(logs)s, rolled_back_at = CASE WHEN %(rolled_back)s THEN clock_timestamp() END
WHERE id = %(id)s
"""
_MARK_APPLIED = """
INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at, logs)
VALUES (%(id)s, %(checksum)s, %(name)s, clock_timestamp(), '')
"""
_ROLL_BACK_UNFINISHED = """
UPDATE "_prisma_migrations" SET rolled_back_at = clock_timestamp()
WHERE migration_name = %(name)s AND finished_at IS NULL AND rolled_back_at IS NULL
"""
_ROLL_BACK_FINISHED = """
UPDATE "_prisma_migrations" SET rolled_back_at = clock_timestamp()
WHERE migration_name = %(name)s AND finished_at IS NOT NULL AND rolled_back_at IS NULL
"""


class MigrationState(StrEnum):
    """How a migration stands in a database."""

    APPLIED = "applied"
    PENDING = "pending"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    EDITED = "edited"
    FOREIGN = "foreign"


class MigrationStatus(NamedTuple):
    """One migration's state.

    Attributes:
        name: The migration.
        state: How it stands. One that was rolled back is pending again for a deployment.
        row: The ledger's last row on it, `None` where there is none.
    """

    name: str
    state: MigrationState
    row: LedgerRow | None


class Ledger:
    """The table `_prisma_migrations` of one database.

    Args:
        session: The connection to it.
    """

    def __init__(self, session: MigrationSession) -> None:
        self._session = session

    def exists(self) -> bool:
        """Tell whether the table is there."""
        return bool(self._session.run(_LEDGER_EXISTS)[0][0])

    def create(self) -> None:
        """Make the table, and its schema, where they are missing."""
        self._session.make_schema()
        self._session.run(CREATE_LEDGER)

    def clear(self) -> None:
        """Forget everything; what the rows speak of is gone."""
        if self.exists():
            self._session.run('DELETE FROM "_prisma_migrations"')

    def rows(self) -> tuple[LedgerRow, ...]:
        """Read all rows, the oldest first; none where there is no table."""
        if not self.exists():
            return ()
        return tuple(LedgerRow(*row) for row in self._session.run(LEDGER_ROWS))

    def other_tables(self) -> list[str]:
        """List the schema's tables besides the ledger."""
        return [name for (name,) in self._session.run(_OTHER_TABLES)]

    def begin(self, migration: Migration) -> str:
        """Note that a migration begins, and give the row's id."""
        row_id = str(uuid4())
        self._session.run(_BEGIN, id=row_id, checksum=migration.checksum, name=migration.name)
        return row_id

    def finish(self, row_id: str) -> None:
        """Note that a migration is applied."""
        self._session.run(_FINISH, id=row_id)

    def fail(self, row_id: str, logs: str, *, rolled_back: bool) -> None:
        """Note that a migration failed, and whether that left nothing behind."""
        self._session.run(_FAIL, id=row_id, logs=logs, rolled_back=rolled_back)

    def mark_applied(self, migration: Migration) -> None:
        """Note that a migration is applied that was not run here."""
        self._session.run(_ROLL_BACK_UNFINISHED, name=migration.name)
        self._session.run(
            _MARK_APPLIED, id=str(uuid4()), checksum=migration.checksum, name=migration.name
        )

    def mark_rolled_back(self, name: str, *, finished: bool = False) -> None:
        """Note that a migration's failed attempt, or the migration itself, was undone."""
        self._session.run(_ROLL_BACK_FINISHED if finished else _ROLL_BACK_UNFINISHED, name=name)


def compare_histories(
    migrations: Iterable[Migration], rows: Iterable[LedgerRow]
) -> tuple[MigrationStatus, ...]:
    """Set the history on disk against the ledger.

    Args:
        migrations: The history on disk.
        rows: The ledger's rows, the oldest first.

    Returns:
        Each migration's state, ordered by name.
    """
    rows_of: dict[str, list[LedgerRow]] = {}
    for row in rows:
        rows_of.setdefault(row.name, []).append(row)
    on_disk = {migration.name: migration for migration in migrations}
    return tuple(
        _judge(name, on_disk.get(name), rows_of.get(name, []))
        for name in sorted({*on_disk, *rows_of})
    )


def _judge(name: str, migration: Migration | None, rows: list[LedgerRow]) -> MigrationStatus:
    failed = next((row for row in rows if row.is_failed), None)
    applied = next((row for row in rows if row.is_applied), None)
    if failed is not None:
        return MigrationStatus(name, MigrationState.FAILED, failed)
    if migration is None:
        return MigrationStatus(name, MigrationState.FOREIGN, applied or rows[-1])
    if applied is not None:
        is_same = applied.checksum in migration.accepted_checksums
        state = MigrationState.APPLIED if is_same else MigrationState.EDITED
        return MigrationStatus(name, state, applied)
    if rows:
        return MigrationStatus(name, MigrationState.ROLLED_BACK, rows[-1])
    return MigrationStatus(name, MigrationState.PENDING, None)
