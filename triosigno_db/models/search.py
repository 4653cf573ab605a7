"""Search: texts compared without regard to accents and case, by index where there is one.

Both sides are folded by the same expression of built-in functions, in any locale and without an
extension; the index on it needs `pg_trgm`, which PostgreSQL ships:
https://www.postgresql.org/docs/current/pgtrgm.html
"""

import re
from typing import Any

import peewee

from triosigno_db.errors import InvalidInputError

MAX_SEARCHED = 200
"""How many characters one search may have."""

MAX_WORDS = 10
"""How many words one search may have."""

SHORT_WORD = 3
"""Words of fewer letters have no trigram of their own: they are looked for at a word's start."""

_ACCENTS = r"[\u0300-\u036f]"
"""The marks that letters are taken apart into (Unicode's normal form D)."""

_SEPARATORS = "[!-/:-@[-`{-~‘’“”«»…–—·¡¿]"  # noqa: RUF001 (typographic ones are meant)
"""Punctuation, as a class of characters that PostgreSQL and Python read alike."""

_LIGATURES = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"}
_BETWEEN_WORDS = re.compile(rf"(?:\s|{_SEPARATORS.replace('[-', chr(92) + '[-')})+")

_SIGN = """' ' || "name" || ' ' || "description\""""
_USER = (
    """' ' || "email" || ' ' || "username" || ' ' || coalesce("firstName", '')"""
    """ || ' ' || coalesce("lastName", '')"""
)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def fold(text: str) -> str:
    """Write the SQL that folds a text.

    Args:
        text: An expression in SQL.

    Returns:
        An immutable expression: lower case, no accents, ligatures taken apart, and a space for each
        punctuation mark.
    """
    bare = f"regexp_replace(normalize({text}, NFD), '{_ACCENTS}', '', 'g')"
    folded = f"lower(regexp_replace({bare}, '{_SEPARATORS}', ' ', 'g'))"
    for ligature, parts in _LIGATURES.items():
        folded = f"replace({folded}, '{ligature}', '{parts}')"
    return folded


SIGN_NAME = fold("""' ' || "name\"""")
"""A sign's name."""

SIGN_TEXT = fold(_SIGN)
"""What is searched of a sign: its name and its description."""

USER_TEXT = fold(_USER)
"""What is searched of an account: its e-mail address and its names."""

SEARCH_INDEXES = {
    "Sign_search_idx": ("Sign", SIGN_TEXT),
    "User_search_idx": ("User", USER_TEXT),
}
"""The indexes that a server with `pg_trgm` has: each a table and the expression that it holds."""


def words_of(field: str, text: str) -> dict[str, str]:
    """Take a search apart into words.

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
    parts = [peewee.SQL(_quote(part)) if isinstance(part, str) else part for part in pattern]
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
