"""Names and texts of statements for telemetry, without values.

A summary lists the operations of a statement and their tables, in order, as the semantic
conventions require: `SELECT "public"."Sign" "public"."SignCategory"`.
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
"""Words after which UPDATE or DELETE is part of a clause: `ON CONFLICT DO UPDATE`, `FOR UPDATE`."""
_BEFORE_A_TABLE = frozenset(("INTO", "JOIN", "TABLE"))
_BETWEEN = frozenset(("EXISTS", "IF", "LATERAL", "NOT", "ONLY", "TABLE"))
"""Words that may stand between these and the table's name."""
_AFTER_THE_TABLES = frozenset(("FOR", "GROUP", "ORDER", "RETURNING", "SELECT", "WINDOW"))
"""Words after which a comma does not precede a table."""


class Query(NamedTuple):
    """A statement without its values.

    Attributes:
        summary: Its summary, at most 255 characters; empty if none can be derived from the text.
        text: Its text with placeholders only; `None` for a statement that has a name.
        operation: The command of a transaction control statement, such as `COMMIT`; else `None`.
    """

    summary: str
    text: str | None
    operation: str | None


@lru_cache(maxsize=512)
def describe(name: str) -> Query:
    """Describe a statement without its values.

    Args:
        name: As `StatementEvent` gives it: a name, a command, or SQL text.

    Returns:
        The description.
    """
    if name in _CONTROL:
        return Query(name, None, name)
    if name.isidentifier():
        return Query(name, None, None)
    return Query(_summary_of(name), _without_values(name), None)


def _without_values(sql: str) -> str:
    # The text of a model's query has only placeholders, but SQL written by hand may hold values.
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
    """The state of the reader inside one pair of parentheses.

    Attributes:
        has_tables: Whether a FROM at this level precedes tables, unlike in `extract(… FROM …)`.
        is_list: Whether a comma at this level precedes another table.
    """

    def __init__(self) -> None:
        self.has_tables = False
        self.is_list = False


class _Reader:
    """Collects the operations and tables of a statement, in order."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._levels = [_Level()]
        self._is_first = True
        self._is_table_next = False
        self._last = ""

    def read_name(self, name: str) -> None:
        """Read a keyword or an identifier."""
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
        """Read a parenthesis, a comma or a semicolon."""
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
