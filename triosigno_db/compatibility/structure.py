"""What is compared of two schemas: columns, keys, references, checks and enum labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Column(NamedTuple):
    """A column.

    Attributes:
        type: The type as PostgreSQL prints it, without quotes.
        nullable: Whether it may be null.
        has_default: Whether the database gives a value to a row that is inserted without one.
    """

    type: str
    nullable: bool
    has_default: bool


class Index(NamedTuple):
    """An index.

    Attributes:
        columns: The columns that it is about, in order.
        is_unique: Whether no two rows may have the same values.
        is_plain: Whether it is about the columns of all rows, not about expressions or some rows.
    """

    columns: tuple[str, ...]
    is_unique: bool
    is_plain: bool


class Reference(NamedTuple):
    """A foreign key.

    Attributes:
        columns: The columns that refer.
        table: The table that is referred to.
        targets: The columns that are referred to.
        on_delete: The action when the row that is referred to is deleted, such as `CASCADE`.
        on_update: The action when its columns are updated.
    """

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_delete: str
    on_update: str


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: The columns by name.
        indexes: The indexes by name, those of the primary key and of unique constraints included.
        references: The foreign keys by name.
        checks: The conditions of the CHECK and EXCLUDE constraints by name, in SQL.
    """

    columns: Mapping[str, Column]
    indexes: Mapping[str, Index] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Structure:
    """The tables and enum types of a schema.

    Attributes:
        tables: The tables by name.
        enums: The labels of each enum type by its name.
        has_all: Whether it has CHECK constraints and indexes on expressions, too; a Prisma schema
            shows neither.
        places: Where the tables, the enum types and the columns stand in a Prisma schema, by the
            name of the table or type, and that of the column or an empty one.
    """

    tables: Mapping[str, Table]
    enums: Mapping[str, tuple[str, ...]]
    has_all: bool
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def place(self, name: str, columns: Iterable[str] = ()) -> str:
        """Return where a part stands.

        Args:
            name: The table or the enum type.
            columns: The columns, if the part is about some.

        Returns:
            The place of the first column that is there, else that of the table; empty if there is
            none.
        """
        known = ((name, column) for column in (*columns, ""))
        return next((self.places[each] for each in known if each in self.places), "")
