"""Rows that a change of the schema affects, found in the schema as it is called today."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from triosigno_db.database.quoting import identifier
from triosigno_db.schema.catalog import Catalog


class Finding(NamedTuple):
    """Rows that a change would delete or change, or that prevent it.

    Attributes:
        what: What happens, such as `Thing.size becomes required`.
        query: The statement that selects the rows.
    """

    what: str
    query: str


@dataclass(frozen=True)
class Today:
    """The names that tables and columns have where their rows are counted.

    Attributes:
        tables: The name of each table that is there, by its name in the current schema.
        columns: The name of each column that is there, by its table and name in the current schema.
        schema_name: The schema of the tables; `None` to leave it to the search path.
    """

    tables: Mapping[str, str]
    columns: Mapping[tuple[str, str], str]
    schema_name: str | None = None

    @classmethod
    def of(cls, catalog: Catalog) -> "Today":
        """Keep all names as they are.

        Args:
            catalog: The current schema.

        Returns:
            The names.
        """
        return cls(
            {name: name for name in catalog.tables},
            {
                (name, column.name): column.name
                for name, table in catalog.tables.items()
                for column in table.columns
            },
        )

    def source(self, table: str) -> str | None:
        """Quote a table for FROM.

        Args:
            table: Its name in the current schema.

        Returns:
            Its name today with the schema; `None` if it is not there.
        """
        name = self.tables.get(table)
        if name is None:
            return None
        qualified = f"{identifier(self.schema_name)}." if self.schema_name else ""
        return f"{qualified}{identifier(name)}"

    def column(self, table: str, column: str) -> str | None:
        """Quote a column.

        Args:
            table: The name of its table in the current schema.
            column: Its name there.

        Returns:
            Its name today; `None` if it is not there.
        """
        name = self.columns.get((table, column))
        return None if name is None else identifier(name)

    def describe(self, table: str, column: str | None = None) -> str:
        """Name a table or a column in a message.

        Args:
            table: The name of the table in the current schema.
            column: The name of the column there.

        Returns:
            The names of today.
        """
        there = self.tables.get(table, table)
        if column is None:
            return there
        return f"{there}.{self.columns.get((table, column), column)}"
