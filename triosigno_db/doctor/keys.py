"""Check the idempotency keys: their table and old keys."""

from collections.abc import Iterator
from datetime import timedelta

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.models.keys import IDEMPOTENCY_KEYS, KEYS_SCHEMA, KEYS_TABLE

SUBJECT = "keys"

OLD_AFTER = timedelta(days=30)
"""The age after which a key is old: no call is retried after this time."""

_MAY_READ = f"""
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = '{KEYS_SCHEMA}' AND c.relname = '{KEYS_TABLE}'
"""  # noqa: S608 (names of the models)
_COUNT = f"""
SELECT count(*) FROM {IDEMPOTENCY_KEYS.sql}
WHERE "createdAt" < timezone('UTC', now()) - %(age)s
"""  # noqa: S608 (a name of the models)


def check_keys(context: CheckContext) -> Iterator[Finding]:
    """Check the table of idempotency keys.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        may_read = session.run(_MAY_READ)
        old = session.run(_COUNT, age=OLD_AFTER)[0][0] if may_read == [(True,)] else 0
    if not may_read:
        yield Finding(
            SUBJECT,
            "warning",
            f"{KEYS_SCHEMA}.{KEYS_TABLE} is missing: writes with an idempotency key fail.",
            "Run triosigno-db migrate deploy; if that is done, create_schema() as a role that may "
            "create schemas in the database.",
        )
    elif may_read == [(False,)]:
        yield Finding(
            SUBJECT,
            "unknown",
            f"The role may not read {KEYS_SCHEMA}.{KEYS_TABLE}.",
            "Without SELECT, INSERT and DELETE on it, writes with an idempotency key fail.",
        )
    elif old:
        yield Finding(
            SUBJECT,
            "warning",
            f"{old:,} idempotency keys are older than {OLD_AFTER.days} days.",
            "Run delete_idempotency_keys(before=...) regularly.",
        )
    else:
        yield Finding(SUBJECT, "ok", f"No idempotency key is older than {OLD_AFTER.days} days.")
