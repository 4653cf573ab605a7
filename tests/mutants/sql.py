"""Mutations of SQL text: each replaces a part of a string's source."""

import re
from collections.abc import Iterator

SqlMutation = tuple[int, int, str, str]
"""Where it starts and ends in the source of the string, the replacement, and its operator."""

_IS_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|WHERE|AND|LOCK)\b")
# What may stand between braces is Python's.
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_RANGE = re.compile(r"\bBETWEEN \S+ AND\b")
_ASSIGNMENTS = re.compile(r"\bSET\b.*?(?=\bWHERE\b|\bFROM\b|\bRETURNING\b|\Z)", re.DOTALL)

_NAME = r"(?:(?!(?:NOT|EXISTS|CASE)\b)\w+|\"\w+\"|\{\w+\}|%\(\w+\)s|'[^']*')"
_OPERAND = rf"{_NAME}(?:\.{_NAME})*(?:\([^()]*\))?(?:::\w+)?"
_CONDITION = (
    rf"{_OPERAND}(?:\s*(?:=|<>|<=|>=|<|>)\s*{_OPERAND}|\s+IS(?:\sNOT)?\sNULL)?"
    r"""(?=\s*(?:[A-Z]{2,}\b|\)|["']|\Z))"""
)

_REPLACED = {
    r"(?<![<>!:=])=(?![>=])": "<>",
    r"<>": "=",
    r"<=": "<",
    r">=": ">",
    r"(?<![<>-])<(?![<>=@])": "<=",
    r"(?<![<>=@-])>(?![>=])": ">=",
    r"(?<= )\+(?= )": "-",
    r"(?<= )-(?= )": "+",
    r"\bAND\b": "OR",
    r"\bOR\b": "AND",
    r"\btrue\b": "false",
    r"\bfalse\b": "true",
    r"\bLEAST\b": "GREATEST",
    r"\bGREATEST\b": "LEAST",
    r"\bIS NULL\b": "IS NOT NULL",
    r"\bIS NOT NULL\b": "IS NULL",
    r"\bNOT EXISTS\b": "EXISTS",
    r"\bDISTINCT ": "",
    r" DESC\b": "",
    r"\s+FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)(?: OF \w+)?(?: NOWAIT| SKIP LOCKED)?": "",
}
_OPERATORS = [
    (re.compile(pattern), f"SQL {new}" if new else "SQL clause dropped", new)
    for pattern, new in _REPLACED.items()
]
_SIMPLE = re.compile(rf"\b(?:WHERE|AND|ON)\s+(?!true\b)(?P<part>{_CONDITION})")
_LINE = re.compile(r"\n *(?P<part>AND .*)")


def mutate_sql(text: str) -> Iterator[SqlMutation]:
    """Find the mutations of a string that holds SQL.

    Args:
        text: The source of the string with its quotes; of an f-string too.

    Yields:
        One mutation after the other.
    """
    if not _IS_SQL.search(text):
        return
    kept = [match.span() for match in (*_PLACEHOLDER.finditer(text), *_RANGE.finditer(text))]
    assigned = [match.span() for match in _ASSIGNMENTS.finditer(text)]
    for pattern, operator, new in _OPERATORS:
        for match in pattern.finditer(text):
            is_assignment = match[0] == "=" and _is_within(match.start(), assigned)
            if not (_is_within(match.start(), kept) or is_assignment):
                yield *match.span(), new, operator
    for match in _SIMPLE.finditer(text):
        if not _is_within(match.start(), kept):
            yield *match.span("part"), "true", "SQL condition dropped"
    for match in _LINE.finditer(text):
        line = match["part"]
        is_whole = line.count("(") == line.count(")")
        if is_whole and not re.fullmatch(f"AND {_CONDITION}", line):
            yield *match.span("part"), "", "SQL condition dropped"


def _is_within(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in spans)
