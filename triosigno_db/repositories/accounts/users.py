"""Users: create, find, list, update and delete accounts."""

from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import (
    MAX_EMAIL,
    MAX_NAME,
    check_bool,
    check_enum,
    check_input,
    check_text,
)
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.statements import NOW, Parameter, columns, statement
from triosigno_db.enums import UserRole
from triosigno_db.models import User, UserPreference
from triosigno_db.models.fields import new_id
from triosigno_db.models.search import USER_TEXT
from triosigno_db.passwords import hash_password, reveal_password
from triosigno_db.records import NewUser, Page, Selection, UserChanges, UserRecord, default_shape
from triosigno_db.records.accounts import UserT, UserWithPreferences, UserWithPreferencesT
from triosigno_db.repositories.accounts.preferences import NESTED, preferences_of, to_user
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, filtered, paged
from triosigno_db.repositories.rows import (
    delete_record,
    get_record,
    new_values,
    selection_of,
    update_record,
)
from triosigno_db.repositories.search import search_conditions, search_parameters

GIVEN = tuple(name for name in NewUser.model_fields if name != "password")
"""The attributes that are written unchanged; other columns get the defaults of the models."""

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def insert_user(selection: Selection) -> Any:
    """Insert an account and its default preferences atomically."""
    inside = preferences_of(selection)
    columns(User, selection, nested=(NESTED,))
    columns(UserPreference, inside)
    values = new_values(User, GIVEN)
    user = (
        User.insert({**values, User.password: Parameter("password_hash")})
        .returning(*User._meta.readable_columns().values())
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
        .returning(*UserPreference._meta.readable_columns().values())
        .cte("new_preferences")
    )
    selected = [user.c[name] for name in selection.columns]
    selected += [preferences.c.id, *(preferences.c[name] for name in inside.columns)]
    return peewee.Select((user, preferences), selected).with_cte(user, preferences)


@statement(reads_only=True)
def select_user_by_email(selection: Selection) -> Any:
    """Select an account by e-mail address, ignoring case; the same case first, then the oldest."""
    email = Parameter("email").cast("text")
    return (
        User.select(*columns(User, selection))
        .where(peewee.fn.lower(User.email) == peewee.fn.lower(email))
        .order_by((User.email == email).desc(), User.created_at, User.id)
        .limit(1)
    )


@statement(reads_only=True)
def select_user_by_username(selection: Selection) -> Any:
    """Select an account by username."""
    return User.select(*columns(User, selection)).where(User.username == Parameter("username"))


