"""A change from one schema to another, and what it involves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from triosigno_db.migrator.autogenerate.deparsed import base_type, names_in
from triosigno_db.schema.catalog import Catalog, Column, Table


@dataclass(frozen=True)
class Change:
    """The change from one schema to another.

    Args:
        old: The current schema.
        new: The target schema.
    """

    old: Catalog
    new: Catalog

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The tables of both schemas."""
        return tuple(name for name in self.new.tables if name in self.old.tables)

    @cached_property
    def changed_enums(self) -> frozenset[str]:
        """The enum types of both schemas whose labels differ."""
        return frozenset(
            name
            for name, labels in self.new.enums.items()
            if name in self.old.enums and labels != self.old.enums[name]
        )

    @cached_property
    def rebuilt(self) -> frozenset[str]:
        """The enum types that are created again, because labels can only be added in place.

        A transaction can't use a label that it has added. So a type is created again, too, if the
        same migration may use one.
        """
        return frozenset(name for name in self.changed_enums if not self._is_extension(name))

    @cached_property
    def retyped(self) -> Mapping[str, frozenset[str]]:
        """The columns of each kept table whose type changes, or is created again."""
        return {name: frozenset(self._retyped_of(name)) for name in self.kept}

    def is_retyped(self, table: str, column: str) -> bool:
        """Return whether a column's type changes, or is created again.

        Args:
            table: The table.
            column: The column.

        Returns:
            `True` for columns of tables that are kept.
        """
        return column in self.retyped.get(table, ())

    def is_new_table(self, table: str) -> bool:
        """Return whether a table is added.

        Args:
            table: The table.

        Returns:
            Whether the current schema lacks it.
        """
        return table not in self.old.tables

    def uses_rebuilt(self, definition: str) -> bool:
        """Return whether a definition names an enum type that is created again.

        Args:
            definition: A constraint, an index or a default.

        Returns:
            Whether it has to be created again as well.
        """
        return not self.rebuilt.isdisjoint(names_in(definition))

    def _retyped_of(self, table: str) -> list[str]:
        old, new = columns_of(self.old.tables[table]), columns_of(self.new.tables[table])
        return [
            name
            for name, column in new.items()
            if name in old
            and (
                (column.type, column.collation) != (old[name].type, old[name].collation)
                or base_type(column.type) in self.rebuilt
            )
        ]

    def _is_extension(self, name: str) -> bool:
        old, new = self.old.enums[name], self.new.enums[name]
        added = [label for label in new if label not in old]
        return [label for label in new if label in old] == list(old) and not self._may_use(
            name, added
        )

    def _may_use(self, enum: str, labels: list[str]) -> bool:
        there = {text for table in self.old.tables.values() for text in _definitions(table)}
        texts = [
            text
            for table in self.new.tables.values()
            for text in _definitions(table)
            if enum in names_in(text) and text not in there
        ]
        return any(_may_contain(text, label) for label in labels for text in texts) or any(
            base_type(column.type) == enum and self._was_of_another_type(table, column)
            for table in self.kept
            for column in self.new.tables[table].columns
        )

    def _was_of_another_type(self, table: str, column: Column) -> bool:
        was = columns_of(self.old.tables[table]).get(column.name)
        return was is not None and was.type != column.type


def _definitions(table: Table) -> list[str]:
    defaults = (column.default for column in table.columns if column.default is not None)
    return [*defaults, *table.constraints.values(), *table.indexes.values()]


def _may_contain(definition: str, label: str) -> bool:
    return label in definition or not label.isalnum()  # others may be escaped


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
