"""Idempotency keys: which writes were counted already, beside the tables of the product.

They have a PostgreSQL schema of their own, one for the whole database: Prisma looks at the schemas
of its own models, so that neither its drift check nor its migrations see them. A row says nothing
of who did what: it is a digest.
"""

import hashlib
from uuid import UUID

import peewee

KEYS_SCHEMA = "triosigno_db"
KEYS_TABLE = "IdempotencyKey"

IDEMPOTENCY_KEYS = peewee.SQL(f'"{KEYS_SCHEMA}"."{KEYS_TABLE}"')
"""The table, as a part of a query."""

KEYS_BLOCK = f"""
BEGIN
    -- Temporary tables are for comparing schemas.
    IF current_schema() LIKE 'pg\\_temp%' THEN
        RETURN;
    END IF;
    -- Whoever may not make it may still use it.
    IF to_regnamespace('{KEYS_SCHEMA}') IS NULL THEN
        CREATE SCHEMA {KEYS_SCHEMA};
    END IF;
    IF to_regclass('{KEYS_SCHEMA}."{KEYS_TABLE}"') IS NULL THEN
        CREATE TABLE {KEYS_SCHEMA}."{KEYS_TABLE}" (
            "digest" UUID NOT NULL,
            "createdAt" TIMESTAMP(3) NOT NULL,
            CONSTRAINT "{KEYS_TABLE}_pkey" PRIMARY KEY ("digest")
        );
        CREATE INDEX "{KEYS_TABLE}_createdAt_idx" ON {KEYS_SCHEMA}."{KEYS_TABLE}"("createdAt");
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'there is no table for idempotency keys: %', SQLERRM;
END
"""
"""The body that makes the table where it is missing."""


def digest_of(*parts: str) -> str:
    """Make what stands for a write in the table.

    Args:
        *parts: What the write is, whom it is about, and the caller's key.

    Returns:
        A UUID in text: the first half of the parts' SHA-256.
    """
    digest = hashlib.sha256("\\0".join(parts).encode()).digest()
    return str(UUID(bytes=digest[:16]))
