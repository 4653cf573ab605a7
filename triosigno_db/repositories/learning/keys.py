"""Idempotency keys: what a caller repeats a write by, so that it counts once."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_text, check_timestamp
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import NOW, Parameter, compose, statement
from triosigno_db.models.keys import IDEMPOTENCY_KEYS

MAX_OF_KEY = 200
"""How many characters a key may have."""

_KEYS_AT_ONCE = 10_000

# -- statements -------------------------------------------------------------------------------


def claim(source: str = "") -> Any:
    """Write the part of a statement that claims a key: one row, or none where it was claimed.

    Args:
        source: A FROM clause; where it gives no row, nothing is claimed.

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
    """Delete some of the keys that were claimed before a time."""
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
    """Check a caller's key, and make what stands for it in the table.

    Args:
        what: The kind of write.
        *about: The ids that it is about.
        key: The caller's key.

    Returns:
        The first half of the SHA-256 of all three, as a UUID in text.

    Raises:
        InvalidInputError: It is not text, empty, too long, or PostgreSQL can't hold it.
    """
    text = check_text("idempotency_key", key, maximum=MAX_OF_KEY)
    digest = hashlib.sha256("\\0".join((what, *about, text)).encode()).digest()
    return str(UUID(bytes=digest[:16]))


def delete_idempotency_keys(*, before: datetime) -> int:
    """Delete the idempotency keys that were used before a time; run it now and then.

    A write that is repeated by a deleted key counts again: keep keys for longer than anything may
    be repeated, a week for instance.

    Args:
        before: The time; an aware datetime.

    Returns:
        How many were deleted.

    Raises:
        InvalidInputError: `before` is not an aware datetime.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    timestamp, total = check_timestamp("before", before), 0
    while True:
        deleted = len(fetch_all(delete_keys(), before=timestamp, limit=_KEYS_AT_ONCE))
        total += deleted
        if deleted < _KEYS_AT_ONCE:
            return total
