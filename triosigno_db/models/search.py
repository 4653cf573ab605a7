"""What is searched: texts folded by one SQL expression, in a query and in an index alike.

The expression is made of built-in functions, works in any locale and needs no extension; the index
on it needs `pg_trgm`, which PostgreSQL ships: https://www.postgresql.org/docs/current/pgtrgm.html
"""

_ACCENTS = r"[\u0300-\u036f]"
"""The marks that letters are decomposed into (Unicode's normal form D)."""

SEPARATORS = "[!-/:-@[-`{-~‘’“”«»…–—·¡¿]"  # noqa: RUF001 (typographic ones are meant)
"""Punctuation, as a class of characters that PostgreSQL and Python read alike."""

_LIGATURES = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"}

_SIGN = """' ' || "name" || ' ' || "description\""""
_USER = (
    """' ' || "email" || ' ' || "username" || ' ' || coalesce("firstName", '')"""
    """ || ' ' || coalesce("lastName", '')"""
)


def fold(text: str) -> str:
    """Write the SQL that folds a text.

    Args:
        text: An expression in SQL.

    Returns:
        An immutable expression: lower case, no accents, ligatures expanded, and a space for each
        punctuation mark.
    """
    bare = f"regexp_replace(normalize({text}, NFD), '{_ACCENTS}', '', 'g')"
    folded = f"lower(regexp_replace({bare}, '{SEPARATORS}', ' ', 'g'))"
    for ligature, parts in _LIGATURES.items():
        folded = f"replace({folded}, '{ligature}', '{parts}')"
    return folded


SIGN_NAME = fold("""' ' || "name\"""")
"""A sign's name."""

SIGN_TEXT = fold(_SIGN)
"""The text of a sign that is searched: its name and its description."""

USER_TEXT = fold(_USER)
"""The text of an account that is searched: its e-mail address and its names."""

SEARCH_INDEXES = {
    "Sign_search_idx": ("Sign", SIGN_TEXT),
    "User_search_idx": ("User", USER_TEXT),
}
"""The indexes that a server with `pg_trgm` has: each a table and the expression that it holds."""
