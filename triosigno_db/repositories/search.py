"""Search: conditions that compare texts without regard to accents and case.

Both sides are folded by the same expression; `models/search.py` says which, and what is indexed.
"""

import re
from typing import Any

import peewee

from triosigno_db.database.quoting import literal
from triosigno_db.errors import InvalidInputError
from triosigno_db.models.search import SEPARATORS, fold

MAX_SEARCHED = 200
"""How many characters one search may have."""

MAX_WORDS = 10
"""How many words one search may have."""

SHORT_WORD = 3
"""Words of fewer letters have no trigram of their own: they are looked for at a word's start."""

_BETWEEN_WORDS = re.compile(rf"(?:\s|{SEPARATORS.replace('[-', chr(92) + '[-')})+")


def words_of(field: str, text: str) -> dict[str, str]:
    """Split a search into words.

    Args:
        field: The argument's name.
        text: The text that is searched for.

    Returns:
        A parameter for each different word: `word_1`, `word_2`, ...

    Raises:
        InvalidInputError: The text has no word, or more than ten.
    """
    words = dict.fromkeys(word for word in _BETWEEN_WORDS.split(text) if word)
    if not words:
        raise InvalidInputError(field, "must hold a letter or a digit")
    if len(words) > MAX_WORDS:
        raise InvalidInputError(field, f"must have at most {MAX_WORDS} different words")
    return {f"word_{number}": word for number, word in enumerate(words, start=1)}


def holds(text: str, word: Any) -> Any:
    """Write the condition that a folded text holds a word: anywhere, a short one at a word's start.

    Args:
        text: A folded expression in SQL that starts with a space.
        word: The word's parameter.

    Returns:
        The condition.
    """
    folded = folded_parameter(word)
    start = peewee.Case(None, [(peewee.fn.char_length(folded) < SHORT_WORD, "% ")], "%")
    return like(text, start, folded, "%")


def starts_a_word(text: str, word: Any) -> Any:
    """Write the condition that a word of a folded text starts with another.

    Args:
        text: A folded expression in SQL that starts with a space.
        word: The word's parameter.

    Returns:
        The condition.
    """
    return like(text, "% ", folded_parameter(word), "%")


def like(text: str, *pattern: Any) -> Any:
    """Write a LIKE condition.

    Args:
        text: An expression in SQL.
        *pattern: The parts of the pattern.

    Returns:
        The condition.
    """
    parts = [peewee.SQL(literal(part)) if isinstance(part, str) else part for part in pattern]
    joined = [node for part in parts for node in (peewee.SQL("||"), part)][1:]
    return peewee.NodeList(
        (peewee.SQL(text), peewee.SQL("LIKE"), peewee.NodeList(joined, parens=True))
    )


def folded_parameter(parameter: Any) -> Any:
    """Fold a value as the texts are folded, so that it holds no wildcard of LIKE either.

    Args:
        parameter: The parameter.

    Returns:
        The expression.
    """
    before, behind = fold("\0").split("\0")
    return peewee.NodeList((peewee.SQL(before), parameter.cast("text"), peewee.SQL(behind)), "")
