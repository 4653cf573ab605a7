"""The models as a Prisma schema.

https://www.prisma.io/docs/orm/reference/prisma-schema-reference
"""

from collections.abc import Iterator
from typing import Any

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
_TYPES = {"TEXT": "String", "INT": "Int", "BOOL": "Boolean", "TIMESTAMP(3)": "DateTime"}
_ACTIONS = {"CASCADE": "Cascade", "RESTRICT": "Restrict"}
_DEFAULT_ACTION = "RESTRICT"


def to_prisma(*, prisma: int = 7) -> str:
    """Generate the Prisma schema of the models, for Node.js services.

    Args:
        prisma: The major version of Prisma that reads it, 6 or 7. For 6 the datasource has a `url`,
            which Prisma 7 refuses.

    Returns:
        The text of `schema.prisma`, with an `@@index` for each index on columns. CHECK constraints
        and indexes on expressions are omitted, because Prisma does not support them.

    Raises:
        InvalidInputError: `prisma` is another version.
    """
    if prisma not in _DATASOURCES:
        raise InvalidInputError("prisma", "must be 6 or 7")
    blocks = [_GENERATOR, _DATASOURCES[prisma]]
    blocks += [_block(f"enum {enum.__name__}", [[label] for label in enum]) for enum in enums()]
    blocks += [_block(f"model {model.__name__}", list(_lines(model))) for model in MODELS]
    return "\n\n".join(blocks) + "\n"


def _block(title: str, lines: list[list[str]]) -> str:
    """Format a block with aligned columns, as the formatter of Prisma does."""
    rows = [line for line in lines if len(line) > 1]
    widths = [max(len(row[place]) for row in rows) for place in range(2)] if rows else []
    written = []
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        written.append(("  " + " ".join([*cells, *line[len(cells) :]])).rstrip())
    return "\n".join((f"{title} {{", *written, "}"))


def _lines(model: type[BaseModel]) -> Iterator[list[str]]:
    for field in model._meta.sorted_fields:
        if isinstance(field, peewee.ForeignKeyField):
            yield _relation(field)
            yield [field.column_name, "String", *(["@unique"] if field.unique else [])]
        else:
            yield [field.column_name, _type(field), *_attributes(field)]
    for field, other in model._meta.backrefs.items():
        kind = f"{other.__name__}?" if field.unique else f"{other.__name__}[]"
        yield [to_camel(field.backref), kind]
    yield from _indexes(model)


def _relation(field: Any) -> list[str]:
    action = ""
    if field.on_delete != _DEFAULT_ACTION:
        action = f", onDelete: {_ACTIONS[field.on_delete]}"
    relation = f"@relation(fields: [{field.column_name}], references: [id]{action})"
    return [to_camel(field.name), field.rel_model.__name__, relation]


def _type(field: Any) -> str:
    name = field.enum.__name__ if isinstance(field, EnumField) else _TYPES[field.field_type]
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
    lines = []
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
