"""Migrations: the history that is shared with Prisma, read, applied, rolled back and written.

Each function works on the database that it is given, as a URL or as `Settings`, and without one on
the database that `connect()` has set. It opens a connection of its own, and no pool.
"""

from triosigno_db.migrator.baseline import baseline
from triosigno_db.migrator.deploy import (
    HistoryStatus,
    deploy,
    resolve_applied,
    resolve_rolled_back,
    rollback,
    status,
)
from triosigno_db.migrator.dev import NewMigration, dev, reset
from triosigno_db.migrator.diff import Drift, diff
from triosigno_db.migrator.executor import Step
from triosigno_db.migrator.export import export
from triosigno_db.migrator.history import Migration, read_history, shipped_history
from triosigno_db.migrator.ledger import MigrationState, MigrationStatus
from triosigno_db.migrator.renames import Rename

__all__ = [
    "Drift",
    "HistoryStatus",
    "Migration",
    "MigrationState",
    "MigrationStatus",
    "NewMigration",
    "Rename",
    "Step",
    "baseline",
    "deploy",
    "dev",
    "diff",
    "export",
    "read_history",
    "reset",
    "resolve_applied",
    "resolve_rolled_back",
    "rollback",
    "shipped_history",
    "status",
]
