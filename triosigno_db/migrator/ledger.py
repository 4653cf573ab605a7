"""The ledger: the table in which Prisma Migrate and the library record applied migrations.

Prisma defines the table, its name and the meaning of its rows, so that both can deploy. This module
contains all SQL on the table.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import uuid4

from triosigno_db.errors import PermissionDeniedError
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.ledger_safety import refuse_unsafe_ledger
from triosigno_db.migrator.order import prisma_order
from triosigno_db.migrator.session import Session
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

# The statements run with the search path `pg_catalog`; {table} is the table with its schema.
_CREATE = """
CREATE TABLE IF NOT EXISTS {table} (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT pg_catalog.now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)
"""
COLUMNS = frozenset(
    {
        "id",
        "checksum",
        "finished_at",
        "migration_name",
        "logs",
        "rolled_back_at",
        "started_at",
        "applied_steps_count",
    }
)
"""The columns of the table in Prisma 5 to 7."""

_EXISTS = "SELECT pg_catalog.to_regclass(%(name)s) IS NOT NULL"
_MAY_READ = """
SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
WHERE c.relname = %(ledger)s
"""
_READ_COLUMNS = """
SELECT a.attname FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relname = %(ledger)s
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
WHERE a.attnum > 0 AND NOT a.attisdropped
"""
_OTHER_TABLES = """
SELECT c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
WHERE c.relkind IN ('r', 'p') AND c.relname <> %(ledger)s ORDER BY c.relname
"""
_LOCK = "LOCK TABLE {table} IN {mode} MODE"
_ROWS = """
SELECT id, migration_name, checksum, started_at, finished_at, rolled_back_at, logs,
    applied_steps_count
FROM {table} ORDER BY started_at, id
"""
_SECONDS_SINCE_LAST = """
SELECT extract(epoch FROM pg_catalog.now() - pg_catalog.max(finished_at)) FROM {table}
"""
_DELETE_ROWS = "DELETE FROM {table}"
_BEGIN = """
INSERT INTO {table} (id, checksum, migration_name, started_at)
VALUES (%(id)s, %(checksum)s, %(name)s, pg_catalog.clock_timestamp())
"""
_FINISH = """
UPDATE {table} SET finished_at = pg_catalog.clock_timestamp(), applied_steps_count = 1
WHERE id = %(id)s
"""
_FAIL = """
UPDATE {table}
SET logs = %(logs)s,
    rolled_back_at = CASE WHEN %(rolled_back)s THEN pg_catalog.clock_timestamp() END
WHERE id = %(id)s
"""
_MARK_APPLIED = """
INSERT INTO {table} (id, checksum, migration_name, finished_at, logs)
VALUES (%(id)s, %(checksum)s, %(name)s, pg_catalog.clock_timestamp(), '')
"""
_ROLL_BACK_UNFINISHED = """
UPDATE {table} SET rolled_back_at = pg_catalog.clock_timestamp()
WHERE migration_name = %(name)s AND finished_at IS NULL AND rolled_back_at IS NULL
"""
_ROLL_BACK_FINISHED = """
UPDATE {table} SET rolled_back_at = pg_catalog.clock_timestamp()
WHERE migration_name = %(name)s AND finished_at IS NOT NULL AND rolled_back_at IS NULL
"""
_RENAME = "UPDATE {table} SET migration_name = %(name)s WHERE migration_name = %(earlier)s"

# What is provided must not be a row. A comment is in every dump of the table, is dropped with it,
# and can be read by each role.
_READ_COMMENT = """
SELECT pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
WHERE c.relname = %(ledger)s
"""
_SET_COMMENT = "COMMENT ON TABLE {table} IS %(comment)s"
_PROVIDED = "triosigno-db provided:"


class LedgerRow(NamedTuple):
    """A row of the ledger: one attempt to apply one migration."""

    id: str
    name: str
    checksum: str
    started_at: datetime
    finished_at: datetime | None
    rolled_back_at: datetime | None
    logs: str | None
    steps: int

    @property
    def is_failed(self) -> bool:
        """Whether the migration failed or is running, and is not resolved."""
        return self.finished_at is None and self.rolled_back_at is None

    @property
    def is_marked(self) -> bool:
        """Whether it was only marked as applied, by a baseline or by resolving it."""
        return self.is_applied and self.steps == 0

    @property
    def is_applied(self) -> bool:
        """Whether the migration is in the database."""
        return self.finished_at is not None and self.rolled_back_at is None


class MigrationState(StrEnum):
    """The state of a migration in a database."""

    APPLIED = "applied"
    PENDING = "pending"
    PROVIDED = "provided"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"
    EDITED = "edited"
    UNKNOWN = "unknown"


class MigrationStatus(NamedTuple):
    """One migration's state.

    Attributes:
        name: The migration.
        state: Its state. `deploy` applies a migration that was rolled back again; one that is
            provided was made by the Node backend's own migrations.
        row: The last row of the ledger for it, or `None`.
    """

    name: str
    state: MigrationState
    row: LedgerRow | None

    @property
    def recorded_name(self) -> str:
        """The name in the ledger: in the Node backend's folder it can have a later date."""
        return self.row.name if self.row else self.name


