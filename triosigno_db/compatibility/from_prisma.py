"""The structure of the database that Prisma makes of a `schema.prisma`."""

from collections.abc import Iterable, Iterator, Sequence

from triosigno_db.compatibility.structure import Column, Index, Reference, Structure, Table
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_nodes import (
    Attribute,
    Enum,
    Field,
    Model,
    list_items,
    unquote,
)

# https://www.prisma.io/docs/orm/reference/prisma-schema-reference#model-field-scalar-types
_TYPES = {
    "String": "text",
    "Boolean": "boolean",
    "Int": "integer",
    "BigInt": "bigint",
    "Float": "double precision",
    "Decimal": "numeric(65,30)",
    "DateTime": "timestamp(3) without time zone",
    "Json": "jsonb",
    "Bytes": "bytea",
}
_NATIVE_TYPES = {
    "VarChar": "character varying",
    "Char": "character",
    "DoublePrecision": "double precision",
    "Decimal": "numeric",
    "Timestamp": "timestamp{} without time zone",
    "Timestamptz": "timestamp{} with time zone",
    "Time": "time{} without time zone",
    "Timetz": "time{} with time zone",
    "VarBit": "bit varying",
}
"""The types that PostgreSQL calls otherwise; `{}` is where a precision stands."""

_DEFAULTS_OF_THE_CLIENT = ("uuid(", "cuid(", "nanoid(", "ulid(", "auto(")
"""The default values that Prisma's client gives, not the database."""

_ACTIONS = {
    "Cascade": "CASCADE",
    "Restrict": "RESTRICT",
    "NoAction": "NO ACTION",
    "SetNull": "SET NULL",
    "SetDefault": "SET DEFAULT",
}
_SUFFIXES = {"id": "pkey", "unique": "key", "index": "idx"}


def from_prisma(files: Sequence[SchemaFile], *, schema_name: str = "public") -> Structure:
    """Describe the structure of the database that Prisma makes of a schema.

    Args:
        files: The files of the schema.
        schema_name: The database schema; models that `@@schema` puts into others are left out.

    Returns:
        The structure, without CHECK constraints and indexes on expressions.
    """
    models = {model.name: model for file in files for model in file.schema.models}
    enums = {enum.name: enum for file in files for enum in file.schema.enums}
    configs = [config for file in files for config in file.schema.configs]
    modes = {unquote(config.settings.get("relationMode", "")) for config in configs}
    tables = {}
    for model in models.values():
        if model.schema in (None, schema_name):
            references = _references(model, models) if "prisma" not in modes else ()
            tables[model.database_name] = Table(
                columns={
                    field.database_name: _column(field, enums)
                    for field in model.fields
                    if field.type not in models
                },
                indexes=dict(_indexes(model)),
                references=dict(references),
            )
    labels = {
        enum.database_name: tuple(value.database_name for value in enum.values)
        for enum in enums.values()
    }
    return Structure(tables, labels, has_all=False, places=dict(_places(files)))


def _places(files: Sequence[SchemaFile]) -> Iterator[tuple[tuple[str, str], str]]:
    """Say where each table, enum type and column stands."""
    blocks = [(file, each) for file in files for each in (*file.schema.models, *file.schema.enums)]
    # What is missing in the database may stand there under its own name.
    for file, block in blocks:
        yield (block.name, ""), file.at(block.span)
    for file, block in blocks:
        yield (block.database_name, ""), file.at(block.span)
        for field in block.fields if isinstance(block, Model) else ():
            yield (block.database_name, field.database_name), file.at(field.span)


def _column(field: Field, enums: dict[str, Enum]) -> Column:
    default = field.default
    return Column(
        _type_of(field, enums) + ("[]" if field.is_list else ""),
        # PostgreSQL makes no difference between an empty list and none: Prisma lets it be null.
        field.is_optional or field.is_list,
        default is not None and not default.startswith(_DEFAULTS_OF_THE_CLIENT),
    )


def _type_of(field: Field, enums: dict[str, Enum]) -> str:
    if field.type in enums:
        return enums[field.type].database_name
    if field.type.startswith("Unsupported("):
        return field.type.split('"')[1]
    native = field.native_type
    if native is None:
        return _TYPES.get(field.type, field.type)
    name = native.name.partition(".")[2]
    precision = ",".join(argument.value.replace(" ", "") for argument in native.arguments)
    known = _NATIVE_TYPES.get(name, name.lower())
    written = f"({precision})" if precision else ""
    return known.format(written) if "{}" in known else known + written


def _references(model: Model, models: dict[str, Model]) -> Iterator[tuple[str, Reference]]:
    for field in model.fields:
        other, relation = models.get(field.type), field.attribute("relation")
        # The side of a relation that has no column names no fields.
        if other is None or relation is None or relation.value("fields") is None:
            continue
        columns = _columns(model, relation.fields)
        optional = "SET NULL" if field.is_optional else "RESTRICT"
        reference = Reference(
            columns,
            other.database_name,
            _columns(other, list_items(relation.value("references") or "")),
            _ACTIONS.get(relation.value("onDelete") or "", optional),
            _ACTIONS.get(relation.value("onUpdate") or "", "CASCADE"),
        )
        yield _given_name(relation) or _default_name(model, columns, "fkey"), reference


def _indexes(model: Model) -> Iterator[tuple[str, Index]]:
    for field in model.fields:
        for attribute in field.attributes:
            if attribute.name in ("id", "unique"):
                yield _index(model, attribute, (field.database_name,))
    for attribute in model.attributes:
        if attribute.name in _SUFFIXES:
            yield _index(model, attribute, _columns(model, attribute.fields))


def _index(model: Model, attribute: Attribute, columns: tuple[str, ...]) -> tuple[str, Index]:
    kind = attribute.name
    named = _default_name(model, () if kind == "id" else columns, _SUFFIXES[kind])
    # One with a condition is about some rows only.
    is_plain = attribute.value("where") is None
    return _given_name(attribute) or named, Index(columns, kind != "index", is_plain)


def _given_name(attribute: Attribute) -> str | None:
    return unquote(attribute.value("map") or "")


def _default_name(model: Model, columns: tuple[str, ...], suffix: str) -> str:
    return "_".join((model.database_name, *columns, suffix))


def _columns(model: Model, names: Iterable[str]) -> tuple[str, ...]:
    fields = {field.name: field.database_name for field in model.fields}
    return tuple(fields.get(name, name) for name in names)
