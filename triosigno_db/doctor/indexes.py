"""Check the indexes: missing, invalid, missing on a foreign key, unused."""

from collections.abc import Iterator
from typing import NamedTuple

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import Session
from triosigno_db.models import all_models
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import SEARCH_INDEXES

SUBJECT = "indexes"

MIN_UNUSED_BYTES = 1024 * 1024
"""The minimum size in bytes of an unused index that is reported."""

_MEBIBYTE = 1024 * 1024
_MAX_HOURS = 48

_INDEXES = """
SELECT c.relname, i.relname, x.indisunique, x.indisvalid AND x.indisready
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN (%(schema)s, '{keys}')
WHERE c.relkind IN ('r', 'p')
ORDER BY c.relname, i.relname
""".replace("{keys}", KEYS_SCHEMA)
_HAS_KEYS = "SELECT count(*) > 0 FROM pg_tables WHERE schemaname = %(schema)s"
_HAS_TRIGRAMS = "SELECT count(*) > 0 FROM pg_extension WHERE extname = 'pg_trgm'"

# The first columns of the index must be those of the key, in any order. A partial index does not
# count, because it contains only some of the rows.
_KEYS_WITHOUT_INDEX = """
SELECT c.relname, o.conname FROM pg_constraint o
JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
WHERE o.contype = 'f' AND NOT EXISTS (
    SELECT FROM pg_index x
    WHERE x.indrelid = o.conrelid AND x.indisvalid AND x.indpred IS NULL
      AND (x.indkey::int2[])[0:cardinality(o.conkey) - 1] @> o.conkey
)
ORDER BY c.relname, o.conname
"""
_UNUSED = """
SELECT s.relname, s.indexrelname, pg_relation_size(s.indexrelid)
FROM pg_stat_user_indexes s
JOIN pg_index x ON x.indexrelid = s.indexrelid
WHERE s.schemaname = %(schema)s AND s.idx_scan = 0 AND x.indisvalid
  AND NOT x.indisunique AND NOT x.indisprimary AND NOT x.indisexclusion
  AND pg_relation_size(s.indexrelid) >= %(minimum)s
ORDER BY pg_relation_size(s.indexrelid) DESC, s.indexrelname
"""
# Without a reset the statistics start at the latest with the server.
_STATISTICS_AGE = """
SELECT extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))
FROM pg_stat_database WHERE datname = current_database()
"""


class _Index(NamedTuple):
    table: str
    name: str
    is_unique: bool
    is_usable: bool = True


def check_indexes(context: CheckContext) -> Iterator[Finding]:
    """Find missing and invalid indexes, and foreign keys without an index.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        schema_name = session.schema_name
        there = [_Index(*row) for row in session.run(_INDEXES, schema=schema_name)]
        expected = _expected(session)
        unindexed = session.run(_KEYS_WITHOUT_INDEX, schema=schema_name)
        keys = tuple(f"{key} of {table}" for table, key in unindexed)
    names = {index.name for index in there}
    missing = [index for index in expected if index.name not in names]
    broken = [index for index in there if not index.is_usable]
    if missing:
        yield _missing(missing)
    if broken:
        yield Finding(
            SUBJECT,
            "error",
            f"{_count(len(broken))} invalid: not used by queries, but updated by writes.",
            "A CREATE INDEX CONCURRENTLY failed, or is still running. If it failed, use "
            "DROP INDEX CONCURRENTLY and create the index again, or REINDEX INDEX CONCURRENTLY.",
            tuple(map(_describe, broken)),
        )
    if keys:
        yield Finding(
            SUBJECT,
            "warning",
            f"{len(keys)} foreign keys have no index: deleting a row they refer to reads all rows."
            if len(keys) > 1
            else "A foreign key has no index: deleting a row it refers to reads all rows.",
            "Use CREATE INDEX CONCURRENTLY on the key's columns.",
            keys,
        )
    if not expected:
        yield Finding(SUBJECT, "unknown", "There are no tables and therefore no indexes.")
    elif not (missing or broken or keys):
        yield Finding(
            SUBJECT, "ok", f"All {len(expected)} indexes of the models exist and are valid."
        )


def check_index_use(context: CheckContext) -> Iterator[Finding]:
    """Find indexes that no query has used since the start of the statistics.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    if context.is_replica():
        yield Finding(
            SUBJECT,
            "unknown",
            "Unused indexes are not reported on a replica: it counts only its own queries.",
        )
        return
    wanted = context.limits.unused_after
    may_read_ledger = context.may_read_ledger()
    with context.reading() as session:
        ages = session.run(_STATISTICS_AGE)
        if may_read_ledger:
            # An index cannot be used before it is created.
            ages.append((Ledger(session).seconds_since_last(),))
        statistics_age = min((float(age) for (age,) in ages if age is not None), default=0.0)
        unused = session.run(_UNUSED, schema=session.schema_name, minimum=MIN_UNUSED_BYTES)
    if statistics_age < wanted.total_seconds():
        yield Finding(
            SUBJECT,
            "ok",
            f"Unused indexes are reported when the statistics cover {wanted.days} days; "
            f"now they cover {_span(statistics_age)}.",
        )
    elif unused:
        total = sum(size for *_, size in unused) / _MEBIBYTE
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(unused))} used by no query for {_span(statistics_age)}, "
            f"and {'takes' if len(unused) == 1 else 'take'} {total:.0f} MiB.",
            "Check the replicas and yearly jobs before you drop one with a migration.",
            tuple(f"{name} of {table}: {size / _MEBIBYTE:.0f} MiB" for table, name, size in unused),
        )
    else:
        yield Finding(
            SUBJECT, "ok", f"No index of 1 MiB or more was unused for {_span(statistics_age)}."
        )


def _expected(session: Session) -> list[_Index]:
    """List the models' indexes; the drift check reports missing tables and other definitions."""
    tables = set(Ledger(session).other_tables())
    expected = []
    for model in all_models():
        table = model._meta.table_name
        if table in tables:
            expected.append(_Index(table, f"{table}_pkey", is_unique=True))
            expected += [
                _Index(table, index.name, is_unique=index.is_unique)
                for index in model._meta.indexes_by_name().values()
            ]
    ((has_keys,),) = session.run(_HAS_KEYS, schema=KEYS_SCHEMA)
    if has_keys:
        expected.append(_Index(KEYS_TABLE, f"{KEYS_TABLE}_pkey", is_unique=True))
        expected.append(_Index(KEYS_TABLE, f"{KEYS_TABLE}_createdAt_idx", is_unique=False))
    ((has_trigrams,),) = session.run(_HAS_TRIGRAMS)
    if has_trigrams:
        expected += [
            _Index(table, name, is_unique=False)
            for name, (table, _) in SEARCH_INDEXES.items()
            if table in tables
        ]
    return expected


def _missing(missing: list[_Index]) -> Finding:
    # Upserts fail without a unique index; without another index queries are only slower.
    is_broken = any(index.is_unique for index in missing)
    return Finding(
        SUBJECT,
        "error" if is_broken else "warning",
        f"{_count(len(missing))} missing{', including unique ones' if is_broken else ''}.",
        "Deploy pending migrations; without any, triosigno-db migrate diff --sql prints the fix.",
        tuple(map(_describe, missing)),
    )


def _describe(index: _Index) -> str:
    return f"{index.name} of {index.table}{', unique' if index.is_unique else ''}"


def _count(number: int) -> str:
    return "1 index is" if number == 1 else f"{number} indexes are"


def _span(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < _MAX_HOURS else f"{hours / 24:.0f} days"
