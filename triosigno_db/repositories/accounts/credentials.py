"""Credentials: authenticate users and change passwords."""

from typing import Any, NamedTuple
from uuid import UUID

from pydantic import SecretStr

from triosigno_db.arguments import check_id, check_login
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.lifecycle import (
    connected_database,
    current_database,
    suspend_connection,
)
from triosigno_db.database.read_only import is_read_only
from triosigno_db.database.statements import NOW, Parameter, columns, statement
from triosigno_db.errors import (
    AccountInactiveError,
    ConflictError,
    InvalidCredentialsError,
    NotFoundError,
)
from triosigno_db.models import User
from triosigno_db.passwords import (
    Secret,
    check_password,
    check_text,
    cost_of,
    hash_password,
    hashes_password,
    verify_password,
)
from triosigno_db.records import Selection, UserRecord, check_shape, default_shape
from triosigno_db.records.accounts import UserT
from triosigno_db.repositories.accounts.logins import (
    has_email,
    has_no_other_form,
    has_username,
    keys_of_email,
    keys_of_username,
)

MAX_CANDIDATES = 5
"""The maximum number of accounts whose password is compared at a login."""


class _Candidate(NamedTuple):
    """An account whose login was given."""

    values: list[Any]
    user_id: str
    is_active: bool
    password_hash: Secret


# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_users_by_login(selection: Selection, is_plain: bool) -> Any:
    """Select the accounts with a login, and their hashes, in the order to try them.

    The order is: the same address, the address in another case or form, the username; the oldest
    first.
    """
    login = Parameter("login")
    has_address = has_email(is_plain)
    return (
        User.select(*columns(User, selection), User.id, User.is_active, User.password)
        .where(has_address | has_username(is_plain))
        .order_by((User.email == login).desc(), has_address.desc(), User.created_at, User.id)
        .limit(MAX_CANDIDATES)
    )


@statement(reads_only=True)
def select_password() -> Any:
    """Select the password hash of an account."""
    return User.select(User.password).where(User.id == Parameter("user_id"))


@statement(reads_only=False)
def replace_password() -> Any:
    """Replace the hash of an account, unless it was changed in the meantime."""
    return (
        User.update({User.password: Parameter("password_hash"), User.updated_at: NOW})
        .where(User.id == Parameter("user_id"), User.password == Parameter("earlier_hash"))
        .returning(User.id)
    )


@statement(reads_only=False)
def update_password() -> Any:
    """Update the hash of an account."""
    return (
        User.update({User.password: Parameter("password_hash"), User.updated_at: NOW})
        .where(User.id == Parameter("user_id"))
        .returning(User.id)
    )


# -- functions --------------------------------------------------------------------------------


@hashes_password("password")
def authenticate(
    email_or_username: str,
    password: str | SecretStr,
    *,
    shape: type[UserT] = default_shape(UserRecord),
) -> UserT:
    """Check the login and the password of a user.

    If several accounts match, because other software has stored addresses that differ only in case
    or an address as a username, the password decides.

    An unknown login takes as long as a wrong password: as long as a hash of the `password_cost`
    setting, or of the highest cost that was compared since `connect()`. If the cost of the stored
    hash is below the setting, the hash is replaced by one of that cost, except inside
    `reading_from_replica()`.

    Args:
        email_or_username: The e-mail address, in any case and form, or the username.
        password: The plain-text password.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account.

    Raises:
        InvalidCredentialsError: No account has this login and password.
        AccountInactiveError: The login and the password are correct, but the account is
            deactivated.
        InvalidInputError: `email_or_username` is empty or longer than 1,000 characters.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    secret = Secret.of(password)
    del password
    login = check_login("email_or_username", email_or_username)
    secret = check_text("password", secret)
    checked = check_shape(shape, UserRecord)
    candidates = _candidates(login, checked.selection)
    inactive = None
    for candidate in candidates:
        if not _is_right(secret, candidate.password_hash):
            continue
        if candidate.is_active:
            user = checked.from_row(candidate.values, candidate.user_id)
            _renew(candidate, secret)
            return user
        inactive = inactive or str(candidate.user_id)
    if not candidates:
        _is_right(secret, None)
    if inactive is not None:
        raise AccountInactiveError(inactive)
    raise InvalidCredentialsError


@hashes_password("current", "new")
def change_password(user_id: str | UUID, current: str | SecretStr, new: str | SecretStr) -> None:
    """Change the password of an account, after checking the current one.

    Args:
        user_id: The account's id.
        current: The current password, in plain text.
        new: The new password, 1 to 72 bytes of UTF-8.

    Raises:
        NotFoundError: The account does not exist.
        InvalidCredentialsError: `current` is not the password of the account.
        InvalidInputError: `user_id` is not a valid id, or `new` can't be hashed.
        ConflictError: Another call changed the password in the meantime.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    secret, new_secret = Secret.of(current), Secret.of(new)
    del current, new
    user_id = check_id("user_id", user_id)
    secret, new_secret = check_text("current", secret), check_password("new", new_secret)
    found = [
        _hash_in(password_hash)
        for (password_hash,) in fetch_all(select_password(), user_id=user_id)
    ]
    if not found:
        raise NotFoundError("User", user_id)
    if not _is_right(secret, found[0]):
        raise InvalidCredentialsError("The current password is wrong.")
    cost = current_database().settings.password_cost
    if not _replace(user_id, found[0], hash_password(new_secret, cost=cost)):
        raise ConflictError("The password was changed in the meantime.")


@hashes_password("password")
def set_password(user_id: str | UUID, password: str | SecretStr) -> None:
    """Set the password of an account without checking the current one, as after a reset by e-mail.

    Args:
        user_id: The account's id.
        password: The new password in plain text, 1 to 72 bytes of UTF-8.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id, or the password can't be hashed.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    secret = Secret.of(password)
    del password
    user_id = check_id("user_id", user_id)
    secret = check_password("password", secret)
    suspend_connection()
    password_hash = hash_password(secret, cost=current_database().settings.password_cost)
    if not fetch_all(update_password(), user_id=user_id, password_hash=password_hash):
        raise NotFoundError("User", user_id)


def _candidates(login: str, selection: Selection) -> list[_Candidate]:
    is_plain = has_no_other_form(login)
    keys = keys_of_email(login, is_plain) | keys_of_username(login, is_plain)
    rows = fetch_all(select_users_by_login(selection, is_plain), login=login, **keys)
    return [
        _Candidate(values, user_id, is_active, _hash_in(password_hash))
        for *values, user_id, is_active, password_hash in rows
    ]


def _hash_in(column: str | None) -> Secret:
    # The Node side may let an account have no password; no password matches the empty text.
    return Secret(column or "")


def _is_right(password: Secret, password_hash: Secret | None) -> bool:
    # Comparing takes longer than everything else: no connection is held meanwhile.
    suspend_connection()
    highest = connected_database().highest_cost
    is_right = verify_password(password, password_hash, cost=highest.value)
    # Only now: a hash of a cost that no server can spend must not stop every login.
    highest.add(cost_of(password_hash))
    return is_right


def _renew(candidate: _Candidate, password: Secret) -> None:
    cost = current_database().settings.password_cost
    if (cost_of(candidate.password_hash) or cost) < cost and not is_read_only():
        password_hash = hash_password(password, cost=cost)
        _replace(candidate.user_id, candidate.password_hash, password_hash)


def _replace(user_id: str, earlier_hash: Secret, password_hash: Secret) -> bool:
    return bool(
        fetch_all(
            replace_password(),
            user_id=user_id,
            earlier_hash=earlier_hash,
            password_hash=password_hash,
        )
    )
