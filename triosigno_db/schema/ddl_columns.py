"""The columns of the models as SQL: type, collation, nullability, default, constraints."""

import re
from typing import Any

import peewee

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import InvalidInputError
from triosigno_db.models.base import PrismaMetadata
from triosigno_db.models.peewee_internals import column_type
from triosigno_db.schema.ddl_values import write_default, write_node

_MODIFIERS = re.compile(r"\((\d+), (\d+)\)")
_GIVES_VALUE = re.compile(r"DEFAULT\b|GENERATED\b", re.IGNORECASE)

_REFUSED_TYPES = {
    "": "it has no type: use a field that has one",
    "ANY": "the type ANY is of SQLite: use a field with a type of PostgreSQL",
    "HSTORE": "the type hstore needs an extension, which no migration creates: use BinaryJSONField",
}


def subject_of(field: Any) -> str:
    """Name a field in an error.

    Args:
        field: The field.

    Returns:
        `Model.attribute`.
    """
    return f"{field.model.__name__}.{field.name}"


def define_column(field: Any) -> str:
    """Write the definition of a column.

    Args:
        field: The field.

    Returns:
        The definition as in CREATE TABLE.

    Raises:
        InvalidInputError: The field says something that can't be made.
    """
    _refuse(field)
    subject = subject_of(field)
    constraints = [write_node(subject, node) for node in field.constraints or ()]
    parts = [identifier(field.column_name), write_type(field)]
    if field.collation:
        parts.append(f"COLLATE {field.collation}")
    if not field.null:
        parts.append("NOT NULL")
    if not any(map(_GIVES_VALUE.match, constraints)):
        default = write_default(subject, field)
        if default is not None:
            parts.append(f"DEFAULT {default}")
    return " ".join((*parts, *constraints))


def write_type(field: Any) -> str:
    """Write the type of a column as Prisma does.

    Args:
        field: The field.

    Returns:
        The SQL type.

    Raises:
        InvalidInputError: A column of PostgreSQL can't have the type.
    """
    written = _MODIFIERS.sub(r"(\1,\2)", column_type(field))
    if written in _REFUSED_TYPES:
        raise InvalidInputError(subject_of(field), _REFUSED_TYPES[written])
    return written


def _refuse(field: Any) -> None:
    subject = subject_of(field)
    if isinstance(field, peewee.DeferredForeignKey):
        raise InvalidInputError(
            subject,
            f"no model {field.rel_model_name} is defined: import the module that defines it",
        )
    if isinstance(field, peewee.ForeignKeyField):
        _refuse_reference(subject, field)
    if field.unindexed:
        raise InvalidInputError(subject, "unindexed= is of SQLite: leave it out")
    if field.sequence:
        raise InvalidInputError(
            subject, "sequence= is not supported: use AutoField, BigAutoField or IdentityField"
        )
    if not all(isinstance(node, peewee.Node) for node in field.constraints or ()):
        raise InvalidInputError(
            subject, "constraints= must be Check(...), Default(...) or SQL(...)"
        )


def _refuse_reference(subject: str, field: Any) -> None:
    target, referred = field.rel_field, field.rel_model
    if not isinstance(target, peewee.Field) or isinstance(target, peewee.CompositeKey):
        raise InvalidInputError(
            subject,
            f"{referred.__name__} has no primary key of one column: name a unique one by field=",
        )
    if not (target.primary_key or target.unique or _is_unique(referred, target)):
        raise InvalidInputError(
            subject, f"{subject_of(target)}, which it refers to, must be unique: add unique=True"
        )


def _is_unique(model: Any, target: Any) -> bool:
    return isinstance(model._meta, PrismaMetadata) and any(
        index.is_unique and index.where is None and index.parts == (target,)
        for index in model._meta.indexes_by_name().values()
    )
