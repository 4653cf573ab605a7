"""Hashing passwords with bcrypt, readable by the Node side's bcrypt and the other way round."""

import bcrypt

from triosigno_db.arguments import is_unicode
from triosigno_db.errors import InvalidInputError

MAX_PASSWORD_BYTES = 72
"""bcrypt reads no more of a password; a longer one is refused instead of cut."""

MIN_COST = 4
MAX_COST = 31
"""The bounds that bcrypt itself sets for its cost, the base-2 logarithm of its rounds."""


def check_password_length(password: str) -> str:
    """Refuse a password that bcrypt can't hash as it is.

    Args:
        password: The password in the clear.

    Returns:
        The same password.

    Raises:
        InvalidInputError: It is empty, over 72 bytes of UTF-8, or holds a NUL byte.
    """
    if not password:
        raise InvalidInputError("password", "must not be empty")
    if "\0" in password:
        raise InvalidInputError("password", "must not hold a NUL byte")
    if not is_unicode(password):
        raise InvalidInputError("password", "must be valid Unicode text")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise InvalidInputError("password", f"must be at most {MAX_PASSWORD_BYTES} bytes long")
    return password


def hash_password(password: str, *, cost: int) -> str:
    """Hash a password.

    Args:
        password: The password in the clear, 1 to 72 bytes of UTF-8.
        cost: The base-2 logarithm of bcrypt's rounds, 4 to 31; 12 takes about 0.2 s.

    Returns:
        The hash in bcrypt's text form, `$2b$...`.

    Raises:
        InvalidInputError: The password is empty, too long or holds a NUL byte.
    """
    return bcrypt.hashpw(check_password_length(password).encode(), bcrypt.gensalt(cost)).decode()
