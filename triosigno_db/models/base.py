"""The base of all models: the naming rules of Prisma, and rules for writes.

Attributes are snake_case, columns camelCase. Indexes and foreign keys are named as in Prisma
(`User_email_key`, `Sign_categoryId_fkey`). The models access the database through a proxy.
"""

from typing import Any

import peewee
from pydantic.alias_generators import to_camel

from triosigno_db.errors import NotConnectedError
from triosigno_db.models.fields import UpdatedAtField, utc_now
from triosigno_db.models.names import prisma_name
from triosigno_db.models.peewee_internals import (
    IndexParts,
    has_generated_name,
    index_parts,
    is_read_from_database,
    rename_index,
    updated_values,
)


class _DatabaseProxy(peewee.DatabaseProxy):
    """A proxy for the database; it raises `NotConnectedError` until `connect()` sets one."""

    def __getattr__(self, name: str) -> Any:
        if self.obj is None:
            raise NotConnectedError
        return getattr(self.obj, name)

    # Peewee's class has methods of these names, which would not reach those of the database.

    def atomic(self, *args: Any, **options: Any) -> Any:
        """Return the context manager of a transaction or a savepoint."""
        return self._blocks().atomic(*args, **options)

    def transaction(self, *args: Any, **options: Any) -> Any:
        """Return the context manager of a transaction."""
        return self._blocks().transaction(*args, **options)

    def savepoint(self) -> Any:
        """Return the context manager of a savepoint."""
        return self._blocks().savepoint()

    def _blocks(self) -> Any:
        # A decorator may be applied before `connect()`.
        return super() if self.obj is None else self.obj


database_proxy = _DatabaseProxy()
"""The database of all models."""


class PrismaMetadata(peewee.Metadata):
    """Names columns, indexes and foreign keys as Prisma does.

    Attributes:
        updated_at: The field that every update sets, or `None`.
        checks: The CHECK constraints: a name (`<Table>_<what>_check`) and an SQL condition each.
        secret: The columns that records must not have.
        fillfactor: The percentage of a page that new rows fill, 10 to 100, or `None` for 100.
        exported: Whether `export_user` includes the rows that refer to the account.
        declared_schema: The schema that `Meta` names; `connect()` sets another one.
    """

    updated_at: Any = None
    checks: tuple[tuple[str, str], ...] = ()
    secret: tuple[str, ...] = ()
    fillfactor: int | None = None
    exported: bool = True

    def __init__(
        self, model: type[peewee.Model], *, schema: str | None = None, **options: Any
    ) -> None:
        super().__init__(model, schema=schema, **options)
        self.declared_schema = schema

    def make_table_name(self) -> str:
        """Return the name of the model as the name of the table."""
        return self.model.__name__

    def add_field(self, field_name: str, field: Any, set_attribute: bool = True) -> None:
        """Add a field; unless it names its column, derive the name from that of the attribute.

        Args:
            field_name: The name of the attribute.
            field: The field.
            set_attribute: Whether to set the attribute on the model.
        """
        if isinstance(field, peewee.ForeignKeyField):
            field.column_name = field.column_name or to_camel(field_name) + "Id"
            field.object_id_name = field.object_id_name or field_name + "_id"
        elif not isinstance(field, peewee.MetaField):
            field.column_name = field.column_name or to_camel(field_name)
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
        """List the indexes; one without a name of its own gets that which Prisma would give it."""
        return [self._name_index(index) for index in super().fields_to_index()]

    def indexes_by_name(self) -> dict[str, IndexParts]:
        """List the indexes.

        Returns:
            The indexes by name, in the order of their definition; without those that are given as
            a statement.
        """
        indexes = [each for each in self.fields_to_index() if isinstance(each, peewee.Index)]
        return {index.name: index for index in map(index_parts, indexes)}

    def foreign_keys_by_name(self) -> dict[str, Any]:
        """List the foreign keys; one without a name of its own gets that of Prisma.

        Returns:
            The fields by the name of their constraint.
        """
        return {self._name_foreign_key(field): field for field in self.refs}

    def primary_key_name(self) -> str:
        """Return the name of the primary key."""
        return prisma_name(self.table_name, (), "pkey")

    def _name_foreign_key(self, field: Any) -> str:
        return field.constraint_name or prisma_name(self.table_name, [field.column_name], "fkey")

    def _name_index(self, index: Any) -> Any:
        if not has_generated_name(index):
            return index
        _, is_unique, parts, *_ = index_parts(index)
        columns = [name for part in parts if (name := _column_of(part))]
        name = prisma_name(self.table_name, columns, "key" if is_unique else "idx")
        return rename_index(index, name)


def _column_of(part: Any) -> str | None:
    """Return the column of a part of an index; `None` for an expression."""
    if isinstance(part, str):
        return part.split()[0].strip('"')
    field = part.unwrap()
    return field.column_name if isinstance(field, peewee.Field) else None


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
        # Peewee passes a marker in the values of a row that it has read.
        self._is_stored = is_read_from_database(values)
        super().__init__(*args, **values)

    @classmethod
    def update(cls, data: Any = None, /, **values: Any) -> Any:
        """Build an UPDATE that also sets `updated_at`, unless a value is given for it.

        Args:
            data: The new values by field or attribute.
            **values: The new values by attribute.

        Returns:
            The query.
        """
        query: Any = super().update(data, **values)
        if cls._meta.updated_at is not None:
            updated_values(query).setdefault(cls._meta.updated_at, utc_now())
        return query

    def save(self, force_insert: bool = False, only: Any = None) -> int:
        """Insert a new row, or update the changed fields of a row that was read.

        Peewee assumes that a row whose key is set exists, and would silently update no row. Here a
        row that was not read from the database is inserted.

        Args:
            force_insert: Whether to insert in any case.
            only: The fields, or their names, to write; by default all changed fields.

        Returns:
            The number of rows written; 0 if nothing has changed or the row no longer exists.
        """
        inserts = force_insert or not self._is_stored
        updated_at = self._meta.updated_at
        if updated_at is not None and not inserts:
            # The default of `update` would not set the attribute of this instance.
            if self.is_dirty() and "updated_at" not in self.dirty_field_names:
                self.updated_at = utc_now()
            only = [*only, updated_at] if only is not None else None
        written = super().save(force_insert=inserts, only=only)
        self._is_stored = self._is_stored or inserts
        return int(written)
