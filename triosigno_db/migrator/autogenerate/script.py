"""Generate migrations: SQL that turns one catalog into another.

Catalogs contain definitions as PostgreSQL deparses them, so that they can be compared as text. One
function writes both directions: `down.sql` turns the new catalog into the old one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.schema.catalog import NOT_VALID, Catalog, Column, Table, is_same_constraint

_SHORT_TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "double precision": "DOUBLE PRECISION",
    "bigint": "BIGINT",
    "jsonb": "JSONB",
}
_FIRST_KINDS = ("PRIMARY KEY", "UNIQUE", "CHECK", "EXCLUDE")


class DataLoss(NamedTuple):
    """Data that a migration would lose.

    Attributes:
        why: A description of the loss.
        table: The table whose rows lose data.
        condition: The SQL condition for the rows that lose data; `None` for all rows.
    """

    why: str
    table: str
    condition: str | None = None


def write_script(old: Catalog, new: Catalog) -> str:
    """Write the SQL that turns one schema into another.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        Statements with comments that describe them; an empty string if nothing differs.
    """
    statements = "\n\n".join(_Difference(old, new).statements())
    return statements and statements + "\n"


def find_data_losses(old: Catalog, new: Catalog) -> tuple[DataLoss, ...]:
    """Find the data that a change of the schema would lose, and the rows for which it would fail.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The losses; empty if the change only adds objects.
    """
    return tuple(_Difference(old, new).losses())


def write_type(column: Column) -> str:
    """Format a column's type as Prisma does.

    Args:
        column: The column.

    Returns:
        The SQL type.
    """
    precise = column.type.removesuffix(" without time zone")
    return _SHORT_TYPES.get(
        precise, precise.upper() if precise.startswith("timestamp") else precise
    )


class _Difference:
    """The differences between two catalogs, in an order in which they can be applied."""

    def __init__(self, old: Catalog, new: Catalog) -> None:
        self.old = old
        self.new = new
        self.kept = [name for name in new.tables if name in old.tables]
        self.rebuilt = {
            name
            for name, labels in new.enums.items()
            if name in old.enums and not self._is_extension(name, old.enums[name], labels)
        }

    def statements(self) -> Iterator[str]:
        yield from self._create_enums()
        yield from self._drop_constraints()
        yield from self._drop_indexes()
        yield from self._drop_tables()
        yield from self._change_enums()
        for name in self.new.tables:
            if name not in self.old.tables:
                yield _create_table(name, self.new.tables[name])
        for name in self.kept:
            yield from self._alter_columns(name)
        yield from self._create_indexes()
        yield from self._add_constraints()
        yield from self._drop_enums()

    # -- enums ------------------------------------------------------------------------------

    def _is_extension(self, name: str, old: tuple[str, ...], new: tuple[str, ...]) -> bool:
        """Return whether labels are only added and no default uses a new label."""
        added = [label for label in new if label not in old]
        used = any(
            column.default == f"{literal(label)}::{deparsed(name)}"
            for label in added
            for table in self.new.tables.values()
            for column in table.columns
        )
        return [label for label in new if label in old] == list(old) and not used

    def _create_enums(self) -> Iterator[str]:
        for name, labels in self.new.enums.items():
            if name not in self.old.enums:
                yield f"-- CreateEnum\n{_create_enum(name, labels)}"

    def _drop_enums(self) -> Iterator[str]:
        for name in self.old.enums:
            if name not in self.new.enums:
                yield f"-- DropEnum\nDROP TYPE {identifier(name)};"

    def _change_enums(self) -> Iterator[str]:
        for name, labels in self.new.enums.items():
            if name in self.rebuilt:
                yield "\n".join(("-- AlterEnum", *self._rebuild_enum(name, labels)))
            elif name in self.old.enums and labels != self.old.enums[name]:
                yield "\n".join(("-- AlterEnum", *_extend_enum(name, self.old.enums[name], labels)))

    def _rebuild_enum(self, name: str, labels: tuple[str, ...]) -> Iterator[str]:
        """Replace the type: PostgreSQL can neither remove nor move a label."""
        replaced, replacing = identifier(f"{name}_old"), identifier(f"{name}_new")
        yield _create_enum(f"{name}_new", labels)
        for table, column in self._columns_of_type(name):
            alter = f"ALTER TABLE {identifier(table)} ALTER COLUMN {identifier(column.name)}"
            if column.default is not None:
                yield f"{alter} DROP DEFAULT;"
            array = "[]" if column.type.endswith("[]") else ""
            yield (
                f"{alter} TYPE {replacing}{array} "
                f"USING ({identifier(column.name)}::text{array}::{replacing}{array});"
            )
        yield f"ALTER TYPE {identifier(name)} RENAME TO {replaced};"
        yield f"ALTER TYPE {replacing} RENAME TO {identifier(name)};"
        yield f"DROP TYPE {replaced};"
        for table, column in self._columns_of_type(name):
            wanted = self._new_column(table, column.name)
            if column.default is not None and wanted is not None and wanted == column:
                yield (
                    f"ALTER TABLE {identifier(table)} ALTER COLUMN {identifier(column.name)} "
                    f"SET DEFAULT {column.default};"
                )

    def _columns_of_type(self, enum: str) -> Iterator[tuple[str, Column]]:
        for name in self.kept:
            for column in self.old.tables[name].columns:
                if column.type.removesuffix("[]") == deparsed(enum):
                    yield name, column

    def _new_column(self, table: str, name: str) -> Column | None:
        return columns_of(self.new.tables[table]).get(name)

    # -- tables -----------------------------------------------------------------------------

    def _drop_tables(self) -> Iterator[str]:
        for name in self.old.tables:
            if name not in self.new.tables:
                yield f"-- DropTable\nDROP TABLE {identifier(name)};"

    def _alter_columns(self, name: str) -> Iterator[str]:
        old, new = columns_of(self.old.tables[name]), columns_of(self.new.tables[name])
        changes = [f"DROP COLUMN {identifier(column)}" for column in old if column not in new]
        changes += [
            f"ADD COLUMN {_define(column)}" for key, column in new.items() if key not in old
        ]
        for key, column in new.items():
            if key in old and column != old[key]:
                changes += self._alter_column(old[key], column)
        if changes:
            body = ",\n".join(changes)
            yield f"-- AlterTable\nALTER TABLE {identifier(name)} {body};"

    def _alter_column(self, old: Column, new: Column) -> Iterator[str]:
        alter = f"ALTER COLUMN {identifier(new.name)}"
        retyped = old.type != new.type
        if old.default is not None and (retyped or new.default is None):
            yield f"{alter} DROP DEFAULT"
        if retyped:
            target = write_type(new)
            yield f"{alter} SET DATA TYPE {target} USING ({identifier(new.name)}::text::{target})"
        if new.default is not None and (retyped or new.default != old.default):
            yield f"{alter} SET DEFAULT {new.default}"
        if old.nullable and not new.nullable:
            yield f"{alter} SET NOT NULL"
        elif new.nullable and not old.nullable:
            yield f"{alter} DROP NOT NULL"

    # -- indexes and constraints ------------------------------------------------------------

    def _drop_constraints(self) -> Iterator[str]:
        # Foreign keys first: they depend on the keys that they refer to.
        for kinds_wanted in (False, True):
            for name, table in self.old.tables.items():
                wanted = self._constraints_kept(name)
                for constraint, text in table.constraints.items():
                    is_key = text.startswith(_FIRST_KINDS)
                    is_kept = is_same_constraint(wanted.get(constraint), text)
                    if is_key is kinds_wanted and not is_kept:
                        if name not in self.new.tables and is_key:
                            continue  # dropped with its table
                        what = "DropConstraint" if is_key else "DropForeignKey"
                        yield (
                            f"-- {what}\nALTER TABLE {identifier(name)} "
                            f"DROP CONSTRAINT {identifier(constraint)};"
                        )

    def _constraints_kept(self, table: str) -> Mapping[str, str]:
        return self.new.tables[table].constraints if table in self.new.tables else {}

    def _drop_indexes(self) -> Iterator[str]:
        for name in self.kept:
            old, new = self.old.tables[name], self.new.tables[name]
            for index, text in own_indexes(old).items():
                if own_indexes(new).get(index) != text:
                    yield f"-- DropIndex\nDROP INDEX {identifier(index)};"

    def _create_indexes(self) -> Iterator[str]:
        for name, table in self.new.tables.items():
            there = own_indexes(self.old.tables[name]) if name in self.old.tables else {}
            for index, text in own_indexes(table).items():
                if there.get(index) != text:
                    yield f"-- CreateIndex\n{text};"

    def _add_constraints(self) -> Iterator[str]:
        for kinds_wanted in (True, False):
            for name, table in self.new.tables.items():
                is_new = name not in self.old.tables
                there = {} if is_new else self.old.tables[name].constraints
                for constraint, text in table.constraints.items():
                    is_key = text.startswith(_FIRST_KINDS)
                    in_table = is_new and text.startswith("PRIMARY KEY")
                    is_there = is_same_constraint(there.get(constraint), text)
                    if is_key is kinds_wanted and not is_there and not in_table:
                        what = "AddConstraint" if is_key else "AddForeignKey"
                        added = text if is_new else _without_validation(text)
                        yield (
                            f"-- {what}\nALTER TABLE {identifier(name)} ADD CONSTRAINT "
                            f"{identifier(constraint)} {added};"
                        )

    # -- losses -----------------------------------------------------------------------------

    def losses(self) -> Iterator[DataLoss]:
        for name in self.old.tables:
            if name not in self.new.tables:
                yield DataLoss(f"the table {name} and its rows", name)
        for name in self.kept:
            yield from self._losses_of(name)
        for enum in self.rebuilt:
            gone = [label for label in self.old.enums[enum] if label not in self.new.enums[enum]]
            for table, column in self._columns_of_type(enum):
                for label in gone:
                    condition = f"{identifier(column.name)}::text = {literal(label)}"
                    yield DataLoss(f"{table}.{column.name} holds {label}", table, condition)

    def _losses_of(self, name: str) -> Iterator[DataLoss]:
        old, new = columns_of(self.old.tables[name]), columns_of(self.new.tables[name])
        for key in old:
            if key not in new:
                yield DataLoss(f"the column {name}.{key}", name, f"{identifier(key)} IS NOT NULL")
        for key, column in new.items():
            if key not in old:
                if not column.nullable and column.default is None:
                    yield DataLoss(f"{name}.{key} is required and has no default", name)
                continue
            if column.type != old[key].type and not _widens(old[key].type, column.type):
                change = f"{name}.{key} becomes {column.type}, it was {old[key].type}"
                yield DataLoss(change, name, f"{identifier(key)} IS NOT NULL")
            if old[key].nullable and not column.nullable:
                yield DataLoss(f"{name}.{key} becomes required", name, f"{identifier(key)} IS NULL")


def _without_validation(constraint: str) -> str:
    """Add a CHECK constraint as NOT VALID, because existing rows could make the deployment fail."""
    if constraint.startswith("CHECK") and not constraint.endswith(NOT_VALID):
        return constraint + NOT_VALID
    return constraint


def columns_of(table: Table) -> dict[str, Column]:
    """Map a table's columns by name.

    Args:
        table: The table.

    Returns:
        The columns by name, in their order.
    """
    return {column.name: column for column in table.columns}


def own_indexes(table: Table) -> dict[str, str]:
    """Find the indexes that do not belong to a constraint.

    Args:
        table: The table.

    Returns:
        The definitions by name.
    """
    return {name: text for name, text in table.indexes.items() if name not in table.constraints}


def _create_table(name: str, table: Table) -> str:
    lines = [f"    {_define(column)}," for column in table.columns]
    keys = [
        f"    CONSTRAINT {identifier(constraint)} {text}"
        for constraint, text in table.constraints.items()
        if text.startswith("PRIMARY KEY")
    ]
    if keys:
        lines += ["", *keys]
    elif lines:
        lines[-1] = lines[-1].removesuffix(",")
    body = "\n".join(lines)
    return f"-- CreateTable\nCREATE TABLE {identifier(name)} (\n{body}\n);"


def _define(column: Column) -> str:
    null = "" if column.nullable else " NOT NULL"
    default = f" DEFAULT {column.default}" if column.default is not None else ""
    return f"{identifier(column.name)} {write_type(column)}{null}{default}"


def _create_enum(name: str, labels: tuple[str, ...]) -> str:
    listed = ", ".join(f"{literal(label)}" for label in labels)
    return f"CREATE TYPE {identifier(name)} AS ENUM ({listed});"


def _extend_enum(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    for place, label in enumerate(new):
        if label not in old:
            where = f" AFTER {literal(new[place - 1])}" if place else f" BEFORE {literal(old[0])}"
            yield f"ALTER TYPE {identifier(name)} ADD VALUE {literal(label)}{where};"


def _widens(old: str, new: str) -> bool:
    """Return whether every value of the old type is a value of the new type."""
    if new == "text":
        return True
    return (old, new) in {("integer", "bigint"), ("smallint", "integer"), ("smallint", "bigint")}


def deparsed(name: str) -> str:
    """Format a name as PostgreSQL deparses it, quoted if necessary.

    Args:
        name: The name.

    Returns:
        The name as in deparsed definitions.
    """
    plain = name == name.lower() and name.isidentifier() and name.isascii()
    return name if plain else identifier(name)
