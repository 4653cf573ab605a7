"""Search: conditions that compare text, ignoring accents and case.

Both sides are folded by the same expression, which `models/search.py` defines with its indexes.
"""

import re
from typing import Any

import peewee

from triosigno_db.database.quoting import literal
from triosigno_db.errors import InvalidInputError
from triosigno_db.models.search import SEPARATORS, fold

MAX_SEARCHED = 200
"""The maximum length of a search, in characters."""

MAX_WORDS = 10
"""The maximum number of words in a search."""

SHORT_WORD = 3
"""Shorter words have no complete trigram: they match only the start of a word."""

_BETWEEN_WORDS = re.compile(rf"(?:\s|{SEPARATORS.replace('[-', chr(92) + '[-')})+")


def words_of(field: str, text: str) -> dict[str, str]:
    """Split a search into words.

    Args:
        field: The argument's name.
        text: The text to search for.

    Returns:
        A parameter for each different word: `word_1`, `word_2`, ...

    Raises:
        InvalidInputError: The text has no words, or more than ten.
    """
    words = dict.fromkeys(word for word in _BETWEEN_WORDS.split(text) if word)
    if not words:
        raise InvalidInputError(field, "must contain a letter or a digit")
    if len(words) > MAX_WORDS:
        raise InvalidInputError(field, f"must have at most {MAX_WORDS} different words")
    return {f"word_{number}": word for number, word in enumerate(words, start=1)}


def holds(text: str, word: Any) -> Any:
    """Build the condition that a folded text contains a word; a short one must start a word.

    Args:
        text: A folded SQL expression that starts with a space.
        word: The parameter of the word.

    Returns:
        The condition.
    """
    folded = folded_parameter(word)
    start = peewee.Case(None, [(peewee.fn.char_length(folded) < SHORT_WORD, "% ")], "%")
    return like(text, start, folded, "%")


def starts_a_word(text: str, word: Any) -> Any:
    """Build the condition that a word of a folded text starts with the given word.

    Args:
        text: A folded SQL expression that starts with a space.
        word: The parameter of the word.

    Returns:
        The condition.
    """
    return like(text, "% ", folded_parameter(word), "%")


def like(text: str, *pattern: Any) -> Any:
    """Build a LIKE condition.

    Args:
        text: An SQL expression.
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
    """Fold a parameter in the same way as the texts; this also removes the wildcards of LIKE.

    Args:
        parameter: The parameter.

    Returns:
        The expression.
    """
    before, behind = fold("\0").split("\0")
    return peewee.NodeList((peewee.SQL(before), parameter.cast("text"), peewee.SQL(behind)), "")
