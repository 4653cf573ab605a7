"""Look-ups by name: a row is found in whichever form its name is stored.

The library stores names trimmed and in Unicode's form NFC. Other software may store them as they
were typed, for example in form NFD, in which an accent is a character of its own.
"""

import unicodedata
from typing import Any

from triosigno_db.arguments import canonical
from triosigno_db.database.statements import Parameter

SPELLINGS = GIVEN, CANONICAL, DECOMPOSED = "given", "canonical", "decomposed"
"""The parameters of the conditions: the text as it was given, in form NFC, in form NFD."""


def spellings_of(text: str) -> dict[str, str]:
    """List the forms in which a name may be stored.

    Args:
        text: The name, as the caller gave it.

    Returns:
        The parameters of `is_spelled` and `by_spelling`.
    """
    name = canonical(text)
    return {GIVEN: text, CANONICAL: name, DECOMPOSED: unicodedata.normalize("NFD", name)}


def is_spelled(column: Any) -> Any:
    """Build the condition that a column holds one of the forms of a name.

    Args:
        column: The column.

    Returns:
        The condition, which an index on the column answers.
    """
    return column.in_([Parameter(name).cast("text") for name in SPELLINGS])


def by_spelling(column: Any) -> list[Any]:
    """Build the order of the rows that `is_spelled` finds: as given, in form NFC, in form NFD.

    Args:
        column: The column.

    Returns:
        The expressions to sort by.
    """
    return [(column == Parameter(name).cast("text")).desc() for name in (GIVEN, CANONICAL)]
