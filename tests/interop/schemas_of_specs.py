"""The models of a spec as Prisma's schema."""

from tests.migrator.changing_models import ColumnSpec, Spec

_HEADER = 'datasource db {\n  provider = "postgresql"\n}\n'
_TYPES = {"text": "String", "integer": "Int", "boolean": "Boolean"}


def to_prisma(spec: Spec) -> str:
    """Write a schema; CHECK constraints have no words in it."""
    parts = [_HEADER]
    for enum, labels in spec.enums.items():
        parts.append(f"enum {enum} {{\n  " + "\n  ".join(labels) + "\n}\n")
    for table, columns in spec.tables.items():
        lines = ["id String @id", *(_field(name, column) for name, column in columns.items())]
        lines += [
            f"of{other} {other}[]"
            for other, theirs in spec.tables.items()
            for column in theirs.values()
            if column.is_reference and column.type == table
        ]
        parts.append(f"model {table} {{\n  " + "\n  ".join(lines) + "\n}\n")
    return "\n".join(parts)


def _field(name: str, column: ColumnSpec) -> str:
    optional = "?" * column.nullable
    if column.is_reference:
        key = f"{name}Id"
        relation = f"fields: [{key}], references: [id], onDelete: Cascade, onUpdate: Cascade"
        return f"{name} {column.type}{optional} @relation({relation})\n  {key} String{optional}"
    first, *others = name.split("_")
    camel = first + "".join(each.title() for each in others)
    unique = " @unique" * (column.index == "unique")
    default = "" if column.default is None else f" @default({column.default})"
    return f"{camel} {_TYPES.get(column.type, column.type)}{optional}{unique}{default}"
