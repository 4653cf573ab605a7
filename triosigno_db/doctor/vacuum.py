"""Vacuum: dead rows, ids of transactions that run out, tables that the planner knows nothing of.

The limits are autovacuum's own:
https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
"""

from collections.abc import Iterator
from dataclasses import dataclass

from triosigno_db.doctor.context import Examination
from triosigno_db.doctor.findings import Finding
from triosigno_db.models.keys import KEYS_SCHEMA

SUBJECT = "vacuum"

NEAR = 0.9
"""From which part of its limit on an age of transaction ids is told."""

OVERDUE = 2
"""How often the limit, at which autovacuum must come, may pass before it is called broken."""

_SETTINGS = """
SELECT name, setting FROM pg_settings WHERE name LIKE 'autovacuum%' OR name = 'track_counts'
"""
_TABLES = """
SELECT c.relname, c.reltuples, c.reloptions, age(c.relfrozenxid),
       coalesce(s.n_dead_tup, 0), coalesce(s.n_mod_since_analyze, 0),
       coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN (current_schema(), '{keys}')
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
        """Give the number of rows after which autovacuum vacuums or analyzes."""
        both = {**settings, **self.options}
        scale = float(both[f"autovacuum_{kind}_scale_factor"])
        limit = float(both[f"autovacuum_{kind}_threshold"]) + scale * max(self.rows, 0)
        most = float(both.get(f"autovacuum_{kind}_max_threshold", -1))
        return min(limit, most) if most >= 0 else limit

    def oldest_age(self, settings: dict[str, str]) -> int:
        """Give the age of transaction ids at which autovacuum must come."""
        everywhere = int(settings["autovacuum_freeze_max_age"])
        return min(everywhere, int(self.options.get("autovacuum_freeze_max_age", everywhere)))


def examine_vacuum(examination: Examination) -> Iterator[Finding]:
    """Look for tables that need vacuum.

    Args:
        examination: Where to look.

    Yields:
        What is found.
    """
    with examination.reading() as session:
        settings: dict[str, str] = dict(session.run(_SETTINGS))
        tables = [
            _Table(name, rows, _options(options), *facts)
            for name, rows, options, *facts in session.run(_TABLES)
        ]
        ((age,),) = session.run(_DATABASE_AGE)
        ((is_replica,),) = session.run("SELECT pg_is_in_recovery()")
    findings = [*_on_switches(settings, tables), *_on_ages(settings, tables, age)]
    if not is_replica:
        findings += [*_on_dead_rows(settings, tables), *_on_unanalyzed(settings, tables)]
    yield from findings
    if is_replica:
        yield Finding(SUBJECT, "unknown", "Dead and never analyzed rows are not told on a replica.")
    elif not findings:
        yield Finding(
            SUBJECT,
            "ok",
            f"No table needs it; {age:,} transactions since the oldest id, autovacuum must come "
            f"at {int(settings['autovacuum_freeze_max_age']):,}.",
        )


def _options(texts: list[str] | None) -> dict[str, str]:
    return dict(text.split("=", 1) for text in texts or ())


def _on_switches(settings: dict[str, str], tables: list[_Table]) -> Iterator[Finding]:
    if off := tuple(f"{name} = off" for name, value in settings.items() if value == "off"):
        yield Finding(
            SUBJECT,
            "warning",
            "Autovacuum does not run on this server.",
            "Set autovacuum = on and track_counts = on.",
            off,
        )
    if left_out := tuple(
        table.name for table in tables if _is_off(table.options.get("autovacuum_enabled", "on"))
    ):
        yield Finding(
            SUBJECT,
            "warning",
            f"Autovacuum leaves {len(left_out)} of the tables out.",
            "ALTER TABLE ... RESET (autovacuum_enabled)",
            left_out,
        )


def _is_off(text: str) -> bool:
    # As PostgreSQL reads a boolean: any beginning of "false" and "no", "off", "0".
    word = text.lower()
    return word in ("0", "of", "off") or "false".startswith(word) or "no".startswith(word)


def _on_dead_rows(settings: dict[str, str], tables: list[_Table]) -> Iterator[Finding]:
    if full := [table for table in tables if table.dead > table.limit("vacuum", settings)]:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_count(len(full))} more dead rows than autovacuum waits for.",
            "VACUUM (ANALYZE); if it comes back, look for old transactions that hold it up.",
            tuple(
                f"{table.name}: {table.dead:,} dead, autovacuum comes after "
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
            f"{_count(len(unknown))} rows and were never analyzed: queries are planned blindly.",
            "ANALYZE",
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
            "Transaction ids are old: at about 2,000,000,000 the server stops taking writes.",
            "VACUUM (FREEZE); look for old transactions, replication slots and prepared "
            "transactions that hold it up.",
            tuple(
                f"{name}: {age:,} transactions, autovacuum must come at {limit:,}"
                for name, age, limit in old
            ),
        )


def _count(number: int) -> str:
    return "1 table has" if number == 1 else f"{number} tables have"
