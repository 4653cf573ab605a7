"""Idempotency keys: which writes were counted already, beside the tables of the product.

They have a PostgreSQL schema of their own, one for the whole database: Prisma looks at the schemas
of its own models, so that neither its drift check nor its migrations see them. A row says nothing
of who did what: it is a digest.
"""

import peewee

KEYS_SCHEMA = "triosigno_db"
KEYS_TABLE = "IdempotencyKey"

IDEMPOTENCY_KEYS = peewee.SQL(f'"{KEYS_SCHEMA}"."{KEYS_TABLE}"')
"""The table, as a part of a query."""
