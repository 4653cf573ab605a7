"""The constraints of the models as SQL: primary keys, foreign keys, checks and others."""

from collections.abc import Iterator

import peewee

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import InvalidInputError
from triosigno_db.models import BaseModel
from triosigno_db.schema.ddl_values import write_node


def define_primary_key(model: type[BaseModel]) -> str | None:
    """Write the primary key of a table.

    Args:
        model: The model.

    Returns:
        The constraint as in CREATE TABLE; `None` if the table has no primary key.
    """
    columns = [identifier(field.column_name) for field in model._meta.get_primary_keys()]
    if not columns:
        return None
    name = identifier(model._meta.primary_key_name())
    return f"CONSTRAINT {name} PRIMARY KEY ({', '.join(columns)})"


def add_foreign_keys(model: type[BaseModel]) -> Iterator[str]:
    """Write the statements that add the foreign keys of a table.

    Args:
        model: The model.

    Yields:
        A statement for each foreign key, with a comment.
    """
    for name, field in model._meta.foreign_keys_by_name().items():
        clauses = (
            f"FOREIGN KEY ({identifier(field.column_name)})",
            f"REFERENCES {identifier(field.rel_model._meta.table_name)}"
            f"({identifier(field.rel_field.column_name)})",
            field.on_delete and f"ON DELETE {field.on_delete}",
            field.on_update and f"ON UPDATE {field.on_update}",
            field.deferrable and f"DEFERRABLE {field.deferrable}",
        )
        yield (
            f"-- AddForeignKey\nALTER TABLE {identifier(model._meta.table_name)} "
            f"ADD CONSTRAINT {identifier(name)} {' '.join(filter(None, clauses))};"
        )


def add_constraints(model: type[BaseModel]) -> Iterator[str]:
    """Write the statements that add the checks and other constraints of a table.

    Args:
        model: The model.

    Yields:
        A statement for each entry of `Meta.checks` and `Meta.constraints`, with a comment.

    Raises:
        InvalidInputError: A constraint is not SQL.
    """
    alter = f"-- AddConstraint\nALTER TABLE {identifier(model._meta.table_name)} ADD"
    for name, condition in model._meta.checks:
        yield f"{alter} CONSTRAINT {identifier(name)} CHECK ({condition});"
    subject = f"{model.__name__} Meta.constraints"
    for node in model._meta.constraints or ():
        if not isinstance(node, peewee.Node):
            raise InvalidInputError(subject, "each must be Check(...) or SQL(...)")
        yield f"{alter} {write_node(subject, node)};"
