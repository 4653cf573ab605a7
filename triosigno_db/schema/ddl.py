"""The models as SQL, in the form that the engine of Prisma generates for the same schema.

What a model says is made exactly so, as Peewee makes it, or refused before anything is sent.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.models.fields import EnumField
from triosigno_db.models.peewee_internals import element_field
from triosigno_db.schema.ddl_columns import define_column
from triosigno_db.schema.ddl_constraints import (
    add_constraints,
    add_foreign_keys,
    define_primary_key,
)
from triosigno_db.schema.ddl_indexes import create_indexes
from triosigno_db.schema.ddl_tables import refuse_tables
from triosigno_db.schema.own_objects import fold_script, keys_script, search_index_script


def enums(models: Iterable[type[BaseModel]] = MODELS) -> tuple[type[StrEnum], ...]:
    """List the enums of the columns of some models.

    Args:
        models: The models; by default those of the library.

    Returns:
        The enums without duplicates, in the order of the models.
    """
    fields = [element_field(field) for model in models for field in model._meta.sorted_fields]
    return tuple(dict.fromkeys(f.enum for f in fields if isinstance(f, EnumField)))


def to_sql(models: Sequence[type[BaseModel]] = MODELS) -> str:
    """Generate the SQL that creates the tables of some models in the current schema.

    Args:
        models: The models; by default those of the library, as `create_schema()` creates them.

    Returns:
        The statements for enum types, tables, indexes, foreign keys and checks, each with a
        comment. For models of the library also: the search indexes, if the server has `pg_trgm`;
        and the function of searches and the table of idempotency keys, if they do not exist in the
        library's schema.

    Raises:
        InvalidInputError: A model says something that can't be made; the error names the model, the
            field and the option.
    """
    refuse_tables(models, enums(models))
    parts = (
        *map(_create_enum, enums(models)),
        *map(_create_table, models),
        *(statement for model in models for statement in create_indexes(model)),
        *(statement for model in models for statement in add_foreign_keys(model)),
        *(statement for model in models for statement in add_constraints(model)),
        *_own_scripts(models),
    )
    return "\n\n".join(parts) + "\n"


def drop_script(tables: list[str], enum_types: list[str]) -> str:
    """Generate the SQL that drops tables and enum types; it fails if other objects need them.

    Args:
        tables: The names of tables in the current schema.
        enum_types: The names of enum types in the current schema.

    Returns:
        The statements.
    """
    statements = []
    if tables:
        statements.append(f"DROP TABLE {', '.join(map(identifier, tables))};")
    if enum_types:
        statements.append(f"DROP TYPE {', '.join(map(identifier, enum_types))};")
    return "\n".join(statements)


def _own_scripts(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    if any(model in MODELS for model in models):
        yield fold_script()
        yield search_index_script()
        yield keys_script()


def _create_enum(enum: type[StrEnum]) -> str:
    labels = ", ".join(literal(label.value) for label in enum)
    return f"-- CreateEnum\nCREATE TYPE {identifier(enum.__name__)} AS ENUM ({labels});"


def _create_table(model: type[BaseModel]) -> str:
    body = ",\n".join(f"    {define_column(field)}" for field in model._meta.sorted_fields)
    key = define_primary_key(model)
    if key:
        body += f",\n\n    {key}"  # as Prisma writes it: after an empty line
    return f"-- CreateTable\nCREATE TABLE {identifier(model._meta.table_name)} (\n{body}\n);"
