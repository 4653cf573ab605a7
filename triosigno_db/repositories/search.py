"""Search: conditions that compare text, ignoring accents, case, punctuation and white space.

Both sides are folded by the same SQL function, which `models/search.py` defines with its indexes.
"""

import re
from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_
from typing import Any

import peewee

from triosigno_db.arguments import WHITE_SPACE, check_text
from triosigno_db.database.quoting import literal
from triosigno_db.database.statements import Parameter, compose
from triosigno_db.models.search import fold
from triosigno_db.repositories.names import CANONICAL, GIVEN, is_spelled, spellings_of

MAX_SEARCHED = 200
"""The maximum length of a search, in characters."""

MAX_WORDS = 10
"""The maximum number of words that are looked for one by one; the last is the rest of the text."""

SHORT_WORD = 3
"""Shorter words have no complete trigram: they match only the start of a word."""

_WORD = re.compile(rf"[^\0-\x1f\x7f-\x9f{WHITE_SPACE}]+")
"""What stands between white space and control characters; the server folds the rest."""

_SURE_WORD = re.compile("[0-9A-Za-z]")
"""A character that folding keeps."""


def search_parameters(field: str, text: object) -> dict[str, str]:
    """Check a search and split it into words.

    Args:
        field: The argument's name.
        text: The text to search for.

    Returns:
        The parameters of `search_conditions`: each different word as `word_1`, `word_2`, ...; from
        the tenth on all words as one phrase; the whole text; and if it may fold to nothing, its
        other spellings.

    Raises:
        InvalidInputError: It is not a string, is empty or too long, or PostgreSQL can't store it.
    """
    words = _split(check_text(field, text, maximum=MAX_SEARCHED))
    numbered = {f"word_{number}": word for number, word in enumerate(words, start=1)}
    spellings = spellings_of(str(text))
    if _SURE_WORD.search(spellings[CANONICAL]):
        spellings = {CANONICAL: spellings[CANONICAL]}
    return numbered | spellings


def _split(text: str) -> Collection[str]:
    words: dict[str, None] = {}
    for word in _WORD.finditer(text):
        if len(words) == MAX_WORDS - 1 and word[0] not in words:
            return [*words, text[word.start() :]]
        words[word[0]] = None
    return words or [text]


def searched_words(filters: Collection[str]) -> list[Parameter]:
    """List the words of a search among the filters of a statement.

    Args:
        filters: The names of the parameters.

    Returns:
        The parameters of the words.
    """
    return [Parameter(name) for name in filters if name.startswith("word_")]


def search_conditions(text: str, names: Sequence[Any], filters: Collection[str]) -> list[Any]:
    """Build the conditions of a search, if the filters of a statement include one.

    A word that folds to nothing, such as a dash, matches every row. If the whole text does, it
    matches the rows that have it as a name.

    Args:
        text: The folded SQL expression to search, which starts with a space.
        names: The columns with names.
        filters: The names of the parameters.

    Returns:
        The conditions; none without a search.
    """
    conditions = [holds(text, word) for word in searched_words(filters)]
    if GIVEN in filters:
        has_words = folded_parameter(Parameter(CANONICAL)) != peewee.SQL("''")
        conditions.append(has_words | reduce(or_, map(is_spelled, names)))
    return conditions


def holds(text: str, word: Any) -> Any:
    """Build the condition that a folded text contains a word; a short one must start a word.

    Args:
        text: A folded SQL expression that starts with a space.
        word: The parameter of the word.

    Returns:
        The condition.
    """
    # Folding a word takes longer than all else: this names it once.
    pattern = compose(
        "regexp_replace('%' || {folded} || '%', {short}, {start})",
        folded=folded_parameter(word),
        short=peewee.SQL(literal(f"^%(.{{0,{SHORT_WORD - 1}}})%$")),
        start=peewee.SQL(literal(r"% \1%")),
    )
    return like(text, pattern)


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


def folded_parameter(parameter: Parameter) -> Any:
    """Fold a parameter in the same way as the texts; this also removes the wildcards of LIKE.

    Args:
        parameter: The parameter.

    Returns:
        The expression.
    """
    return compose(fold("{parameter}"), parameter=parameter.cast("text"))
