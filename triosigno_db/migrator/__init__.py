"""Migrations: read, apply, roll back and write the history that is shared with Prisma.

Each function takes the database as a URL or as `Settings`; the default is the database of
`connect()`. Each opens its own connection, without a pool.
"""

from triosigno_db.migrator.baseline import baseline
from triosigno_db.migrator.deploy import (
    HistoryStatus,
    deploy,
    resolve_applied,
    resolve_rolled_back,
    status,
)
from triosigno_db.migrator.dev import NewMigration, dev, reset
from triosigno_db.migrator.diff import Drift, diff
from triosigno_db.migrator.executor import Step
from triosigno_db.migrator.export import Export, ExportedIndex, export
from triosigno_db.migrator.history import Migration, read_history, shipped_history
from triosigno_db.migrator.ledger import MigrationState, MigrationStatus
from triosigno_db.migrator.project import Project, read_project
from triosigno_db.migrator.renames import Rename
from triosigno_db.migrator.rollback import rollback

__all__ = [
    "Drift",
    "Export",
    "ExportedIndex",
    "HistoryStatus",
    "Migration",
    "MigrationState",
    "MigrationStatus",
    "NewMigration",
    "Project",
    "Rename",
    "Step",
    "baseline",
    "deploy",
    "dev",
    "diff",
    "export",
    "read_history",
    "read_project",
    "reset",
    "resolve_applied",
    "resolve_rolled_back",
    "rollback",
    "shipped_history",
    "status",
]
