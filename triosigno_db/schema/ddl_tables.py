"""What the models say of a table as a whole, and of names: refused where it can't be made."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum

from triosigno_db.errors import InvalidInputError
from triosigno_db.models import BaseModel
from triosigno_db.models.base import PrismaMetadata
from triosigno_db.models.names import MAX_NAME_BYTES, is_too_long
from triosigno_db.models.peewee_internals import is_backref

_REFUSED_OPTIONS = {
    "temporary": "a migration can't make a temporary table: leave it out",
    "table_settings": "write storage parameters in a migration of your own: leave it out",
    "options": "options of a table are of SQLite: leave it out",
    "without_rowid": "it is of SQLite: leave it out",
    "strict_tables": "it is of SQLite: leave it out",
}


def refuse_tables(models: Sequence[type[BaseModel]], enums: Sequence[type[Enum]]) -> None:
    """Refuse tables, enum types and names that the library does not make.

    Args:
        models: The models.
        enums: The enums of their columns.

    Raises:
        InvalidInputError: An option of a table, a many-to-many field or a name is refused.
    """
    for model in models:
        if not isinstance(getattr(model, "_meta", None), PrismaMetadata):
            raise InvalidInputError(str(model), "a model must derive from BaseModel")
        _refuse_options(model)
        _refuse_generated_tables(model)
    for owner, name in (*_names_of_models(models), *_names_of_enums(enums)):
        if is_too_long(name):
            raise InvalidInputError(owner, f"{name} is longer than {MAX_NAME_BYTES} bytes")
    # Each table is a type, too.
    types = [each.__name__ for each in enums] + [model._meta.table_name for model in models]
    _refuse_twice("tables or enum types", types)
    _refuse_twice("tables or indexes", list(_relations(models)))
    for model in models:
        _refuse_twice(f"constraints of {model.__name__}", list(_constraints(model)))


def _refuse_options(model: type[BaseModel]) -> None:
    if model._meta.declared_schema:
        raise InvalidInputError(
            f"{model.__name__} Meta.schema",
            "all tables are in the schema of the URL: leave it out",
        )
    for option, why in _REFUSED_OPTIONS.items():
        if getattr(model._meta, option):
            raise InvalidInputError(f"{model.__name__} Meta.{option}", why)


def _refuse_generated_tables(model: type[BaseModel]) -> None:
    for name, field in model._meta.manytomany.items():
        if not is_backref(field) and not issubclass(field.through_model, BaseModel):
            raise InvalidInputError(
                f"{model.__name__}.{name}",
                "declare a model for the table between the two, and name it by through_model=",
            )


def _names_of_models(models: Sequence[type[BaseModel]]) -> Iterator[tuple[str, str]]:
    for model in models:
        yield model.__name__, model._meta.table_name
        for column in model._meta.columns:
            yield model.__name__, column
        for name in (*model._meta.indexes_by_name(), *_constraints(model)):
            yield model.__name__, name


def _names_of_enums(enums: Sequence[type[Enum]]) -> Iterator[tuple[str, str]]:
    for enum in enums:
        yield enum.__name__, enum.__name__
        for label in enum:
            yield enum.__name__, str(label.value)


def _relations(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    for model in models:
        yield model._meta.table_name
        yield from model._meta.indexes_by_name()
        if model._meta.primary_key is not False:
            yield model._meta.primary_key_name()


def _constraints(model: type[BaseModel]) -> Iterator[str]:
    yield from model._meta.foreign_keys_by_name()
    yield from (name for name, _ in model._meta.checks)


def _refuse_twice(what: str, names: list[str]) -> None:
    for name, number in Counter(names).items():
        if number > 1:
            raise InvalidInputError(name, f"{number} {what} have this name: rename all but one")
