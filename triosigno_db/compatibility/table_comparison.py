"""A table in the schema that the library expects, and in the one that was found."""

from collections.abc import Iterable
from dataclasses import dataclass

from triosigno_db.compatibility.changes import Subject
from triosigno_db.compatibility.needs import Needs
from triosigno_db.compatibility.structure import Reference, Structure, Table


@dataclass(frozen=True)
class TableComparison:
    """What a table of both schemas is judged by.

    Attributes:
        name: The table.
        expected: The structure that the library expects.
        found: The structure that was found.
        needs: What the functions need.
    """

    name: str
    expected: Structure
    found: Structure
    needs: Needs

    @property
    def wanted(self) -> Table:
        """The table that the library expects."""
        return self.expected.tables[self.name]

    @property
    def there(self) -> Table:
        """The table that was found."""
        return self.found.tables[self.name]

    def column(self, column: str) -> Subject:
        """Name a column.

        Args:
            column: Its name.

        Returns:
            The subject of its changes.
        """
        return self._subject(f'column "{self.name}"."{column}"', (column,))

    def index(self, index: str, columns: Iterable[str]) -> Subject:
        """Name an index.

        Args:
            index: Its name.
            columns: The columns that it is about.

        Returns:
            The subject of its changes.
        """
        return self._subject(f'index "{index}" of "{self.name}"', columns)

    def reference(self, reference: Reference) -> Subject:
        """Name a foreign key.

        Args:
            reference: The foreign key.

        Returns:
            The subject of its changes.
        """
        columns = ", ".join(reference.columns)
        text = f'foreign key "{self.name}"({columns}) to "{reference.table}"'
        return self._subject(text, reference.columns)

    def check(self, check: str) -> Subject:
        """Name a CHECK constraint.

        Args:
            check: Its name.

        Returns:
            The subject of its changes.
        """
        return self._subject(f'constraint "{check}" of "{self.name}"')

    def _subject(self, text: str, columns: Iterable[str] = ()) -> Subject:
        return Subject(text, self.found.place(self.name, columns))
