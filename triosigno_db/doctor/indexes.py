"""Indexes: missing, invalid, needed by a foreign key, unused."""

from collections.abc import Iterator
from typing import NamedTuple

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import Session
from triosigno_db.models import MODELS
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import SEARCH_INDEXES

SUBJECT = "indexes"

MIN_UNUSED_BYTES = 1024 * 1024
"""The size in bytes below which it does not matter whether an index is used."""

_MEBIBYTE = 1024 * 1024
_MAX_HOURS = 48

_INDEXES = """
SELECT c.relname, i.relname, x.indisunique, x.indisvalid AND x.indisready
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN (current_schema(), '{keys}')
WHERE c.relkind IN ('r', 'p')
ORDER BY c.relname, i.relname
""".replace("{keys}", KEYS_SCHEMA)
_HAS_KEYS = "SELECT count(*) > 0 FROM pg_tables WHERE schemaname = %(schema)s"
_HAS_TRIGRAMS = "SELECT count(*) > 0 FROM pg_extension WHERE extname = 'pg_trgm'"

# The first columns of the index are those of the key, in any order; a partial index knows only
# some of the rows.
_KEYS_WITHOUT_INDEX = """
SELECT c.relname, o.conname FROM pg_constraint o
JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
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
WHERE s.schemaname = current_schema() AND s.idx_scan = 0 AND x.indisvalid
  AND NOT x.indisunique AND NOT x.indisprimary AND NOT x.indisexclusion
  AND pg_relation_size(s.indexrelid) >= %(minimum)s
ORDER BY pg_relation_size(s.indexrelid) DESC, s.indexrelname
"""
# Without a reset they reach back at least to the start of the server.
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
    """Look for indexes that are missing, invalid, or needed by a foreign key.

    Args:
        context: The database and what is known of it.

    Yields:
        What is found.
    """
    with context.reading() as session:
        there = [_Index(*row) for row in session.run(_INDEXES)]
        expected = _expected(session)
        keys = tuple(f"{key} of {table}" for table, key in session.run(_KEYS_WITHOUT_INDEX))
    names = {index.name for index in there}
    missing = [index for index in expected if index.name not in names]
    broken = [index for index in there if not index.is_usable]
    if missing:
        yield _missing(missing)
    if broken:
        yield Finding(
            SUBJECT,
            "error",
            f"{_count(len(broken))} invalid: no query uses them, and every write keeps them.",
            "What a failed CREATE INDEX CONCURRENTLY left, unless one still runs: "
            "DROP INDEX CONCURRENTLY, then make it again, or REINDEX INDEX CONCURRENTLY.",
            tuple(map(_describe, broken)),
        )
    if keys:
        yield Finding(
            SUBJECT,
            "warning",
            f"{len(keys)} foreign keys have no index: deleting what they refer to reads all rows."
            if len(keys) > 1
            else "A foreign key has no index: deleting what it refers to reads all rows.",
            "CREATE INDEX CONCURRENTLY on the key's columns.",
            keys,
        )
    if not expected:
        yield Finding(SUBJECT, "unknown", "There are no tables to have indexes.")
    elif not (missing or broken or keys):
        yield Finding(
            SUBJECT, "ok", f"All {len(expected)} that the models need are there; all are valid."
        )


def check_index_use(context: CheckContext) -> Iterator[Finding]:
    """Look for indexes that no query has used, as far as the statistics reach back.

    Args:
        context: The database and what is known of it.

    Yields:
        What is found.
    """
    if context.is_replica():
        yield Finding(
            SUBJECT,
            "unknown",
            "Unused indexes are not reported on a replica: it counts its own queries only.",
        )
        return
    wanted = context.limits.unused_after
    may_read_ledger = context.may_read_ledger()
    with context.reading() as session:
        ages = session.run(_STATISTICS_AGE)
        if may_read_ledger:
            # An index can't be used before it is created.
            ages.append((Ledger(session).seconds_since_last(),))
        reaches_back = min((float(age) for (age,) in ages if age is not None), default=0.0)
        unused = session.run(_UNUSED, minimum=MIN_UNUSED_BYTES)
    if reaches_back < wanted.total_seconds():
        yield Finding(
            SUBJECT,
            "ok",
            f"Unused ones are reported once the statistics reach back {wanted.days} days; "
            f"now they reach back {_span(reaches_back)}.",
        )
    elif unused:
        total = sum(size for *_, size in unused) / _MEBIBYTE
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(unused))} used by no query for {_span(reaches_back)}, "
            f"and {'takes' if len(unused) == 1 else 'take'} {total:.0f} MiB.",
            "Ask the replicas and yearly jobs before dropping one, by a migration.",
            tuple(f"{name} of {table}: {size / _MEBIBYTE:.0f} MiB" for table, name, size in unused),
        )
    else:
        yield Finding(SUBJECT, "ok", f"None of 1 MiB or more was unused for {_span(reaches_back)}.")


def _expected(session: Session) -> list[_Index]:
    """List the models' indexes, by name; drift reports missing tables and other definitions."""
    tables = set(Ledger(session).other_tables())
    expected = []
    for model in MODELS:
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
    # Without a unique index upserts fail; without a plain one they only take longer.
    is_broken = any(index.is_unique for index in missing)
    return Finding(
        SUBJECT,
        "error" if is_broken else "warning",
        f"{_count(len(missing))} missing{', unique ones among them' if is_broken else ''}.",
        "Deploy what is pending; else triosigno-db migrate diff --sql prints what makes them.",
        tuple(map(_describe, missing)),
    )


def _describe(index: _Index) -> str:
    return f"{index.name} of {index.table}{', unique' if index.is_unique else ''}"


def _count(number: int) -> str:
    return "1 index is" if number == 1 else f"{number} indexes are"


def _span(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < _MAX_HOURS else f"{hours / 24:.0f} days"
