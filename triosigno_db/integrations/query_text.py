"""What telemetry may show of a statement: a name that many calls share, and text without values.

A summary lists, in their order, what a text does and the tables that it does it to, as the semantic
conventions ask: `SELECT "public"."Sign" "public"."SignCategory"`.
https://opentelemetry.io/docs/specs/semconv/db/database-spans/#generating-a-summary-of-the-query
"""

import re
from functools import lru_cache
from typing import NamedTuple

MAX_SUMMARY_LENGTH = 255

_CONTROL = frozenset(
    ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
)

# https://www.postgresql.org/docs/current/sql-syntax-lexical.html
_IDENTIFIER = r"""(?:"(?:[^"]|"")*+"|[^\W\d][\w$]*+)"""
_TOKEN = re.compile(
    rf"""
      (?P<comment> --[^\n]*+ | /\*.*?(?:\*/|\Z) )
    | (?P<literal>
          e'(?:[^'\\]|\\.|'')*+(?:'|\Z)
        | (?:u&|[bxn])?'(?:[^']|'')*+(?:'|\Z)
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | "(?:[^"]|"")*+\Z
        | \.?\d[\w.]*+
        | \b(?:true|false)\b
      )
    | (?P<placeholder> %\(\w+\)s | %s | \$\d+ )
    | (?P<name> {_IDENTIFIER} (?:\.{_IDENTIFIER})*+ )
    | (?P<mark> [(),;] )
    | .
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

_WRITING = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE"))
_BEFORE_A_CLAUSE = frozenset(("DO", "FOR", "KEY", "ON"))
"""What turns UPDATE or DELETE into a part of a clause: `ON CONFLICT DO UPDATE`, `FOR UPDATE`."""
_BEFORE_A_TABLE = frozenset(("INTO", "JOIN", "TABLE"))
_BETWEEN = frozenset(("EXISTS", "IF", "LATERAL", "NOT", "ONLY", "TABLE"))
"""What may stand between these and the table itself."""
_AFTER_THE_TABLES = frozenset(("FOR", "GROUP", "ORDER", "RETURNING", "SELECT", "WINDOW"))
"""Where commas no longer lead to tables."""


class Query(NamedTuple):
    """A statement, as it may be shown.

    Attributes:
        summary: What it is called, at most 255 characters; empty where its text says nothing.
        text: Its text with placeholders only; `None` for one that has a name of its own.
        operation: The command, where the statement is nothing else, such as `COMMIT`.
    """

    summary: str
    text: str | None
    operation: str | None


@lru_cache(maxsize=512)
def describe(name: str) -> Query:
    """Tell what may be shown of a statement.

    Args:
        name: As `StatementEvent` gives it: a name, a command, or SQL text.

    Returns:
        The statement, as it may be shown.
    """
    if name in _CONTROL:
        return Query(name, None, name)
    if name.isidentifier():
        return Query(name, None, None)
    return Query(_summary_of(name), _without_values(name), None)


def _without_values(sql: str) -> str:
    # A model's text has placeholders alone; but whoever writes SQL may have put a value into it.
    return _TOKEN.sub(_hide, sql)


def _hide(token: re.Match[str]) -> str:
    if token["comment"] is not None:
        return ""
    return token[0] if token["literal"] is None else "?"


def _summary_of(sql: str) -> str:
    reader = _Reader()
    for token in _TOKEN.finditer(sql):
        if token["name"] is not None:
            reader.read_name(token["name"])
        elif token["mark"] is not None:
            reader.read_mark(token["mark"])
    summary = ""
    for part in reader.parts:
        if len(summary) + len(part) >= MAX_SUMMARY_LENGTH:
            break
        summary = f"{summary} {part}".lstrip()
    return summary


class _Level:
    """What was read between two parentheses.

    Attributes:
        has_tables: Whether a FROM at this level names tables, unlike that of `extract(… FROM …)`.
        is_list: Whether a comma at this level leads to another table.
    """

    def __init__(self) -> None:
        self.has_tables = False
        self.is_list = False


class _Reader:
    """Collects the operations and tables of a text, in their order."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._levels = [_Level()]
        self._is_first = True
        self._is_table_next = False
        self._last = ""

    def read_name(self, name: str) -> None:
        """Read a keyword, or the name of something."""
        word = name.upper()
        level = self._levels[-1]
        if self._is_table_next and word not in _BETWEEN and word != "SELECT":
            self.parts.append(name)
            self._is_table_next = False
        elif self._is_operation(word):
            self.parts.append(name)
            level.has_tables = word in ("SELECT", "UPDATE", "DELETE")
            self._is_table_next = word == "UPDATE"
        elif word == "FROM":
            level.is_list = self._is_table_next = level.has_tables and self._last != "DISTINCT"
        elif word in _BEFORE_A_TABLE:
            self._is_table_next = True
        if word in _AFTER_THE_TABLES:
            level.is_list = False
        self._is_first = False
        self._last = word

    def read_mark(self, mark: str) -> None:
        """Read what nests, separates or ends."""
        self._is_table_next = mark == "," and self._levels[-1].is_list
        if mark == "(":
            self._levels.append(_Level())
        elif mark == ")":
            self._levels.pop()
            if not self._levels:
                self._levels.append(_Level())
        elif mark == ";":
            self._levels, self._is_first, self._last = [_Level()], True, ""

    def _is_operation(self, word: str) -> bool:
        if word in _WRITING:
            return self._last not in _BEFORE_A_CLAUSE
        return word == "SELECT" or (self._is_first and word != "WITH")
