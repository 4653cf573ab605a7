"""Scripts: the text of a migration, split into statements.

The rules are those of PostgreSQL's lexer and of psql. Statements that are split can be run and
counted one by one, and errors can name their lines.
https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

NO_TRANSACTION = "-- triosigno-db: no-transaction"
"""The first line of a script whose statements cannot run inside a transaction."""

REFUSE_IF_ANY = "-- triosigno-db: refuse-if-any"
"""Begins a line of a `down.sql`, and a SELECT follows: `rollback` refuses if it finds a row."""

_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
  | (?P<escaped>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")
  | (?P<word>[^\W\d][\w$]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_CONTROL = re.compile(
    r"(?:abort|begin|commit|end|release|rollback|savepoint|(?:start|prepare)\s+transaction)\b",
    re.IGNORECASE,
)


class ScriptStatement(NamedTuple):
    """One statement of a script.

    Attributes:
        number: Its position in the script, from 1.
        line: The line on which it starts, from 1.
        text: The statement without its semicolon and without preceding comments and spaces.
    """

    number: int
    line: int
    text: str

    @property
    def controls_transaction(self) -> bool:
        """Whether it begins or ends a transaction or sets a savepoint."""
        return _CONTROL.match(self.text) is not None


def is_transactional(script: str) -> bool:
    """Return whether a script runs inside one transaction.

    Args:
        script: The text.

    Returns:
        `False` if the first line is `NO_TRANSACTION`, or a statement begins or ends a transaction,
        as in some scripts that Prisma writes.
    """
    return not is_marked(script) and not any(
        statement.controls_transaction for statement in split_statements(script)
    )


def is_marked(script: str) -> bool:
    """Return whether the first line of a script is `NO_TRANSACTION`.

    Args:
        script: The text.

    Returns:
        Whether it is.
    """
    return script.partition("\n")[0].strip() == NO_TRANSACTION


def refusing_queries(script: str) -> list[str]:
    """List the statements that must not find a row before a script is run.

    Args:
        script: The text of a `down.sql`.

    Returns:
        What follows `REFUSE_IF_ANY` on each line that begins with it.
    """
    return [
        line.removeprefix(REFUSE_IF_ANY).strip().removesuffix(";")
        for line in script.splitlines()
        if line.startswith(REFUSE_IF_ANY)
    ]


def split_statements(script: str) -> list[ScriptStatement]:
    """Split a script.

    Args:
        script: Any number of statements; the last one may lack its semicolon.

    Returns:
        The statements in order, without comments between them.
    """
    return [
        ScriptStatement(number, script.count("\n", 0, start) + 1, script[start:end].rstrip())
        for number, (start, end) in enumerate(_spans(script), start=1)
    ]


def _spans(script: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    nesting = _Nesting()
    position = 0
    while position < len(script):
        token = _TOKEN.match(script, position)
        assert token is not None, "the last alternative matches any character"  # noqa: S101
        begins, position = position, _end_of(script, token)
        if token["comment"] or token["block"] or token[0].isspace():
            continue
        if token["other"] == ";" and nesting.is_outermost:
            if start is not None:
                yield start, begins
            start, nesting = None, _Nesting()
            continue
        if start is None:
            start = begins
        nesting.read(token)
    if start is not None:
        yield start, len(script)


def _end_of(script: str, token: re.Match[str]) -> int:
    if token["block"]:
        return _end_of_block_comment(script, token.end())
    if token["dollar"]:
        closing = script.find(token[0], token.end())
        return len(script) if closing < 0 else closing + len(token[0])
    return token.end()


def _end_of_block_comment(script: str, position: int) -> int:
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(script, position)
        if edge is None:
            return len(script)
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position


class _Nesting:
    """Tracks whether a semicolon ends the statement.

    It does not end it inside parentheses (CREATE RULE) or inside a function body of the form
    BEGIN ATOMIC ... END, in which CASE ... END may be nested.
    """

    def __init__(self) -> None:
        self._parentheses = 0
        self._blocks = 0
        self._words: list[str] = []

    @property
    def is_outermost(self) -> bool:
        return self._parentheses == 0 and self._blocks == 0

    def read(self, token: re.Match[str]) -> None:
        if token["other"] == "(":
            self._parentheses += 1
        elif token["other"] == ")":
            self._parentheses -= 1
        elif token["word"]:
            self._read_word(token["word"].lower())

    def _read_word(self, word: str) -> None:
        opens_body = word == "atomic" and self._words[-1:] == ["begin"] and self._is_routine
        if opens_body or (self._blocks and word == "case"):
            self._blocks += 1
        elif self._blocks and word == "end":
            self._blocks -= 1
        self._words.append(word)

    @property
    def _is_routine(self) -> bool:
        return self._words[:1] == ["create"] and bool(
            {"function", "procedure"} & set(self._words[:4])
        )
