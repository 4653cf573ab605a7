"""The rows of services' tables that belong to an account, as a part of its export."""

from collections.abc import Iterator
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

import peewee

from triosigno_db.database.statements import Parameter
from triosigno_db.models import BaseModel, User, service_models
from triosigno_db.models.fields import CreatedAtField, TimestampField
from triosigno_db.records import Selection
from triosigno_db.repositories.unions import ColumnSet

SERVICE_TABLES = "serviceTables"
"""The field of an export that holds the rows, by table."""

_MAX_COLUMNS = 50
"""The maximum number of columns of one JSON object: a function takes 100 arguments."""

_JAVASCRIPT = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'


def exported_models() -> tuple[type[BaseModel], ...]:
    """List the models of services whose rows belong to an account, and are exported.

    Returns:
        The models with a foreign key to `User`, unless their `Meta` says `exported = False`.
    """
    return tuple(each for each in service_models() if each._meta.exported and _owners(each))


def column_set(model: type[BaseModel]) -> ColumnSet:
    """Return the columns of a level that holds the rows of a model as JSON.

    Args:
        model: The model.

    Returns:
        The columns: JSON objects that together have all columns of a row, but secret ones.
    """
    objects = {f"part{number}": (each, "json") for number, each in enumerate(_objects(model))}
    return ColumnSet(model, Selection(tuple(objects)), computed=objects)


def select_rows(model: type[BaseModel], selected: list[Any]) -> Any:
    """Select the rows of one account.

    Args:
        model: The model.
        selected: The expressions to select.

    Returns:
        The query, with the parameter `user_id`; it includes a row that any of its foreign keys
        gives to the account.
    """
    conditions = [owner == Parameter("user_id") for owner in _owners(model)]
    return model.select(*selected).where(reduce(or_, conditions))


def merged(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Merge the JSON objects of one row.

    Args:
        parts: The objects by name, in order.

    Returns:
        The values by column.
    """
    return {name: value for part in parts.values() for name, value in part.items()}


def sort_key(model: type[BaseModel], row: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the rows of a model are sorted by.

    Args:
        model: The model.
        row: The values by column.

    Returns:
        The time of creation, if the model has one, then the primary key.
    """
    fields: list[Any] = [*model._meta.sorted_fields]
    created = [each for each in fields if isinstance(each, CreatedAtField)]
    keys = [*created[:1], *model._meta.get_primary_keys()]
    return tuple(row.get(each.column_name) or "" for each in keys)


def _owners(model: type[BaseModel]) -> list[Any]:
    return [field for field, referred in model._meta.refs.items() if referred is User]


def _objects(model: type[BaseModel]) -> Iterator[Any]:
    columns = iter(model._meta.readable_columns().items())
    while fields := tuple(islice(columns, _MAX_COLUMNS)):
        pairs = [part for name, field in fields for part in (name, _value(field))]
        yield peewee.Function("pg_catalog.json_build_object", pairs)


def _value(field: Any) -> Any:
    if isinstance(field, TimestampField):
        return peewee.Function("pg_catalog.to_char", (field, _JAVASCRIPT))
    return field
