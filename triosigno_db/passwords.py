"""Hash and verify passwords with bcrypt, compatible with the Node backend's bcrypt.

bcrypt runs on threads of its own, as many as there are processors: however many callers hash at a
time, they are served in order, and a program that ends waits for these threads.
"""

import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import bcrypt
from psycopg2.extensions import QuotedString
from pydantic import SecretStr

from triosigno_db.arguments import is_unicode
from triosigno_db.errors import InvalidInputError

MAX_PASSWORD_BYTES = 72
"""bcrypt ignores further bytes; longer passwords are rejected instead of truncated."""

MIN_COST = 4
MAX_COST = 31
"""The bounds of bcrypt's cost, which is the base-2 logarithm of its rounds."""

HASHING_THREADS = os.cpu_count() or 1
"""The number of threads that hash passwords."""

# The last character of the salt has only two significant bits.
_HASH = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")

ResultT = TypeVar("ResultT")
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_PASSWORDS: dict[Callable[..., Any], tuple[str, ...]] = {}
"""The functions that hash passwords, and which of their arguments are passwords."""


class Secret(SecretStr):
    """A password or a hash that the driver can send, but that no `repr` shows.

    Local variables refer to secrets in this form only: tools that report errors show variables.
    """

    @classmethod
    def of(cls, value: object) -> "Secret | None":
        """Wrap a text.

        Args:
            value: A string, or one that is wrapped in `SecretStr`.

        Returns:
            The secret; `None` if the value is no text.
        """
        if isinstance(value, SecretStr):
            # `model_construct` wraps anything.
            value = value.get_secret_value()
        return cls(value) if isinstance(value, str) else None

    def __conform__(self, protocol: object) -> QuotedString:
        """Adapt the secret to SQL; the driver calls this."""
        return QuotedString(self.get_secret_value())


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


def check_password(field: str, password: Secret | None) -> Secret:
    """Check that bcrypt can hash a password unchanged.

    Args:
        field: The argument's name.
        password: The password in plain text, as `Secret.of` returns it.

    Returns:
        The same password.

    Raises:
        InvalidInputError: It is no string, is empty, has over 72 bytes of UTF-8, or contains a NUL
            byte.
    """
    password = check_text(field, password)
    fault = password_fault(password)
    if fault is not None:
        raise InvalidInputError(field, fault)
    return password


def check_text(field: str, password: Secret | None) -> Secret:
    """Check that a password is a string.

    Args:
        field: The argument's name.
        password: The password in plain text, as `Secret.of` returns it.

    Returns:
        The same password.

    Raises:
        InvalidInputError: It is no string.
    """
    if password is None:
        raise InvalidInputError(field, "must be a string")
    return password


def password_fault(password: SecretStr) -> str | None:
    """Return why bcrypt can't hash a password unchanged.

    Args:
        password: The password in plain text.

    Returns:
        The reason, or `None` if it can.
    """
    plain = password.get_secret_value()
    if not isinstance(plain, str):
        return "must be a string"
    if not plain:
        return "must not be empty"
    if "\0" in plain:
        return "must not contain a NUL byte"
    if not is_unicode(plain):
        return "must be valid Unicode text"
    if len(plain.encode()) > MAX_PASSWORD_BYTES:
        return f"must be at most {MAX_PASSWORD_BYTES} bytes long"
    return None


def hash_password(password: Secret, *, cost: int) -> Secret:
    """Hash a password.

    Args:
        password: A password in plain text that `check_password` has checked.
        cost: The base-2 logarithm of bcrypt's rounds, 4 to 31; 12 takes about 0.2 s.

    Returns:
        The hash in bcrypt's text form, `$2b$...`.
    """
    return _on_hashing_thread(_hash, password, cost)


def verify_password(password: Secret, password_hash: Secret | None, *, cost: int) -> bool:
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
    return _on_hashing_thread(_verify, password, password_hash, cost)


def cost_of(password_hash: SecretStr | None) -> int | None:
    """Return the cost of a hash.

    Args:
        password_hash: The hash.

    Returns:
        The base-2 logarithm of its rounds; `None` if it is not a valid bcrypt hash.
    """
    found = _HASH.fullmatch(password_hash.get_secret_value()) if password_hash else None
    cost = int(found["cost"]) if found else 0
    return cost if MIN_COST <= cost <= MAX_COST else None


def hashes_password(*names: str) -> Callable[[FunctionT], FunctionT]:
    """Mark a function of the library that hashes a password, which takes long.

    Args:
        *names: The names of its arguments that are passwords in plain text.

    Returns:
        A decorator that returns the same function.
    """

    def mark(function: FunctionT) -> FunctionT:
        _PASSWORDS[function] = names
        return function

    return mark


def password_arguments(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return which arguments of a function are passwords in plain text.

    Args:
        function: A function of the library.

    Returns:
        Their names; `None` if it hashes no password.
    """
    return _PASSWORDS.get(function)


# -- on the hashing threads -------------------------------------------------------------------


class _HashingThreads:
    """The threads, which are started when they are needed."""

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Forget the threads, which a forked child does not have."""
        self._lock = threading.Lock()
        self._executor = self._new_executor()

    def submit(self, function: Callable[..., ResultT], *args: Any) -> Future[ResultT]:
        with self._lock:
            return self._executor.submit(function, *args)

    def end(self) -> None:
        with self._lock:
            earlier, self._executor = self._executor, self._new_executor()
            earlier.shutdown(wait=False)

    def _new_executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(HASHING_THREADS, "triosigno_db-hashing")


_threads = _HashingThreads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.start_anew)


def end_hashing_threads() -> None:
    """End the threads that hash passwords once what was submitted to them is done."""
    _threads.end()


def _on_hashing_thread(function: Callable[..., ResultT], *args: Any) -> ResultT:
    future = _threads.submit(function, *args)
    try:
        return future.result()
    except BaseException:
        # The caller was interrupted: nobody needs what has not begun.
        future.cancel()
        raise


def _hash(password: Secret, cost: int) -> Secret:
    return Secret(bcrypt.hashpw(_encoded(password), bcrypt.gensalt(cost)).decode())


def _verify(password: Secret, password_hash: Secret | None, cost: int) -> bool:
    is_possible = password_fault(password) is None
    # An impossible password takes as long as any other, and is wrong.
    candidate = password if is_possible else Secret("*")
    spent = cost_of(password_hash)
    if password_hash is None or spent is None:
        _hash(candidate, cost)
        return False
    is_right = bcrypt.checkpw(_encoded(candidate), _encoded(password_hash)) and is_possible
    if not is_right:
        # 2^spent rounds were computed: 2^spent + 2^(spent+1) + ... + 2^(cost-1) of 2^cost remain.
        for left in range(spent, cost):
            _hash(candidate, left)
    return is_right


def _encoded(secret: Secret) -> bytes:
    return secret.get_secret_value().encode()
