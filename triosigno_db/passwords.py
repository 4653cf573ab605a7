"""Hashing passwords with bcrypt, readable by the Node side's bcrypt and the other way round."""

import re

import bcrypt
from pydantic import SecretStr

from triosigno_db.arguments import is_unicode
from triosigno_db.errors import InvalidInputError

MAX_PASSWORD_BYTES = 72
"""bcrypt reads no more of a password; a longer one is refused instead of cut."""

MIN_COST = 4
MAX_COST = 31
"""The bounds that bcrypt itself sets for its cost, the base-2 logarithm of its rounds."""

# The last character of the salt carries two bits only.
_HASH = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")


def check_password_length(password: str, field: str = "password") -> str:
    """Refuse a password that bcrypt can't hash as it is.

    Args:
        password: The password in the clear.
        field: The argument's name.

    Returns:
        The same password.

    Raises:
        InvalidInputError: It is not text, empty, over 72 bytes of UTF-8, or holds a NUL byte.
    """
    if not isinstance(password, str):
        raise InvalidInputError(field, "must be a text")
    if not password:
        raise InvalidInputError(field, "must not be empty")
    if "\0" in password:
        raise InvalidInputError(field, "must not hold a NUL byte")
    if not is_unicode(password):
        raise InvalidInputError(field, "must be valid Unicode text")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise InvalidInputError(field, f"must be at most {MAX_PASSWORD_BYTES} bytes long")
    return password


def reveal_password(field: str, password: str | SecretStr) -> str:
    """Read a password that may be wrapped so that it is not shown.

    Args:
        field: The argument's name.
        password: The password.

    Returns:
        It in the clear.

    Raises:
        InvalidInputError: It is not text.
    """
    text = password.get_secret_value() if isinstance(password, SecretStr) else password
    if not isinstance(text, str):
        raise InvalidInputError(field, "must be a text")
    return text


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


def verify_password(password: str, password_hash: str | None, *, cost: int) -> bool:
    """Compare a password with a hash, or with none, in the time that a hash of the cost takes.

    A wrong password and a missing account can't be told apart by the time they take: the rounds
    that a cheaper hash, or none, leaves out are spent all the same.

    Args:
        password: The password in the clear; one that could not have been hashed is wrong.
        password_hash: `$2a$`, `$2b$` or `$2y$`; `None` where there is no account.
        cost: The cost of new hashes.

    Returns:
        Whether the password is right.
    """
    is_possible = _is_possible(password)
    # One that is not possible costs as much as any other, and is wrong.
    candidate = password.encode() if is_possible else b"*"
    spent = cost_of(password_hash)
    if password_hash is None or spent is None:
        _spend(candidate, cost)
        return False
    is_right = bcrypt.checkpw(candidate, password_hash.encode()) and is_possible
    if not is_right:
        # 2^spent rounds were made: 2^spent + 2^(spent+1) + ... + 2^(cost-1) are left of 2^cost.
        for left in range(spent, cost):
            _spend(candidate, left)
    return is_right


def cost_of(password_hash: str | None) -> int | None:
    """Read the cost from a hash.

    Args:
        password_hash: The hash.

    Returns:
        The base-2 logarithm of its rounds; `None` where it is not a hash that bcrypt reads.
    """
    found = _HASH.fullmatch(password_hash or "")
    cost = int(found["cost"]) if found else 0
    return cost if MIN_COST <= cost <= MAX_COST else None


def _is_possible(password: str) -> bool:
    try:
        check_password_length(password)
    except InvalidInputError:
        return False
    return True


def _spend(password: bytes, cost: int) -> None:
    bcrypt.hashpw(password, bcrypt.gensalt(cost))
