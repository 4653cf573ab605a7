"""The objects that scripts make, by the text of their statements."""

import re
from collections.abc import Iterable

from triosigno_db.migrator.script import split_statements

_WORD = r'(?:"(?:[^"]|"")+"|\w+)'
_QUALIFIED = rf"(?:{_WORD}\s*\.\s*)?{_WORD}"
_MADE = rf"(?:{_WORD}\s*\.\s*)?(?P<name>{_WORD})"
_ABSENT = r"(?:IF\s+NOT\s+EXISTS\s+)?"
_TABLE = rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_QUALIFIED}\s+"
_MAKES = [
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("table", rf"CREATE\s+TABLE\s+{_ABSENT}{_MADE}"),
        ("table", rf"{_TABLE}RENAME\s+TO\s+{_MADE}"),
        ("type", rf"CREATE\s+TYPE\s+{_MADE}"),
        ("type", rf"ALTER\s+TYPE\s+{_QUALIFIED}\s+RENAME\s+TO\s+{_MADE}"),
        ("index", rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?{_ABSENT}{_MADE}"),
        ("index", rf"ALTER\s+INDEX\s+{_QUALIFIED}\s+RENAME\s+TO\s+{_MADE}"),
        ("constraint", rf"{_TABLE}RENAME\s+CONSTRAINT\s+{_WORD}\s+TO\s+{_MADE}"),
    )
]
_ALTERS = re.compile(_TABLE, re.IGNORECASE)
_ADDS = re.compile(rf"\bADD\s+CONSTRAINT\s+{_MADE}", re.IGNORECASE)


def made_objects(scripts: Iterable[str]) -> frozenset[tuple[str, str]]:
    """List what scripts create, or give a name.

    Args:
        scripts: The texts; what they create by dynamic SQL is not found.

    Returns:
        The kind (`table`, `type`, `index`, `constraint`) and the name of each object.
    """
    found = set()
    for script in scripts:
        for statement in split_statements(script):
            for kind, pattern in _MAKES:
                if made := pattern.match(statement.text):
                    found.add((kind, _unquoted(made["name"])))
            if _ALTERS.match(statement.text):
                added = _ADDS.finditer(statement.text)
                found.update(("constraint", _unquoted(made["name"])) for made in added)
    return frozenset(found)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
