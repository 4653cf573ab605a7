"""Users: create, get, list, update and delete accounts."""

from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import (
    check_bool,
    check_enum,
    check_id,
)
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.lifecycle import current_database, suspend_connection
from triosigno_db.database.statements import NOW, Parameter, columns, statement
from triosigno_db.enums import UserRole
from triosigno_db.errors import AlreadyExistsError, ConflictError, NotFoundError
from triosigno_db.models import User, UserPreference
from triosigno_db.models.fields import new_id
from triosigno_db.models.search import USER_TEXT
from triosigno_db.passwords import Secret, check_password, hash_password, hashes_password
from triosigno_db.records import (
    NewUser,
    Page,
    Selection,
    SignUp,
    UserChanges,
    UserRecord,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.accounts import UserT, UserWithPreferences, UserWithPreferencesT
from triosigno_db.repositories.accounts.logins import (
    keys_of_new,
    select_taken,
)
from triosigno_db.repositories.accounts.preferences import NESTED, preferences_of, to_user
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, filtered, paged
from triosigno_db.repositories.rows import (
    column,
    delete_record,
    get_record,
    insert_selected,
    new_values,
    read_written,
    update_record,
)
from triosigno_db.repositories.search import search_conditions, search_parameters

LOGINS = ("email", "username")
"""The attributes that no two accounts have in common, whatever their form."""

GIVEN = tuple(name for name in SignUp.model_fields if name != "password")
"""The attributes that are written unchanged; other columns get the defaults of the models."""

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def insert_user(selection: Selection) -> Any:
    """Insert an account and its default preferences atomically, unless its login is taken."""
    inside = preferences_of(selection)
    columns(User, selection, nested=(NESTED,))
    columns(UserPreference, inside)
    taken = select_taken(LOGINS).cte("taken")
    values = {**new_values(User, (*GIVEN, "role")), User.password: Parameter("password_hash")}
    user = (
        insert_selected(User, values, where=_is_free(taken))
        .returning(*User._meta.readable_columns().values())
        .cte("new_user")
    )
    preferences = (
        insert_selected(
            UserPreference,
            {
                UserPreference.id: Parameter("preferences_id"),
                UserPreference.user: user.c.id,
                UserPreference.updated_at: NOW,
            },
            source=user,
        )
        .returning(*UserPreference._meta.readable_columns().values())
        .cte("new_preferences")
    )
    selected = [taken.c.by_email, user.c.id]
    selected += [user.c[name] for name in selection.columns]
    selected += [preferences.c.id, *(preferences.c[name] for name in inside.columns)]
    always = peewee.SQL("true")
    joined = taken.left_outer_join(user, on=always).left_outer_join(preferences, on=always)
    return peewee.Select((joined,), selected).with_cte(taken, user, preferences)


@statement(reads_only=False)
def update_login(names: tuple[str, ...], selection: Selection) -> Any:
    """Update an account, its address or username included, unless another account has these."""
    key = Parameter("id")
    account = User.alias()
    exists = peewee.fn.EXISTS(account.select(peewee.SQL("1")).where(account.id == key))
    taken = select_taken(names, User.id != key, exists).cte("taken")
    values = {column(User, name): Parameter(name) for name in names}
    updated = (
        User.update({**values, User.updated_at: NOW})
        .where(User.id == key, _is_free(taken))
        .returning(User.id.alias("updated_id"), *columns(User, selection))
        .cte("updated")
    )
    selected = [taken.c.by_email, updated.c.updated_id]
    selected += [updated.c[name] for name in selection.columns]
    joined = taken.left_outer_join(updated, on=peewee.SQL("true"))
    return peewee.Select((joined,), selected).with_cte(taken, updated)


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


def _is_free(taken: Any) -> Any:
    one = peewee.Select((taken,), (peewee.SQL("1"),))
    return peewee.fn.EXISTS(one.where(taken.c.by_email.is_null()))


# -- functions --------------------------------------------------------------------------------


@hashes_password()
def create_user(
    new: SignUp, *, shape: type[UserWithPreferencesT] = default_shape(UserWithPreferences)
) -> UserWithPreferencesT:
    """Create an account and its default preferences in one transaction.

    Args:
        new: The new account; its password is hashed with bcrypt at the cost set by `password_cost`.
            Pass a `SignUp` if it was sent by anyone, and a `NewUser` to set the role.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The account with its preferences.

    Raises:
        AlreadyExistsError: Another account has the same `email` or `username`, perhaps in another
            case or form; `field` says which.
        ConflictError: A trigger or a rule in the database has discarded the account.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    new = check_input("new", new, NewUser, SignUp)
    checked = check_shape(shape, UserWithPreferences)
    chosen = insert_user(checked.selection)
    database = current_database()
    # Hashing takes longer than everything else: no connection is held meanwhile.
    suspend_connection()
    password = check_password("password", Secret.of(new.password))
    password_hash = hash_password(password, cost=database.settings.password_cost)
    role = new.role if isinstance(new, NewUser) else UserRole.STUDENT
    given = {name: getattr(new, name) for name in GIVEN}
    ((by_email, stored_id, *row),) = fetch_all(
        chosen,
        id=new_id(),
        preferences_id=new_id(),
        password_hash=password_hash,
        role=role,
        **given,
        **keys_of_new(given),
    )
    _refuse_taken(by_email, given)
    if stored_id is None:
        raise ConflictError("The account was not stored: a trigger or a rule has discarded it.")
    return read_written(to_user, row, checked, stored_id)


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
    return get_record(User, "user_id", user_id, check_shape(shape, UserRecord))


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
    checked = check_shape(shape, UserRecord)
    return fetch_page(select_users, checked, limit=limit, cursor=cursor, **filters)


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
        AlreadyExistsError: Another account has the same `email` or `username`, perhaps in another
            case or form; `field` says which.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, UserChanges).changed()
    checked = check_shape(shape, UserRecord)
    if changed.keys().isdisjoint(LOGINS):
        return update_record(User, "user_id", user_id, changed, checked)
    user_id = check_id("user_id", user_id)
    chosen = update_login(tuple(changed), checked.selection)
    ((by_email, found_id, *row),) = fetch_all(chosen, id=user_id, **changed, **keys_of_new(changed))
    _refuse_taken(by_email, changed)
    if found_id is None:
        raise NotFoundError("User", user_id)
    return read_written(checked.from_row, row, user_id)


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
    return update_record(User, "user_id", user_id, {"role": role}, check_shape(shape, UserRecord))


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
    checked = check_shape(shape, UserRecord)
    return update_record(User, "user_id", user_id, {"is_active": False}, checked)


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
    checked = check_shape(shape, UserRecord)
    return update_record(User, "user_id", user_id, {"is_active": True}, checked)


def delete_user(user_id: str | UUID) -> None:
    """Delete an account with its preferences, progress, sessions and achievements.

    What becomes of the rows of a service's table is what its foreign key says.

    Args:
        user_id: The account's id.

    Raises:
        NotFoundError: The account does not exist.
        InUseError: A service's table keeps rows of the account, and its foreign key forbids it.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    delete_record(User, "user_id", user_id)


def _refuse_taken(by_email: bool | None, values: dict[str, Any]) -> None:
    if by_email is not None:
        field = "email" if by_email else "username"
        raise AlreadyExistsError("User", field, values[field])


def _check_filters(role: object, is_active: object, search: object) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if role is not None:
        filters["role"] = check_enum("role", role, UserRole).value
    if is_active is not None:
        filters["is_active"] = check_bool("is_active", is_active)
    if search is not None:
        filters |= search_parameters("search", search)
    return filters
