"""Check vacuum: dead rows, transaction id wraparound, tables that were never analyzed.

The limits are those of autovacuum:
https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
"""

from collections.abc import Iterator
from dataclasses import dataclass

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.models.keys import KEYS_SCHEMA

SUBJECT = "vacuum"

NEAR = 0.9
"""The share of the limit at which the age of transaction ids causes a warning."""

OVERDUE = 2
"""The multiple of the limit at which the age of transaction ids causes an error."""

_SETTINGS = """
SELECT name, setting FROM pg_settings WHERE name LIKE 'autovacuum%' OR name = 'track_counts'
"""
_TABLES = """
SELECT c.relname, c.reltuples, c.reloptions, age(c.relfrozenxid),
       coalesce(s.n_dead_tup, 0), coalesce(s.n_mod_since_analyze, 0),
       coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN (%(schema)s, '{keys}')
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind = 'r'
ORDER BY c.relname
""".replace("{keys}", KEYS_SCHEMA)
_DATABASE_AGE = "SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()"


@dataclass(frozen=True)
class _Table:
    name: str
    rows: float
    options: dict[str, str]
    age: int
    dead: int
    modified: int
    is_analyzed: bool

    def limit(self, kind: str, settings: dict[str, str]) -> float:
        """Return the number of rows after which autovacuum vacuums or analyzes."""
        both = {**settings, **self.options}
        scale = float(both[f"autovacuum_{kind}_scale_factor"])
        limit = float(both[f"autovacuum_{kind}_threshold"]) + scale * max(self.rows, 0)
        maximum = float(both.get(f"autovacuum_{kind}_max_threshold", -1))
        return min(limit, maximum) if maximum >= 0 else limit

    def oldest_age(self, settings: dict[str, str]) -> int:
        """Return the age of transaction ids at which autovacuum is forced to run."""
        everywhere = int(settings["autovacuum_freeze_max_age"])
        return min(everywhere, int(self.options.get("autovacuum_freeze_max_age", everywhere)))


def check_vacuum(context: CheckContext) -> Iterator[Finding]:
    """Find tables that need vacuum.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        settings: dict[str, str] = dict(session.run(_SETTINGS))
        tables = [
            _Table(name, rows, _options(options), *facts)
            for name, rows, options, *facts in session.run(_TABLES, schema=session.schema_name)
        ]
        ((age,),) = session.run(_DATABASE_AGE)
        ((is_replica,),) = session.run("SELECT pg_is_in_recovery()")
    findings = [*_on_switches(settings, tables), *_on_ages(settings, tables, age)]
    if not is_replica:
        findings += [*_on_dead_rows(settings, tables), *_on_unanalyzed(settings, tables)]
    yield from findings
    if is_replica:
        yield Finding(
            SUBJECT, "unknown", "Dead rows and unanalyzed tables are not reported on a replica."
        )
    elif not findings:
        yield Finding(
            SUBJECT,
            "ok",
            f"No table needs vacuum. The oldest transaction id is {age:,} transactions old; "
            f"autovacuum is forced at {int(settings['autovacuum_freeze_max_age']):,}.",
        )


def _options(texts: list[str] | None) -> dict[str, str]:
    return dict(text.split("=", 1) for text in texts or ())


def _on_switches(settings: dict[str, str], tables: list[_Table]) -> Iterator[Finding]:
    if off := tuple(f"{name} = off" for name, value in settings.items() if value == "off"):
        yield Finding(
            SUBJECT,
            "warning",
            "Autovacuum is disabled on this server.",
            "Set autovacuum = on and track_counts = on.",
            off,
        )
    if skipped := tuple(
        table.name for table in tables if _is_off(table.options.get("autovacuum_enabled", "on"))
    ):
        yield Finding(
            SUBJECT,
            "warning",
            f"Autovacuum skips {len(skipped)} of the tables.",
            "Run ALTER TABLE ... RESET (autovacuum_enabled).",
            skipped,
        )


def _is_off(text: str) -> bool:
    # As PostgreSQL parses a boolean: a prefix of "false" or "no", "of", "off" or "0".
    word = text.lower()
    return word in ("0", "of", "off") or "false".startswith(word) or "no".startswith(word)


def _on_dead_rows(settings: dict[str, str], tables: list[_Table]) -> Iterator[Finding]:
    if full := [table for table in tables if table.dead > table.limit("vacuum", settings)]:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(full))} more dead rows than autovacuum allows.",
            "Run VACUUM (ANALYZE); if it recurs, find the old transactions that prevent it.",
            tuple(
                f"{table.name}: {table.dead:,} dead, autovacuum runs after "
                f"{table.limit('vacuum', settings):,.0f}"
                for table in full
            ),
        )


def _on_unanalyzed(settings: dict[str, str], tables: list[_Table]) -> Iterator[Finding]:
    unknown = [
        table
        for table in tables
        if not table.is_analyzed and table.modified > table.limit("analyze", settings)
    ]
    if unknown:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(unknown))} rows and were never analyzed: the planner has no statistics.",
            "Run ANALYZE.",
            tuple(f"{table.name}: {table.modified:,} rows written" for table in unknown),
        )


def _on_ages(settings: dict[str, str], tables: list[_Table], age: int) -> Iterator[Finding]:
    ages = [(table.name, table.age, table.oldest_age(settings)) for table in tables]
    ages.append(("the whole database", age, int(settings["autovacuum_freeze_max_age"])))
    if old := [(name, age, limit) for name, age, limit in ages if age >= NEAR * limit]:
        is_overdue = any(age >= OVERDUE * limit for _, age, limit in old)
        yield Finding(
            SUBJECT,
            "error" if is_overdue else "warning",
            "Transaction ids are old: at about 2,000,000,000 the server stops accepting writes.",
            "Run VACUUM (FREEZE); find the old transactions, replication slots and prepared "
            "transactions that prevent it.",
            tuple(
                f"{name}: {age:,} transactions, autovacuum is forced at {limit:,}"
                for name, age, limit in old
            ),
        )


def _count(number: int) -> str:
    return "1 table has" if number == 1 else f"{number} tables have"
