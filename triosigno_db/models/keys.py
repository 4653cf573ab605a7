"""Idempotency keys: a table of the writes that were counted already.

The table is in a separate PostgreSQL schema, one for each database. Prisma inspects only the
schemas of its models, so its drift check and its migrations ignore the table. A row is a digest: it
does not reveal the user or the write.
"""

import peewee

KEYS_SCHEMA = "triosigno_db"
KEYS_TABLE = "IdempotencyKey"

IDEMPOTENCY_KEYS = peewee.SQL(f'"{KEYS_SCHEMA}"."{KEYS_TABLE}"')
"""The table, for use in a query."""
