"""The objects of Prisma Migrate in a database: its table of migrations and its lock."""

LEDGER_TABLE = "_prisma_migrations"
"""The table of applied migrations, in the schema of the tables of the models."""

PRISMA_LOCK = 72_707_369
"""The key of the advisory lock that Prisma Migrate holds while it changes a schema.

https://www.prisma.io/docs/orm/prisma-migrate/workflows/development-and-production#advisory-locking
"""
