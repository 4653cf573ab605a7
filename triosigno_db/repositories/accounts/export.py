"""Export: all data that is stored about one person."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import peewee
from pydantic.alias_generators import to_camel

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import Parameter, statement
from triosigno_db.errors import NotFoundError
from triosigno_db.models import BaseModel, User, UserPreference
from triosigno_db.models.fields import CreatedAtField
from triosigno_db.records import NO_COLUMNS, Selection, UserExport, check_shape, default_shape
from triosigno_db.records.accounts import UserExportT
from triosigno_db.repositories.accounts.preferences import NESTED, preferences_of
from triosigno_db.repositories.accounts.service_rows import (
    SERVICE_TABLES,
    column_set,
    exported_models,
    merged,
    select_rows,
    sort_key,
)
from triosigno_db.repositories.unions import ColumnSet, LevelUnion

ACCOUNT = 0

_LABELS = ("name", "title")
"""The fields that hold a readable name of a referenced row."""


class _Part(NamedTuple):
    """The rows of one table that belong to an account.

    Attributes:
        field: The field of the export that holds them.
        owner: The foreign key to the account.
        sort_column: The column that they are sorted by, followed by the id.
        labels: For each column that names a referenced row: the foreign key, and the field that it
            is read from.
    """

    field: str
    owner: Any
    sort_column: str
    labels: Mapping[str, tuple[Any, Any]]

    def columns(self, selection: Selection) -> ColumnSet:
        """Return the columns to read."""
        computed = {name: (label, label.field_type) for name, (_, label) in self.labels.items()}
        keys = ("id", self.sort_column)
        return ColumnSet(self.owner.model, selection, keys=keys, computed=computed)

    def select(self, selected: Iterable[Any]) -> Any:
        """Select the rows of one account."""
        query = self.owner.model.select(*selected)
        for reference, _ in self.labels.values():
            how = peewee.JOIN.LEFT_OUTER if reference.null else peewee.JOIN.INNER
            query = query.join_from(self.owner.model, reference.rel_model, how, on=reference)
        return query.where(self.owner == Parameter("user_id"))


def _part(owner: Any) -> _Part:
    model = owner.model
    labels = {
        to_camel(f"{reference.name}_{label}"): (reference, getattr(referred, label))
        for reference, referred in model._meta.refs.items()
        for label in _LABELS
        if referred is not User and hasattr(referred, label)
    }
    fields = model._meta.sorted_fields
    created = [each.column_name for each in fields if isinstance(each, CreatedAtField)]
    return _Part(to_camel(owner.backref), owner, (*created, "id")[0], labels)


PARTS = tuple(_part(owner) for owner in User._meta.backrefs if owner is not UserPreference.user)
"""All tables whose rows belong to an account, except the preferences, which are joined to it."""


Models = tuple[type[BaseModel], ...]


@cache
def _levels(selection: Selection, models: Models) -> LevelUnion:
    columns = tuple(name for name in selection.columns if name != SERVICE_TABLES)
    account = ColumnSet(
        User,
        selection._replace(columns=columns),
        keys=("id",),
        inside={NESTED: ColumnSet(UserPreference, preferences_of(selection), keys=("id",))},
        nested=tuple(part.field for part in PARTS),
    )
    parts = (part.columns(selection.inside(part.field) or NO_COLUMNS) for part in PARTS)
    return LevelUnion(account, *parts, *map(column_set, models))


@statement(reads_only=True)
def select_user_export(selection: Selection, models: Models) -> Any:
    """Select an account and all rows that belong to it in one snapshot, each with its level."""
    levels = _levels(selection, models)
    query: Any = (
        User.select(*levels.select(ACCOUNT))
        .join(UserPreference, peewee.JOIN.LEFT_OUTER, on=(UserPreference.user == User.id))
        .where(User.id == Parameter("user_id"))
    )
    for level, part in enumerate(PARTS, start=1):
        if selection.inside(part.field) is not None:
            query = query.union_all(part.select(levels.select(level)))
    for level, model in enumerate(models, start=1 + len(PARTS)):
        query = query.union_all(select_rows(model, levels.select(level)))
    return query


def export_user(
    user_id: str | UUID, *, shape: type[UserExportT] = default_shape(UserExport)
) -> UserExportT:
    """Read everything that is stored about one person, except the password hash.

    Args:
        user_id: The account's id.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The account with its preferences, progress, sessions and achievements, and the rows of
        services' tables that refer to it, oldest first.

    Raises:
        NotFoundError: The account does not exist.
        InvalidInputError: `user_id` is not a valid id.
        SchemaMismatchError: The table of a service is missing: its migrations are not deployed.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    checked = check_shape(shape, UserExport)
    selection = checked.selection
    models = exported_models() if SERVICE_TABLES in selection.columns else ()
    rows = fetch_all(select_user_export(selection, models), user_id=user_id)
    read_user, *readers = _levels(selection, models).readers
    values: dict[str, Any] = {part.field: [] for part in PARTS}
    tables: dict[Any, list[dict[str, Any]]] = {model: [] for model in models}
    found = False
    for row in rows:
        level = row[0]
        if level == ACCOUNT:
            found = True
            values |= read_user(row)
            if values[NESTED]["id"] is None:
                values[NESTED] = None
        elif level <= len(PARTS):
            values[PARTS[level - 1].field].append(readers[level - 1](row))
        else:
            found_row = merged(readers[level - 1](row))
            tables[models[level - 1 - len(PARTS)]].append(found_row)
    if not found:
        raise NotFoundError("User", user_id)
    for part in PARTS:
        values[part.field].sort(key=itemgetter(part.sort_column, "id"))
    values[SERVICE_TABLES] = {
        model._meta.table_name: sorted(found_rows, key=partial(sort_key, model))
        for model, found_rows in tables.items()
    }
    return checked.from_values(values, user_id)
