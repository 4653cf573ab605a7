"""Accounts: what a service can do with users and their preferences."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import peewee
from pydantic import SecretStr

from triosigno_db.arguments import check_id, check_input
from triosigno_db.database import current_database, fetch_all, fetch_one
from triosigno_db.errors import NotFoundError
from triosigno_db.models import User, UserPreference
from triosigno_db.models.fields import new_id
from triosigno_db.passwords import hash_password
from triosigno_db.records import NewUser, PreferencesRecord, UserRecord, UserWithPreferences
from triosigno_db.statements import NOW, Parameter, columns, statement


@statement(reads_only=True)
def user_with_preferences() -> Any:
    """One account and, where it has such a row, its preferences."""
    return (
        User.select(*columns(User, UserRecord), *columns(UserPreference, PreferencesRecord))
        .join(UserPreference, peewee.JOIN.LEFT_OUTER, on=(UserPreference.user == User.id))
        .where(User.id == Parameter("user_id"))
    )


@statement(reads_only=False)
def new_user_with_preferences() -> Any:
    """Make an account and its default preferences, both or neither."""
    # Columns that are not named here take the models' own defaults.
    user = (
        User.insert(
            {
                User.id: Parameter("user_id"),
                User.email: Parameter("email"),
                User.username: Parameter("username"),
                User.password: Parameter("password_hash"),
                User.first_name: Parameter("first_name"),
                User.last_name: Parameter("last_name"),
                User.role: Parameter("role"),
                User.profile_picture: Parameter("profile_picture"),
                User.created_at: NOW,
                User.updated_at: NOW,
            }
        )
        .returning(*columns(User, UserRecord))
        .cte("new_user")
    )
    preferences = (
        UserPreference.insert(
            {
                UserPreference.id: Parameter("preferences_id"),
                UserPreference.user: peewee.Select((user,), (user.c.id,)),
                UserPreference.updated_at: NOW,
            }
        )
        .returning(*columns(UserPreference, PreferencesRecord))
        .cte("new_preferences")
    )
    selected = [user.c[name] for name in UserRecord.column_names()]
    selected += [preferences.c[name] for name in PreferencesRecord.column_names()]
    return peewee.Select((user, preferences), selected).with_cte(user, preferences)


def create_user(new_user: NewUser) -> UserWithPreferences:
    """Make an account and its default preferences in one transaction.

    Args:
        new_user: The account; its password is hashed with bcrypt, at the cost in the settings.

    Returns:
        The account with its preferences.

    Raises:
        AlreadyExistsError: Another account has this `email` or `username`; `field` says which.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    new_user = check_input("new_user", new_user, NewUser)
    database = current_database()
    # Hashing takes longer than all else: no connection waits for it.
    password_hash = hash_password(_reveal(new_user.password), cost=database.settings.password_cost)
    rows = fetch_all(
        new_user_with_preferences,
        user_id=new_id(),
        preferences_id=new_id(),
        email=new_user.email,
        username=new_user.username,
        password_hash=password_hash,
        first_name=new_user.first_name,
        last_name=new_user.last_name,
        role=new_user.role.value,
        profile_picture=new_user.profile_picture,
    )
    return _to_user_with_preferences(rows[0])


def get_user_with_preferences(user_id: str | UUID) -> UserWithPreferences:
    """Read an account with its preferences.

    Args:
        user_id: The account's id.

    Returns:
        The account; `preferences` is `None` where it has no such row.

    Raises:
        NotFoundError: There is no such account.
        InvalidInputError: `user_id` is no UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    row = fetch_one(user_with_preferences, user_id=user_id)
    if row is None:
        raise NotFoundError("User", user_id)
    return _to_user_with_preferences(row)


def _to_user_with_preferences(row: Sequence[Any]) -> UserWithPreferences:
    width = len(UserRecord.column_names())
    preferences = row[width:]
    return UserWithPreferences.model_validate(
        UserRecord.values_of(row[:width])
        | {
            "userPreferences": PreferencesRecord.values_of(preferences)
            if preferences[0] is not None
            else None
        }
    )


def _reveal(password: str | SecretStr) -> str:
    return password.get_secret_value() if isinstance(password, SecretStr) else password
