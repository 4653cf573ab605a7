"""Hash and verify passwords with bcrypt, compatible with the Node backend's bcrypt."""

import re

import bcrypt
from pydantic import SecretStr

from triosigno_db.arguments import is_unicode
from triosigno_db.errors import InvalidInputError

MAX_PASSWORD_BYTES = 72
"""bcrypt ignores further bytes; longer passwords are rejected instead of truncated."""

MIN_COST = 4
MAX_COST = 31
"""The bounds of bcrypt's cost, which is the base-2 logarithm of its rounds."""

# The last character of the salt has only two significant bits.
_HASH = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")


class HighestCost:
    """The highest cost of the hashes that were compared, which an unknown login must spend too.

    Args:
        cost: The cost of new hashes, which is the least that it can be.
    """

    def __init__(self, cost: int) -> None:
        # Adding a key needs no lock, which a forked child could inherit while it is locked.
        self._costs = {cost: None}

    @property
    def value(self) -> int:
        """The highest cost."""
        return max(list(self._costs))

    def add(self, cost: int | None) -> None:
        """Add the cost of a hash that was compared.

        Args:
            cost: The cost; `None` for text that is not a valid hash.
        """
        if cost is not None:
            self._costs[cost] = None


def check_password_length(password: str, field: str = "password") -> str:
    """Check that bcrypt can hash a password unchanged.

    Args:
        password: The password in plain text.
        field: The argument's name.

    Returns:
        The same password.

    Raises:
        InvalidInputError: It is not a string, is empty, has over 72 bytes of UTF-8, or contains a
            NUL byte.
    """
    if not isinstance(password, str):
        raise InvalidInputError(field, "must be a string")
    if not password:
        raise InvalidInputError(field, "must not be empty")
    if "\0" in password:
        raise InvalidInputError(field, "must not contain a NUL byte")
    if not is_unicode(password):
        raise InvalidInputError(field, "must be valid Unicode text")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise InvalidInputError(field, f"must be at most {MAX_PASSWORD_BYTES} bytes long")
    return password


def reveal_password(field: str, password: str | SecretStr) -> str:
    """Return a password that may be wrapped in `SecretStr`.

    Args:
        field: The argument's name.
        password: The password.

    Returns:
        The password in plain text.

    Raises:
        InvalidInputError: It is not a string.
    """
    text = password.get_secret_value() if isinstance(password, SecretStr) else password
    if not isinstance(text, str):
        raise InvalidInputError(field, "must be a string")
    return text


def hash_password(password: str, *, cost: int) -> str:
    """Hash a password.

    Args:
        password: The password in plain text, 1 to 72 bytes of UTF-8.
        cost: The base-2 logarithm of bcrypt's rounds, 4 to 31; 12 takes about 0.2 s.

    Returns:
        The hash in bcrypt's text form, `$2b$...`.

    Raises:
        InvalidInputError: The password is empty, too long or contains a NUL byte.
    """
    return bcrypt.hashpw(check_password_length(password).encode(), bcrypt.gensalt(cost)).decode()


def verify_password(password: str, password_hash: str | None, *, cost: int) -> bool:
    """Compare a password with a hash, or with none, in the time of a hash with the given cost.

    A wrong password and a missing account take the same time: if the hash has a lower cost or is
    missing, the remaining rounds are computed anyway.

    Args:
        password: The password in plain text. One that cannot be hashed is wrong.
        password_hash: A hash with prefix `$2a$`, `$2b$` or `$2y$`; `None` without an account.
        cost: The cost that a wrong password spends at least.

    Returns:
        Whether the password is correct.
    """
    is_possible = _is_possible(password)
    # An impossible password takes as long as any other, and is wrong.
    candidate = password.encode() if is_possible else b"*"
    spent = cost_of(password_hash)
    if password_hash is None or spent is None:
        _spend(candidate, cost)
        return False
    is_right = bcrypt.checkpw(candidate, password_hash.encode()) and is_possible
    if not is_right:
        # 2^spent rounds were computed: 2^spent + 2^(spent+1) + ... + 2^(cost-1) of 2^cost remain.
        for left in range(spent, cost):
            _spend(candidate, left)
    return is_right


def cost_of(password_hash: str | None) -> int | None:
    """Return the cost of a hash.

    Args:
        password_hash: The hash.

    Returns:
        The base-2 logarithm of its rounds; `None` if it is not a valid bcrypt hash.
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
