"""The indexes of the models as SQL."""

from collections.abc import Iterator
from typing import Any

import peewee

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import InvalidInputError
from triosigno_db.models import BaseModel
from triosigno_db.models.peewee_internals import IndexParts
from triosigno_db.schema.ddl_values import write_node


def create_indexes(model: type[BaseModel]) -> Iterator[str]:
    """Write the statements that create the indexes of a model.

    Args:
        model: The model.

    Yields:
        A statement for each index, with a comment.

    Raises:
        InvalidInputError: An index is given as a statement, or two have one name.
    """
    indexes = model._meta.fields_to_index()
    by_name = model._meta.indexes_by_name()
    if not all(isinstance(index, peewee.Index) for index in indexes):
        raise InvalidInputError(
            f"{model.__name__} indexes",
            "an index can't be a statement: use Model.index(..., name=, using=, where=, unique=)",
        )
    if len(by_name) < len(indexes):
        raise InvalidInputError(
            f"{model.__name__} indexes",
            "two of them have the same columns, and one name: give name= to one of them",
        )
    for index in by_name.values():
        yield f"-- CreateIndex\n{_create_index(model, index)};"


def _create_index(model: type[BaseModel], index: IndexParts) -> str:
    subject = f"{model.__name__} index {index.name}"
    unique = "UNIQUE " if index.is_unique else ""
    table = identifier(model._meta.table_name)
    using = f" USING {index.using} " if index.using else ""
    parts = ", ".join(_write_part(subject, part) for part in index.parts)
    nulls = " NULLS NOT DISTINCT" if index.nulls_distinct is False else ""
    where = "" if index.where is None else f" WHERE {write_node(subject, index.where)}"
    return f"CREATE {unique}INDEX {identifier(index.name)} ON {table}{using}({parts}){nulls}{where}"


def _write_part(subject: str, part: Any) -> str:
    if not isinstance(part, str | peewee.Node):
        raise InvalidInputError(subject, f"a column or an expression was expected, not {part!r}")
    return write_node(subject, part)