@statement(reads_only=True, prepared=False)
def select_users(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select the accounts that match the filters, newest first."""
    query = filtered(User.select(*columns(User, selection)), _conditions(filters))
    return paged(query, User.created_at, User.id, is_continued=is_continued, descending=True)


@statement(reads_only=True, prepared=False)
def count_matching_users(filters: tuple[str, ...]) -> Any:
    """Count the accounts that match the filters."""
    return filtered(User.select(peewee.fn.count(peewee.SQL("*"))), _conditions(filters))


def _conditions(filters: tuple[str, ...]) -> list[Any]:
    known = {"role": User.role, "is_active": User.is_active}
    names = (User.username, User.first_name, User.last_name)
    return [
        *(known[name] == Parameter(name) for name in filters if name in known),
        *search_conditions(USER_TEXT, names, filters),
    ]


# -- functions --------------------------------------------------------------------------------


def create_user(
    new: NewUser, *, shape: type[UserWithPreferencesT] = default_shape(UserWithPreferences)
) -> UserWithPreferencesT:
    """Create an account and its default preferences in one transaction.

    Args:
        new: The new account; its password is hashed with bcrypt at the cost set by `password_cost`.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account with its preferences.

    Raises:
        AlreadyExistsError: Another account has the same `email` or `username`; `field` says which.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    new = check_input("new", new, NewUser)
    role = check_enum("role", new.role, UserRole)
    chosen = insert_user(selection_of(shape))
    database = current_database()
    # Hashing takes longer than everything else: no connection is checked out meanwhile.
    password_hash = hash_password(
        reveal_password("password", new.password), cost=database.settings.password_cost
    )
    given = {name: getattr(new, name) for name in GIVEN} | {"role": role.value}
    (row,) = fetch_all(
        chosen, id=new_id(), preferences_id=new_id(), password_hash=password_hash, **given
    )
    return to_user(row, shape)


def get_user(user_id: str | UUID, *, shape: type[UserT] = default_shape(UserRecord)) -> UserT:
    """Read an account.

    Args:
        user_id: The account's id.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return get_record(User, "user_id", user_id, shape)


def find_user_by_email(
    email: str, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT | None:
    """Find the account with an e-mail address, ignoring case.

    Args:
        email: The address. If several accounts have addresses that differ only in case, which other
            software may have created, the one in the same case is returned, else the oldest.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account, or `None` if there is none.

    Raises:
        InvalidInputError: `email` is empty, or longer than an address can be.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    email = check_text("email", email, maximum=MAX_EMAIL)
    row = fetch_one(select_user_by_email(selection_of(shape)), email=email)
    return None if row is None else shape.from_row(row)


def find_user_by_username(
    username: str, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT | None:
    """Find the account with a username.

    Args:
        username: The username; case matters.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account, or `None` if there is none.

    Raises:
        InvalidInputError: `username` is empty or longer than 200 characters.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    username = check_text("username", username, maximum=MAX_NAME)
    row = fetch_one(select_user_by_username(selection_of(shape)), username=username)
    return None if row is None else shape.from_row(row)


def list_users(
    *,
    role: UserRole | None = None,
    is_active: bool | None = None,
    search: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[UserT] = default_shape(UserRecord),
) -> Page[UserT]:
    """List accounts, newest first.

    Args:
        role: Only accounts with this role.
        is_active: Only active accounts, or only deactivated ones.
        search: Only accounts whose e-mail address and names contain every word of this text,
            as in `search_signs`. A word of one or two letters must start a word.
        limit: The maximum number of accounts per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of accounts.

    Raises:
        InvalidInputError: A filter or `limit` is out of bounds, or the cursor does not belong to
            this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    filters = _check_filters(role, is_active, search)
    return fetch_page(select_users, shape, limit=limit, cursor=cursor, **filters)


def count_users(
    *, role: UserRole | None = None, is_active: bool | None = None, search: str | None = None
) -> int:
    """Count accounts.

    Args:
        role: Only accounts with this role.
        is_active: Only active accounts, or only deactivated ones.
        search: Only accounts that match this text, as in `list_users`.

    Returns:
        The number of accounts.

    Raises:
        InvalidInputError: A filter is out of bounds.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    filters = _check_filters(role, is_active, search)
    ((count,),) = fetch_all(count_matching_users(tuple(sorted(filters))), **filters)
    return int(count)


def update_user(
    user_id: str | UUID, changes: UserChanges, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT:
    """Update an account; fields that are not set keep their values.

    Args:
        user_id: The account's id.
        changes: The new values; a field that is set to `None` is cleared.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated account.

    Raises:
        NotFoundError: The account does not exist.
        AlreadyExistsError: Another account has the same `email` or `username`; `field` says which.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changes = check_input("changes", changes, UserChanges)
    return update_record(User, "user_id", user_id, changes.changed(), shape)


def set_role(
    user_id: str | UUID, role: UserRole, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT:
    """Set the role of an account.

    Args:
        user_id: The account's id.
        role: The new role.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated account.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id, or the role does not exist.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    role = check_enum("role", role, UserRole)
    return update_record(User, "user_id", user_id, {"role": role}, shape)


def deactivate_user(
    user_id: str | UUID, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT:
    """Deactivate an account so that it can no longer log in; its data is kept.

    Args:
        user_id: The account's id.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated account.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return update_record(User, "user_id", user_id, {"is_active": False}, shape)


def reactivate_user(
    user_id: str | UUID, *, shape: type[UserT] = default_shape(UserRecord)
) -> UserT:
    """Reactivate an account so that it can log in again.

    Args:
        user_id: The account's id.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated account.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return update_record(User, "user_id", user_id, {"is_active": True}, shape)


def delete_user(user_id: str | UUID) -> None:
    """Delete an account with its preferences, progress, sessions and achievements.

    Args:
        user_id: The account's id.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    delete_record(User, "user_id", user_id)


def _check_filters(role: object, is_active: object, search: object) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if role is not None:
        filters["role"] = check_enum("role", role, UserRole).value
    if is_active is not None:
        filters["is_active"] = check_bool("is_active", is_active)
    if search is not None:
        filters |= search_parameters("search", search)
    return filters
