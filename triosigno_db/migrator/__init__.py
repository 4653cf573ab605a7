"""Migrations: Prisma's own history, read, applied, checked, undone and written.

Every function works on the database that `connect()` has set, over a connection of its own.
"""

from triosigno_db.migrator.adoption import baseline
from triosigno_db.migrator.comparison import Drift, diff
from triosigno_db.migrator.development import NewMigration, dev, reset
from triosigno_db.migrator.execution import Step
from triosigno_db.migrator.export import export
from triosigno_db.migrator.history import Migration, read_history, shipped_history
from triosigno_db.migrator.ledger import MigrationState, MigrationStatus
from triosigno_db.migrator.renames import Rename
from triosigno_db.migrator.runner import (
    HistoryStatus,
    deploy,
    resolve_applied,
    resolve_rolled_back,
    rollback,
    status,
)

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
