"""The models as a Prisma schema.

https://www.prisma.io/docs/orm/reference/prisma-schema-reference
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import peewee
from pydantic.alias_generators import to_camel

from triosigno_db.errors import InvalidInputError
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.models.fields import CreatedAtField, EnumField, UpdatedAtField
from triosigno_db.schema.ddl import enums

_GENERATOR = """\
generator client {
  provider = "prisma-client-js"
}"""
_DATASOURCES = {
    6: """\
datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}""",
    # The URL is a part of prisma.config.ts, and an error here.
    7: """\
datasource db {
  provider = "postgresql"
}""",
}
_TYPES = {
    "TEXT": "String",
    "INT": "Int",
    "DOUBLE PRECISION": "Float",
    "BOOL": "Boolean",
    "TIMESTAMP(3)": "DateTime",
}
_ACTIONS = {"CASCADE": "Cascade", "RESTRICT": "Restrict", "SET NULL": "SetNull"}


class Names(NamedTuple):
    """Gives the names that models, fields and enums have in a schema.

    Attributes:
        of_model: Of a model.
        of_field: Of a field.
        of_enum: Of an enum.
    """

    of_model: Callable[[type[BaseModel]], str]
    of_field: Callable[[Any], str]
    of_enum: Callable[[type[StrEnum]], str]


OWN_NAMES = Names(
    lambda model: model.__name__, lambda field: str(field.column_name), lambda enum: enum.__name__
)
"""The names that are those in the database as well."""


def to_prisma(*, prisma: int = 7, models: Sequence[type[BaseModel]] = MODELS) -> str:
    """Generate the Prisma schema of the models, for Node.js services.

    Args:
        prisma: The major version of Prisma that reads it, 6 or 7. For 6 the datasource has a `url`,
            which Prisma 7 refuses.
        models: The models. By default those of the library.

    Returns:
        The text of `schema.prisma`, with an `@@index` for each index on columns. CHECK constraints
        and indexes on expressions are omitted, because Prisma does not support them.

    Raises:
        InvalidInputError: `prisma` is another version, or a column has a type that Prisma does not
            have.
    """
    if prisma not in _DATASOURCES:
        raise InvalidInputError("prisma", "must be 6 or 7")
    blocks = [_GENERATOR, _DATASOURCES[prisma]]
    blocks += [enum_block(enum) for enum in enums(models)]
    blocks += [model_block(model, models) for model in models]
    return "\n\n".join(blocks) + "\n"


def enum_block(enum: type[StrEnum]) -> str:
    """Generate the block of an enum.

    Args:
        enum: The enum.

    Returns:
        The text, without a line end.
    """
    return _block(f"enum {enum.__name__}", [[label] for label in enum])


def model_block(
    model: type[BaseModel], models: Sequence[type[BaseModel]], names: Names = OWN_NAMES
) -> str:
    """Generate the block of a model.

    Args:
        model: The model.
        models: The models of the schema: others have no relation to this one there.
        names: The names in the schema. By default those of the database.

    Returns:
        The text, without a line end.
    """
    lines = [line for field in model._meta.sorted_fields for line in field_lines(field, names)]
    for field, other in model._meta.backrefs.items():
        if other in models:
            lines.append(opposite_line(field, names))
    lines += _indexes(model)
    return _block(f"model {model.__name__}", lines)


def _block(title: str, lines: list[list[str]]) -> str:
    """Format a block with aligned columns, as the formatter of Prisma does."""
    rows = [line for line in lines if len(line) > 1]
    widths = [max(len(row[place]) for row in rows) for place in range(2)] if rows else []
    written = []
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        written.append(("  " + " ".join([*cells, *line[len(cells) :]])).rstrip())
    return "\n".join((f"{title} {{", *written, "}"))


def field_lines(field: Any, names: Names = OWN_NAMES) -> Iterator[list[str]]:
    """Generate the lines of a field: for a foreign key the relation, then its column.

    Args:
        field: The field.
        names: As for `model_block`.

    Yields:
        The words of each line.
    """
    if isinstance(field, peewee.ForeignKeyField):
        yield _relation(field, names)
        yield [field.column_name, _type(field, names), *(["@unique"] if field.unique else [])]
    else:
        yield [field.column_name, _type(field, names), *_attributes(field)]


def opposite_line(field: Any, names: Names = OWN_NAMES) -> list[str]:
    """Generate the line of the model that a foreign key refers to, which Prisma asks for.

    Args:
        field: The foreign key.
        names: As for `model_block`.

    Returns:
        The words of the line.
    """
    name = names.of_model(field.model)
    line = [to_camel(field.backref), f"{name}?" if field.unique else f"{name}[]"]
    relation = _relation_name(field)
    return [*line, f'@relation("{relation}")'] if relation else line


def _relation(field: Any, names: Names) -> list[str]:
    action = ""
    if field.on_delete != ("SET NULL" if field.null else "RESTRICT"):
        action = f", onDelete: {_ACTIONS[field.on_delete]}"
    name = _relation_name(field)
    named = f'"{name}", ' if name else ""
    keys = f"fields: [{field.column_name}], references: [{names.of_field(field.rel_field)}]"
    kind = names.of_model(field.rel_model) + "?" * field.null
    return [to_camel(field.name), kind, f"@relation({named}{keys}{action})"]


def _relation_name(field: Any) -> str | None:
    """Name a relation if its two models do not tell it from others."""
    model = field.model
    same = [each for each, referred in model._meta.refs.items() if referred is field.rel_model]
    is_ambiguous = len(same) > 1 or field.rel_model is model
    return f"{model.__name__}_{to_camel(field.name)}" if is_ambiguous else None


def _type(field: Any, names: Names) -> str:
    if isinstance(field, EnumField):
        name = names.of_enum(field.enum)
    elif field.field_type in _TYPES:
        name = _TYPES[field.field_type]
    else:
        why = f"has the type {field.field_type}, which the Prisma schema does not have"
        raise InvalidInputError(f"{field.model.__name__}.{field.name}", why)
    return f"{name}?" if field.null else name


def _attributes(field: Any) -> Iterator[str]:
    if field.primary_key:
        yield "@id @default(uuid())"
    elif isinstance(field, UpdatedAtField):
        yield "@updatedAt"
    elif isinstance(field, CreatedAtField):
        yield "@default(now())"
    elif field.default is not None:
        yield f"@default({_default(field)})"
    if field.unique:
        yield "@unique"


def _default(field: Any) -> str:
    match field.default:
        case bool() as value:
            return str(value).lower()
        case str() as text if not isinstance(field, EnumField):
            return f'"{text}"'
        case other:
            return str(other)


def _indexes(model: type[BaseModel]) -> Iterator[list[str]]:
    lines: list[list[str]] = []
    for index in model._meta.indexes_by_name().values():
        fields = index.parts
        plain = all(isinstance(field, peewee.Field) for field in fields)
        if not plain or (index.is_unique and len(fields) == 1):
            continue
        names = ", ".join(field.column_name for field in fields)
        lines.append([f"@@{'unique' if index.is_unique else 'index'}([{names}])"])
    if lines:
        yield [""]
        yield from lines
