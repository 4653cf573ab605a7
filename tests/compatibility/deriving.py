"""What each function needs of the tables, found out by running it and by asking PostgreSQL.

The statements that a function sends are recorded. Which columns a statement uses is then asked of
the server: it no longer parses without one of them, and a column that it writes can't be generated.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from tests.compatibility.every_call import every_call, make_all_rows, run_and_undo
from triosigno_db.compatibility import needs as needs_module
from triosigno_db.database.router import Router
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.models import MODELS

FILE = Path(needs_module.__file__).with_name(needs_module.FILE)

INSERT = re.compile(r'INSERT INTO "public"\."(\w+)"\s+(?:AS "?\w+"?\s+)?\(([^)]*)\)')
CONFLICT = re.compile(r"ON CONFLICT \(([^)]*)\)")
DELETE = re.compile(r'DELETE FROM "public"\."(\w+)"')
NAMED = re.compile(r'"public"\."(\w+)"')
IDENTIFIER = re.compile(r'"(\w+)"')

TABLES = {model._meta.table_name for model in MODELS}

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)
    AND c.relkind = 'r' AND a.attnum > 0
ORDER BY c.relname, a.attname
"""
ENUMS = """
SELECT DISTINCT t.typname FROM pg_prepared_statements p, unnest(p.parameter_types) AS used(type)
JOIN pg_type t ON t.oid = used.type WHERE p.name = 'asked' AND t.typtype = 'e'
"""

Sent = Mapping[str, dict[str, CompiledStatement]]
Need = dict[str, Any]


def record_statements(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Make rows, call every function, and record the statements of each by their text."""
    sent: dict[str, dict[str, CompiledStatement]] = {}
    ids = make_all_rows()
    with recorded_statements(monkeypatch) as recorded:
        for function, calls in every_call().items():
            for call in calls:
                run_and_undo(call, ids)
            sent[function] = {each.definition: each for each in recorded}
            recorded.clear()
    return sent


@contextmanager
def recorded_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[CompiledStatement]]:
    """Record the statements that are sent inside the block."""
    recorded: list[CompiledStatement] = []
    fetch = Router.fetch

    def record_and_fetch(
        self: Router, compiled: CompiledStatement, parameters: Mapping[str, Any]
    ) -> list[Any]:
        recorded.append(compiled)
        return fetch(self, compiled, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(Router, "fetch", record_and_fetch)
        yield recorded


def derive_needs(sent: Sent, url: str) -> dict[str, Need]:
    """Derive what each function needs from the statements that it sends."""
    texts = sorted({text for statements in sent.values() for text in statements})
    with closing(psycopg2.connect(url)) as connection:
        used, written, enums = Server(connection).ask(texts)
    needs = {}
    for function, statements in sorted(sent.items()):
        named = {name for text in statements for name in NAMED.findall(text)}
        pairs: list[tuple[str, str | None]] = [(name, None) for name in named & TABLES]
        pairs += [pair for text in statements for pair in used[text]]
        need = {
            "writes_rows": any(not each.reads_only for each in statements.values()),
            "uses": by_table(pairs),
            "writes": by_table(pair for text in statements for pair in written[text]),
            "inserts": inserted(statements),
            "conflicts": conflicts(statements),
            "deletes": sorted({t for text in statements for t in DELETE.findall(text)}),
            "enums": sorted({name for text in statements for name in enums[text]}),
            "casts": sorted(named - TABLES),
        }
        needs[function] = {name: value for name, value in need.items() if value}
    return needs


class Server:
    """The questions to the server; nothing of them stays."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()

    def ask(self, texts: list[str]) -> tuple[Any, Any, Any]:
        """Find the columns that each statement uses and writes, and the enums that it is sent."""
        used: dict[str, list[tuple[str, str]]] = {text: [] for text in texts}
        written: dict[str, list[tuple[str, str]]] = {text: [] for text in texts}
        enums = {text: self._enums_of(text) for text in texts}
        self._cursor.execute(COLUMNS, [[*TABLES]])
        for table, column, kind in self._cursor.fetchall():
            with self._undone():
                self._change("ALTER TABLE {} DROP COLUMN {} CASCADE", table, column)
                naming = [t for t in texts if f'"{table}"' in t and f'"{column}"' in t]
                for text in (each for each in naming if self._fails(each)):
                    used[text].append((table, column))
                self._change(
                    f"ALTER TABLE {{}} ADD COLUMN {{}} {kind}"
                    f" GENERATED ALWAYS AS (NULL::{kind}) STORED",
                    table,
                    column,
                )
                for text in (each for each in naming if self._fails(each)):
                    written[text].append((table, column))
        return used, written, enums

    def _change(self, statement: str, table: str, column: str) -> None:
        names = sql.Identifier(table), sql.Identifier(column)
        self._cursor.execute(sql.SQL(statement).format(*names))

    def _fails(self, text: str) -> bool:
        try:
            with self._undone():
                self._cursor.execute(f"PREPARE asked AS {text}")
                self._cursor.execute("DEALLOCATE asked")
        except psycopg2.Error:
            return True
        return False

    def _enums_of(self, text: str) -> list[str]:
        with self._undone():
            self._cursor.execute(f"PREPARE asked AS {text}")
            self._cursor.execute(ENUMS)
            names = [name for (name,) in self._cursor.fetchall()]
            self._cursor.execute("DEALLOCATE asked")
        return names

    @contextmanager
    def _undone(self) -> Iterator[None]:
        self._cursor.execute("SAVEPOINT before")
        try:
            yield
        finally:
            self._cursor.execute("ROLLBACK TO SAVEPOINT before; RELEASE SAVEPOINT before")


def by_table(pairs: Iterable[tuple[str, str | None]]) -> dict[str, list[str]]:
    """Collect columns by their tables, both sorted."""
    found: dict[str, set[str]] = {}
    for table, column in pairs:
        found.setdefault(table, set()).update([column] if column else [])
    return {table: sorted(columns) for table, columns in sorted(found.items())}


def inserted(statements: Mapping[str, Any]) -> dict[str, list[str]]:
    """Find the columns that every INSERT into a table gives values for."""
    found: dict[str, set[str]] = {}
    for text in statements:
        for table, columns in INSERT.findall(text):
            given = set(IDENTIFIER.findall(columns))
            found[table] = found.get(table, given) & given
    return {table: sorted(columns) for table, columns in sorted(found.items())}


def conflicts(statements: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Find the columns of each ON CONFLICT, by the table of the INSERT before it."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for text in statements:
        for match in CONFLICT.finditer(text):
            *_, (table, _) = INSERT.findall(text[: match.start()])
            found.setdefault(table, set()).add(tuple(IDENTIFIER.findall(match[1])))
    return {table: [list(each) for each in sorted(sets)] for table, sets in sorted(found.items())}


def to_text(needs: Mapping[str, Need]) -> str:
    """Write the needs as the file holds them: a line for each list."""
    text = json.dumps(needs, indent=1)
    lists = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
    return lists.sub(lambda match: f"[{' '.join(match[1].split())}]", text) + "\n"
