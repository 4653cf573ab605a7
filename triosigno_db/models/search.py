"""Search: the SQL expression that folds text, used by queries and by indexes.

The expression uses built-in functions only and works in any locale. The index on it needs the
extension `pg_trgm`, which PostgreSQL includes: https://www.postgresql.org/docs/current/pgtrgm.html
"""

_ACCENTS = r"[\u0300-\u036f]"
"""The combining marks of decomposed letters (Unicode normal form D)."""

SEPARATORS = "[!-/:-@[-`{-~‘’“”«»…–—·¡¿]"  # noqa: RUF001 (typographic characters are intended)
"""Punctuation, as a character class for the regular expressions of PostgreSQL and Python."""

_LIGATURES = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"}

_SIGN = """' ' || "name" || ' ' || "description\""""
_USER = (
    """' ' || "email" || ' ' || "username" || ' ' || coalesce("firstName", '')"""
    """ || ' ' || coalesce("lastName", '')"""
)


def fold(text: str) -> str:
    """Build the SQL expression that folds a text.

    Args:
        text: An SQL expression.

    Returns:
        An immutable expression: the text in lower case, without accents, with ligatures expanded
        and each punctuation mark replaced by a space.
    """
    bare = f"regexp_replace(normalize({text}, NFD), '{_ACCENTS}', '', 'g')"
    folded = f"lower(regexp_replace({bare}, '{SEPARATORS}', ' ', 'g'))"
    for ligature, parts in _LIGATURES.items():
        folded = f"replace({folded}, '{ligature}', '{parts}')"
    return folded


SIGN_NAME = fold("""' ' || "name\"""")
"""The folded name of a sign."""

SIGN_TEXT = fold(_SIGN)
"""The folded text of a sign to search: its name and its description."""

USER_TEXT = fold(_USER)
"""The folded text of an account to search: its e-mail address and its names."""

SEARCH_INDEXES = {
    "Sign_search_idx": ("Sign", SIGN_TEXT),
    "User_search_idx": ("User", USER_TEXT),
}
"""The indexes of a server with `pg_trgm`: the table and the indexed expression of each."""
