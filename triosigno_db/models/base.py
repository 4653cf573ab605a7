"""The base of all models: Prisma's names for everything physical, and rules for every write.

Attributes are snake_case, columns camelCase; indexes and foreign keys are named as Prisma names
them (`User_email_key`, `Sign_categoryId_fkey`). The models know the database as a proxy only.
"""

from typing import Any

import peewee
from pydantic.alias_generators import to_camel

from triosigno_db.errors import NotConnectedError
from triosigno_db.models.fields import UpdatedAtField, utc_now
from triosigno_db.models.peewee_internals import (
    IndexParts,
    index_parts,
    is_read_from_database,
    updated_values,
)


class _DatabaseProxy(peewee.DatabaseProxy):
    """Stands for the database until `connect()` gives one."""

    def __getattr__(self, name: str) -> Any:
        if self.obj is None:
            raise NotConnectedError
        return getattr(self.obj, name)


database_proxy = _DatabaseProxy()
"""The database behind all models."""


class PrismaMetadata(peewee.Metadata):
    """Names columns, indexes and foreign keys as Prisma does.

    Attributes:
        updated_at: The field that every update moves, `None` where the table has none.
        checks: The CHECK constraints, each a name (`<Table>_<what>_check`) and a condition in SQL.
        secret: The columns that no record may have.
    """

    updated_at: Any = None
    checks: tuple[tuple[str, str], ...] = ()
    secret: tuple[str, ...] = ()

    def make_table_name(self) -> str:
        """Give the table the model's own name."""
        return self.model.__name__

    def add_field(self, field_name: str, field: Any, set_attribute: bool = True) -> None:
        """Add a field, its column's name derived from the attribute's.

        Args:
            field_name: The attribute.
            field: The field.
            set_attribute: Whether the model gets the attribute.
        """
        if isinstance(field, peewee.ForeignKeyField):
            field.column_name = to_camel(field_name) + "Id"
            field.object_id_name = field_name + "_id"
            field.constraint_name = f"{self.table_name}_{field.column_name}_fkey"
        else:
            field.column_name = to_camel(field_name)
        if isinstance(field, UpdatedAtField):
            self.updated_at = field
        super().add_field(field_name, field, set_attribute)

    def readable_columns(self) -> dict[str, Any]:
        """List the fields that a record may have.

        Returns:
            The fields by column.
        """
        return {name: field for name, field in self.columns.items() if name not in self.secret}

    def fields_to_index(self) -> list[Any]:
        """List the indexes, unique ones as `<Table>_<columns>_key`, others as `<...>_idx`."""
        return [self._name_index(index) for index in super().fields_to_index()]

    def indexes_by_name(self) -> dict[str, IndexParts]:
        """List the indexes.

        Returns:
            The indexes by name, in the order of their definition.
        """
        found = [index_parts(index) for index in self.fields_to_index()]
        return {index.name: index for index in found}

    def _name_index(self, index: Any) -> Any:
        _, is_unique, parts = index_parts(index)
        if not all(isinstance(field, peewee.Field) for field in parts):
            return index  # an expression has no name of its own; the model gave one
        columns = [field.column_name for field in parts]
        suffix = "key" if is_unique else "idx"
        name = "_".join((self.table_name, *columns, suffix))
        return peewee.ModelIndex(self.model, parts, unique=is_unique, name=name)


class BaseModel(peewee.Model):
    """A table of the database."""

    _meta: PrismaMetadata
    _is_stored: bool

    class Meta:
        """Peewee's options for every model."""

        database = database_proxy
        model_metadata_class = PrismaMetadata
        only_save_dirty = True

    def __init__(self, *args: Any, **values: Any) -> None:
        # Peewee hands this over for a row that it has read.
        self._is_stored = is_read_from_database(values)
        super().__init__(*args, **values)

    @classmethod
    def update(cls, data: Any = None, /, **values: Any) -> Any:
        """Start an UPDATE that also moves `updated_at`, unless that is given.

        Args:
            data: New values by field or attribute.
            **values: New values by attribute.

        Returns:
            Peewee's query.
        """
        query: Any = super().update(data, **values)
        if cls._meta.updated_at is not None:
            updated_values(query).setdefault(cls._meta.updated_at, utc_now())
        return query

    def save(self, force_insert: bool = False, only: Any = None) -> int:
        """Insert a new row, or write the changed fields of one that was read.

        Peewee takes a row whose key is set for one that exists, and would update no row at all in
        silence; here a row that was not read from the database is inserted.

        Args:
            force_insert: Insert in any case.
            only: Write these fields (or their names) only.

        Returns:
            The number of rows written; 0 where nothing had changed or the row is gone.
        """
        inserts = force_insert or not self._is_stored
        updated_at = self._meta.updated_at
        if updated_at is not None and not inserts:
            # The query's own default can't see what the instance holds afterwards.
            if self.is_dirty() and "updated_at" not in self.dirty_field_names:
                self.updated_at = utc_now()
            only = [*only, updated_at] if only is not None else None
        written = super().save(force_insert=inserts, only=only)
        self._is_stored = self._is_stored or inserts
        return int(written)
