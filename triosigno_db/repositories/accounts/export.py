"""Export: everything that is stored about one person, for whoever asks to see it."""

from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import Parameter, statement
from triosigno_db.errors import NotFoundError
from triosigno_db.models import (
    Achievement,
    LearningSession,
    Lesson,
    Progress,
    Sign,
    User,
    UserAchievement,
    UserPreference,
)
from triosigno_db.records import Selection, UserExport, default_shape
from triosigno_db.records.accounts import UserExportT
from triosigno_db.repositories.accounts.preferences import NESTED, preferences_of
from triosigno_db.repositories.rows import selection_of
from triosigno_db.repositories.unions import ColumnSet, LevelUnion

ACCOUNT = 0

# What belongs to an account: the field that holds it, the model, the model that names a row and its
# name's column, and when a row was made.
_PARTS: tuple[tuple[str, Any, Any, str, Any, str], ...] = (
    ("progress", Progress, Sign, "signName", Sign.name, "createdAt"),
    ("sessions", LearningSession, Lesson, "lessonTitle", Lesson.title, "startTime"),
    (
        "achievements",
        UserAchievement,
        Achievement,
        "achievementName",
        Achievement.name,
        "achievedAt",
    ),
)


@cache
def _levels(selection: Selection) -> LevelUnion:
    nested = tuple(field for field, *_ in _PARTS)
    account = ColumnSet(
        User,
        selection,
        keys=("id",),
        inside={NESTED: ColumnSet(UserPreference, preferences_of(selection), keys=("id",))},
        nested=nested,
    )
    parts = [
        ColumnSet(
            model,
            selection.inside(field) or Selection(()),
            keys=("id", made),
            computed={name: (named, named.field_type)},
        )
        for field, model, _, name, named, made in _PARTS
    ]
    return LevelUnion(account, *parts)


@statement(reads_only=True)
def select_user_export(selection: Selection) -> Any:
    """An account and all rows that belong to it, in one snapshot; each is tagged with its kind."""
    levels = _levels(selection)
    query: Any = (
        User.select(*levels.select(ACCOUNT))
        .join(UserPreference, peewee.JOIN.LEFT_OUTER, on=(UserPreference.user == User.id))
        .where(User.id == Parameter("user_id"))
    )
    for level, (field, model, naming, *_) in enumerate(_PARTS, start=1):
        if selection.inside(field) is not None:
            query = query.union_all(
                model.select(*levels.select(level))
                .join(naming)
                .where(model.user == Parameter("user_id"))
            )
    return query


def export_user(
    user_id: str | UUID, *, shape: type[UserExportT] = default_shape(UserExport)
) -> UserExportT:
    """Read everything that is stored about one person, less the password's hash.

    Args:
        user_id: The account's id.
        shape: The record to return, with fewer fields, also in the records inside.

    Returns:
        The account with its preferences, progress, sessions and achievements, the oldest first.

    Raises:
        NotFoundError: There is no such account.
        InvalidInputError: `user_id` is no UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    selection = selection_of(shape)
    rows = fetch_all(select_user_export(selection), user_id=user_id)
    read_user, *readers = _levels(selection).readers
    values: dict[str, Any] = {field: [] for field, *_ in _PARTS}
    found = False
    for row in rows:
        level = row[0]
        if level == ACCOUNT:
            found = True
            values |= read_user(row)
            if values[NESTED]["id"] is None:
                values[NESTED] = None
        else:
            values[_PARTS[level - 1][0]].append(readers[level - 1](row))
    if not found:
        raise NotFoundError("User", user_id)
    for field, *_, made in _PARTS:
        values[field].sort(key=itemgetter(made, "id"))
    return shape.from_values(values)
