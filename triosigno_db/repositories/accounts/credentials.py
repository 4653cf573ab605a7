"""Credentials: authenticate users and change passwords."""

from typing import Any
from uuid import UUID

import peewee
from pydantic import SecretStr

from triosigno_db.arguments import MAX_EMAIL, MAX_NAME, check_id, check_text
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.lifecycle import current_database
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
    check_password_length,
    cost_of,
    hash_password,
    reveal_password,
    verify_password,
)
from triosigno_db.records import Selection, UserRecord, check_shape, default_shape
from triosigno_db.records.accounts import UserT

MAX_LOGIN = max(MAX_EMAIL, MAX_NAME)

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_user_by_login(selection: Selection) -> Any:
    """Select an account and its hash by e-mail address, ignoring case, or else by username.

    Addresses take precedence: nobody can log in to another account by using its address as a
    username.
    """
    login = Parameter("login").cast("text")
    has_address = peewee.fn.lower(User.email) == peewee.fn.lower(login)
    return (
        User.select(*columns(User, selection), User.id, User.is_active, User.password)
        .where(has_address | (User.username == login))
        .order_by((User.email == login).desc(), has_address.desc(), User.created_at, User.id)
        .limit(1)
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


def authenticate(
    email_or_username: str,
    password: str | SecretStr,
    *,
    shape: type[UserT] = default_shape(UserRecord),
) -> UserT:
    """Check the login and the password of a user.

    An unknown login takes as long as a wrong password. If the cost of the stored hash is below the
    `password_cost` setting, the hash is replaced by one of that cost, except inside
    `reading_from_replica()`.

    Args:
        email_or_username: The e-mail address, in any case, or the username.
        password: The plain-text password.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account.

    Raises:
        InvalidCredentialsError: No account has this login and password.
        AccountInactiveError: The login and the password are correct, but the account is
            deactivated.
        InvalidInputError: `email_or_username` is empty or longer than 254 characters.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    login = check_text("email_or_username", email_or_username, maximum=MAX_LOGIN)
    password = reveal_password("password", password)
    checked = check_shape(shape, UserRecord)
    selection = checked.selection
    row = fetch_one(select_user_by_login(selection), login=login)
    *values, user_id, is_active, password_hash = row or (None, None, None)
    cost = current_database().settings.password_cost
    if not verify_password(password, password_hash, cost=cost):
        raise InvalidCredentialsError
    if not is_active:
        raise AccountInactiveError(str(user_id))
    if (cost_of(password_hash) or cost) < cost and not is_read_only():
        _replace(user_id, password_hash, hash_password(password, cost=cost))
    return checked.from_row(values)


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
    user_id = check_id("user_id", user_id)
    current = reveal_password("current", current)
    new = check_password_length(reveal_password("new", new), "new")
    row = fetch_one(select_password(), user_id=user_id)
    if row is None:
        raise NotFoundError("User", user_id)
    cost = current_database().settings.password_cost
    if not verify_password(current, row[0], cost=cost):
        raise InvalidCredentialsError("The current password is wrong.")
    if not _replace(user_id, row[0], hash_password(new, cost=cost)):
        raise ConflictError("The password was changed in the meantime.")


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
    user_id = check_id("user_id", user_id)
    password = reveal_password("password", password)
    cost = current_database().settings.password_cost
    password_hash = hash_password(password, cost=cost)
    if not fetch_all(update_password(), user_id=user_id, password_hash=password_hash):
        raise NotFoundError("User", user_id)


def _replace(user_id: str, earlier_hash: str, password_hash: str) -> bool:
    return bool(
        fetch_all(
            replace_password(),
            user_id=user_id,
            earlier_hash=earlier_hash,
            password_hash=password_hash,
        )
    )