class Ledger:
    """The ledger of one database.

    Args:
        session: The session in the database.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def exists(self) -> bool:
        """Return whether the table exists."""
        name = self._session.table(LEDGER_TABLE)
        return bool(self._session.run(_EXISTS, name=name)[0][0])

    def may_read(self) -> bool | None:
        """Return whether the role may read the table; `None` if it does not exist."""
        rows = self._find(_MAY_READ)
        return bool(rows[0][0]) if rows else None

    def columns(self) -> frozenset[str]:
        """Return the names of the table's columns; empty if the table does not exist."""
        return frozenset(name for (name,) in self._find(_READ_COLUMNS))

    def create(self) -> None:
        """Create the table and its schema if they are missing."""
        self._session.create_schema()
        self._run(_CREATE)

    def clear(self) -> None:
        """Delete all rows, after the tables were dropped."""
        if self.exists():
            self._write(_DELETE_ROWS)

    def rows(self) -> tuple[LedgerRow, ...]:
        """Read all rows, oldest first; empty if the table does not exist."""
        if not self.exists():
            return ()
        return tuple(LedgerRow(*row) for row in self._read(_ROWS))

    def seconds_since_last(self) -> float | None:
        """Return the seconds since the last migration was applied; `None` if none was."""
        ((seconds,),) = self._read(_SECONDS_SINCE_LAST)
        return None if seconds is None else float(seconds)

    def other_tables(self) -> list[str]:
        """List the schema's tables besides the ledger."""
        return [name for (name,) in self._find(_OTHER_TABLES)]

    def states(self, migrations: Iterable[Migration]) -> tuple[MigrationStatus, ...]:
        """Compare a history on disk with the ledger."""
        return compare_histories(migrations, self.rows(), self.provided())

    def provided(self) -> frozenset[str]:
        """Return the checksums of the migrations that the Node side's own history has made."""
        return frozenset(
            checksum
            for line in self._comment().splitlines()
            if line.startswith(_PROVIDED)
            for checksum in line.removeprefix(_PROVIDED).split()
        )

    def mark_provided(self, migrations: Iterable[Migration]) -> None:
        """Record, outside of the rows, that the Node side's own history has made migrations.

        Raises:
            PermissionDeniedError: The role does not own the table.
        """
        checksums = sorted(self.provided() | {migration.checksum for migration in migrations})
        others = [each for each in self._comment().splitlines() if not each.startswith(_PROVIDED)]
        comment = "\n".join((*others, " ".join((_PROVIDED, *checksums))))
        try:
            self._write(_SET_COMMENT, comment=comment)
        except PermissionDeniedError as exc:
            raise PermissionDeniedError(
                f"{exc}: what is provided is recorded in its comment. Nothing was changed. Run the "
                "command as the owner of the table, or as a member of that role."
            ) from exc

    def begin(self, migration: Migration, name: str | None = None) -> str:
        """Record the start of a migration, by default under its own name; return the row's id."""
        row_id = str(uuid4())
        name = name or migration.name
        self._write(_BEGIN, id=row_id, checksum=migration.checksum, name=name)
        return row_id

    def finish(self, row_id: str) -> None:
        """Record that a migration is applied."""
        self._write(_FINISH, id=row_id)

    def fail(self, row_id: str, logs: str, *, rolled_back: bool) -> None:
        """Record that a migration failed, and whether it was rolled back."""
        self._write(_FAIL, id=row_id, logs=logs, rolled_back=rolled_back)

    def mark_applied(self, migration: Migration, name: str | None = None) -> None:
        """Record a migration as applied that was not run by the library."""
        name = name or migration.name
        self._write(_ROLL_BACK_UNFINISHED, name=name)
        self._write(_MARK_APPLIED, id=str(uuid4()), checksum=migration.checksum, name=name)

    def rename(self, earlier: str, name: str) -> None:
        """Record what was recorded under one name under another one."""
        self._write(_RENAME, earlier=earlier, name=name)

    def mark_rolled_back(self, name: str, *, finished: bool = False) -> None:
        """Record that a failed attempt or an applied migration was rolled back."""
        self._write(_ROLL_BACK_FINISHED if finished else _ROLL_BACK_UNFINISHED, name=name)

    def refuse_unsafe(self) -> None:
        """Refuse a table that is not as Prisma and the library make it, before it is written to.

        Raises:
            MigrationError: The table would run code, or another role owns it.
        """
        refuse_unsafe_ledger(self._session, writes=True)

    def _comment(self) -> str:
        rows = self._find(_READ_COMMENT)
        return (rows[0][0] or "") if rows else ""

    def _read(self, sql: str) -> list[tuple[Any, ...]]:
        with self._session.atomic():
            self._lock("ACCESS SHARE", writes=False)
            return self._run(sql)

    def _write(self, sql: str, **parameters: object) -> None:
        with self._session.atomic():
            self._lock("ROW EXCLUSIVE", writes=True)
            self._run(sql, **parameters)

    def _lock(self, mode: str, *, writes: bool) -> None:
        # Nobody else can change the table after the lock, which runs no code itself.
        self._run(_LOCK.replace("{mode}", mode))
        refuse_unsafe_ledger(self._session, writes=writes)

    def _find(self, sql: str) -> list[tuple[Any, ...]]:
        schema_name = self._session.schema_name
        return self._session.run(sql, schema=schema_name, ledger=LEDGER_TABLE)

    def _run(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        table = self._session.table(LEDGER_TABLE)
        # With parameters a percent sign is not literal.
        escaped = table.replace("%", "%%") if parameters else table
        return self._session.run(sql.replace("{table}", escaped), **parameters)


def compare_histories(
    migrations: Iterable[Migration],
    rows: Iterable[LedgerRow],
    provided: frozenset[str] = frozenset(),
) -> tuple[MigrationStatus, ...]:
    """Compare the history on disk with the ledger.

    A migration is known by its name, and under another name by its checksum: `export` can give it a
    later date.

    Args:
        migrations: The history on disk.
        rows: The ledger's rows, oldest first.
        provided: The checksums of the migrations that are provided.

    Returns:
        The state of each migration, in Prisma's order.
    """
    rows_of: dict[str, list[LedgerRow]] = {}
    for row in rows:
        rows_of.setdefault(row.name, []).append(row)
    on_disk = {migration.name: migration for migration in migrations}
    others = {name: found for name, found in rows_of.items() if name not in on_disk}
    found = []
    for name, migration in on_disk.items():
        own = [*rows_of.get(name, []), *_take_renamed(migration, others)]
        is_provided = not provided.isdisjoint(migration.accepted_checksums)
        found.append(_judge(name, migration, own, is_provided=is_provided))
    found += [_judge(name, None, theirs) for name, theirs in others.items()]
    return tuple(sorted(found, key=lambda each: prisma_order(each.name)))


def _take_renamed(migration: Migration, others: dict[str, list[LedgerRow]]) -> list[LedgerRow]:
    """Take the rows of a migration under other names out of those of unknown migrations."""
    if not migration.script.strip():  # all empty scripts have the same checksum
        return []
    names = [
        name
        for name, rows in others.items()
        if any(row.checksum in migration.accepted_checksums for row in rows)
    ]
    return [row for name in names for row in others.pop(name)]


def _judge(
    name: str, migration: Migration | None, rows: list[LedgerRow], *, is_provided: bool = False
) -> MigrationStatus:
    failed = next((row for row in rows if row.is_failed), None)
    applied = next((row for row in rows if row.is_applied), None)
    if failed is not None:
        return MigrationStatus(name, MigrationState.FAILED, failed)
    if migration is None:
        return MigrationStatus(name, MigrationState.UNKNOWN, applied or rows[-1])
    if applied is not None:
        is_same = applied.checksum in migration.accepted_checksums
        state = MigrationState.APPLIED if is_same else MigrationState.EDITED
        return MigrationStatus(name, state, applied)
    if is_provided:
        return MigrationStatus(name, MigrationState.PROVIDED, None)
    if rows:
        return MigrationStatus(name, MigrationState.ROLLED_BACK, rows[-1])
    return MigrationStatus(name, MigrationState.PENDING, None)
