"""Preferences: read them, with or without their account, and change them."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import NOW, Parameter, columns, statement
from triosigno_db.errors import NotFoundError
from triosigno_db.models import User, UserPreference
from triosigno_db.models.fields import new_id
from triosigno_db.records import (
    NO_COLUMNS,
    PreferenceChanges,
    PreferencesRecord,
    Record,
    Selection,
    Shape,
    UserWithPreferences,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.accounts import PreferencesT, UserWithPreferencesT
from triosigno_db.repositories.rows import column, fetch_record, fetch_written

RecordT = TypeVar("RecordT", bound=Record)

NESTED = "userPreferences"
"""The field of an account that holds its preferences."""


# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_user_with_preferences(selection: Selection) -> Any:
    """Select an account and its preferences, if it has any."""
    inside = preferences_of(selection)
    return (
        User.select(
            *columns(User, selection, nested=(NESTED,)),
            UserPreference.id,
            *columns(UserPreference, inside),
        )
        .join(UserPreference, peewee.JOIN.LEFT_OUTER, on=(UserPreference.user == User.id))
        .where(User.id == Parameter("user_id"))
    )


@statement(reads_only=True)
def select_preferences(selection: Selection) -> Any:
    """Select the preferences of an account."""
    return UserPreference.select(*columns(UserPreference, selection)).where(
        UserPreference.user == Parameter("user_id")
    )


@statement(reads_only=False)
def upsert_preferences(names: tuple[str, ...], selection: Selection) -> Any:
    """Update some preferences of an account, or insert them if it has none."""
    values = {column(UserPreference, name): Parameter(name) for name in names}
    first = {UserPreference.id: Parameter("id"), UserPreference.user: Parameter("user_id")}
    touched = {**values, UserPreference.updated_at: NOW}
    return (
        UserPreference.insert({**first, **touched})
        .on_conflict(conflict_target=(UserPreference.user,), update=touched)
        .returning(*columns(UserPreference, selection))
    )


# -- functions --------------------------------------------------------------------------------


def get_user_with_preferences(
    user_id: str | UUID, *, shape: type[UserWithPreferencesT] = default_shape(UserWithPreferences)
) -> UserWithPreferencesT:
    """Read an account with its preferences.

    Args:
        user_id: The account's id.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The account; `preferences` is `None` if it has no preferences.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    checked = check_shape(shape, UserWithPreferences)
    chosen = select_user_with_preferences(checked.selection)
    rows = fetch_all(chosen, user_id=user_id)
    if not rows:
        raise NotFoundError("User", user_id)
    return to_user(rows[0], checked, user_id)


def get_preferences(
    user_id: str | UUID, *, shape: type[PreferencesT] = default_shape(PreferencesRecord)
) -> PreferencesT:
    """Read the preferences of an account.

    Args:
        user_id: The account's id.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The preferences.

    Raises:
        NotFoundError: The account does not exist, or it has no preferences yet.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    checked = check_shape(shape, PreferencesRecord)
    chosen = select_preferences(checked.selection)
    return fetch_record(checked, "UserPreference", user_id, chosen, user_id=user_id)


def update_preferences(
    user_id: str | UUID,
    changes: PreferenceChanges,
    *,
    shape: type[PreferencesT] = default_shape(PreferencesRecord),
) -> PreferencesT:
    """Update the preferences of an account, or create them, in one atomic statement.

    Args:
        user_id: The account's id.
        changes: The new values; a field that is not set keeps its value, or gets its default if
            the preferences are created.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated preferences.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    changed = check_input("changes", changes, PreferenceChanges).changed()
    checked = check_shape(shape, PreferencesRecord)
    chosen = upsert_preferences(tuple(changed), checked.selection)
    return fetch_written(
        checked, f"of user {user_id}", chosen, id=new_id(), user_id=user_id, **changed
    )


# -- rows -------------------------------------------------------------------------------------


def preferences_of(selection: Selection) -> Selection:
    """Return the selection of the preferences of an account.

    Args:
        selection: The selection of the account.

    Returns:
        The columns of the preferences; none if they are not selected.
    """
    return selection.inside(NESTED) or NO_COLUMNS


def to_user(row: Sequence[Any], shape: Shape[RecordT], user_id: str) -> RecordT:
    """Build the record of an account and its preferences.

    Args:
        row: The columns of the account, the id of the preferences (`None` if there are none), and
            the columns of the preferences.
        shape: The checked shape.
        user_id: The id of the account, to name it in an error.

    Returns:
        The record.
    """
    selection = shape.selection
    width = len(selection.columns)
    values = dict(zip(selection.columns, row, strict=False))
    for name, inside in selection.nested:
        found = None if row[width] is None else zip(inside.columns, row[width + 1 :], strict=True)
        values[name] = found and dict(found)
    return shape.from_values(values, user_id)
