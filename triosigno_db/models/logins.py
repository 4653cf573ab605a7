"""Logins: the keys that e-mail addresses and usernames are compared by, in SQL and in Python.

The SQL expressions use built-in functions only, and give the same result in a database of any
locale: accents are separate characters in normal form D, so that lower case of ASCII and a table
of the letters without accents are enough.
"""

import unicodedata
from collections.abc import Iterable

_LETTERS = [chr(code) for code in (*range(0x80, 0x588), 0x1E9E)]
"""The letters beyond ASCII of the Latin, Greek, Cyrillic and Armenian alphabets."""

_LOWER = {
    letter: letter.lower()
    for letter in _LETTERS
    if letter != letter.lower() and unicodedata.is_normalized("NFD", letter)
}
_OTHER_FORMS = {
    "\u03c2": "\u03c3",  # the sigma at the end of a word is the same letter
    **dict.fromkeys("\u3002\uff0e\uff61", "."),  # the other dots of domains, as in UTS 46
}

FOLDED = _LOWER | _OTHER_FORMS
"""The characters beyond ASCII that the key of an address replaces, in normal form D."""

_ASCII_LOWER = {chr(code): chr(code).lower() for code in range(ord("A"), ord("Z") + 1)}
_TABLE = str.maketrans(FOLDED | _ASCII_LOWER)


def email_key_sql(text: str) -> str:
    """Build the SQL expression of the key of an e-mail address.

    Args:
        text: An SQL expression.

    Returns:
        An immutable expression: the text in normal form D and in lower case, with the collation
        `"C"`. Addresses that differ in case or form only have equal keys.
    """
    lower = 'pg_catalog.lower({} COLLATE "C")'.format
    # Most addresses are ASCII; the table of letters takes a hundred times as long as lower case.
    is_ascii = f"pg_catalog.octet_length({text}) = pg_catalog.char_length({text})"
    folded = (
        f"pg_catalog.translate({lower(f'normalize({text}, NFD)')}, "
        f"{_literal(FOLDED)}, {_literal(FOLDED.values())})"
    )
    return f"(CASE WHEN {is_ascii} THEN {lower(text)} ELSE {folded} END)"


def email_key(text: str) -> str:
    """Return the key of an e-mail address, equal to that of the SQL expression.

    Args:
        text: The address, or any other text.

    Returns:
        The key.
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFD", text).translate(_TABLE)


def username_key_sql(text: str) -> str:
    """Build the SQL expression of the key of a username.

    Args:
        text: An SQL expression.

    Returns:
        An immutable expression: the text in normal form C.
    """
    return f"(normalize({text}, NFC))"


def username_key(text: str) -> str:
    """Return the key of a username, equal to that of the SQL expression.

    Args:
        text: The username, or any other text.

    Returns:
        The key.
    """
    return unicodedata.normalize("NFC", text)


def _literal(characters: Iterable[str]) -> str:
    return "E'" + "".join(f"\\u{ord(each):04X}" for each in characters) + "'"


EMAIL_KEY = email_key_sql('"email"')
"""The key of the e-mail address of an account."""

USERNAME_KEY = username_key_sql('"username"')
"""The key of the username of an account."""
