"""Idempotency keys: they make a repeated write count once."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_text, check_timestamp
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.lifecycle import connected_database
from triosigno_db.database.statements import NOW, Parameter, compose, statement
from triosigno_db.models.keys import IDEMPOTENCY_KEYS

MAX_OF_KEY = 200
"""The maximum length of a key, in characters."""

_KEYS_AT_ONCE = 10_000

# -- statements -------------------------------------------------------------------------------


def claim(source: str = "") -> Any:
    """Build the part of a statement that claims a key; it returns no row if the key is claimed.

    Args:
        source: A FROM clause; if it returns no row, nothing is claimed.

    Returns:
        The INSERT.
    """
    return compose(
        """
        INSERT INTO {keys} ("digest", "createdAt") SELECT {digest}, {now} {source}
        ON CONFLICT DO NOTHING RETURNING 1
        """,
        keys=IDEMPOTENCY_KEYS,
        source=peewee.SQL(source),
        digest=Parameter("digest").cast("uuid"),
        now=NOW,
    )


@statement(reads_only=False, idempotent=True)
def delete_keys() -> Any:
    """Delete a batch of the keys that were claimed before a given time."""
    return compose(
        """
        DELETE FROM {keys} WHERE "digest" IN (
            SELECT "digest" FROM {keys} WHERE "createdAt" < {before}
            ORDER BY "createdAt" LIMIT {limit} FOR UPDATE SKIP LOCKED
        ) RETURNING 1
        """,
        keys=IDEMPOTENCY_KEYS,
        before=Parameter("before").cast("timestamp"),
        limit=Parameter("limit").cast("int"),
    )


# -- functions --------------------------------------------------------------------------------


def digest_of_key(what: str, *about: str, key: object) -> str:
    """Check a key and compute the digest that the table stores for it.

    All schemas of a database share the table, so the name of the schema is part of it.

    Args:
        what: The kind of write.
        *about: The ids of the rows that it writes.
        key: The key that the caller gave.

    Returns:
        The first half of the SHA-256 hash of all of them, formatted as a UUID.

    Raises:
        InvalidInputError: The key is not text, is empty or too long, or can't be stored.
    """
    text = check_text("idempotency_key", key, maximum=MAX_OF_KEY)
    # Neither a name in PostgreSQL nor an id nor a key can contain NUL.
    parts = (connected_database().settings.schema_name, what, *about, text)
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return str(UUID(bytes=digest[:16]))


def delete_idempotency_keys(*, before: datetime) -> int:
    """Delete the idempotency keys that were used before a given time; run it regularly.

    A write that is repeated with a deleted key counts again. Keep keys longer than writes may be
    repeated, for example for a week.

    Args:
        before: The time; an aware datetime.

    Returns:
        The number of deleted keys.

    Raises:
        InvalidInputError: `before` is not an aware datetime.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    timestamp, total = check_timestamp("before", before), 0
    while True:
        deleted = len(fetch_all(delete_keys(), before=timestamp, limit=_KEYS_AT_ONCE))
        total += deleted
        if deleted < _KEYS_AT_ONCE:
            return total
