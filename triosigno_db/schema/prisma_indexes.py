"""Find the indexes of the library that a Prisma schema lacks."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triosigno_db.models import MODELS, BaseModel
from triosigno_db.schema.prisma import to_prisma
from triosigno_db.schema.prisma_files import ModelInFile, SchemaFile, models_by_table
from triosigno_db.schema.prisma_nodes import Attribute, Model, unquote
from triosigno_db.schema.prisma_parser import parse_prisma

_SUFFIXES = {"index": "_idx", "unique": "_key", "id": "_pkey"}
_PLAIN_ITEM = re.compile(r"[^\W_][\w-]*(?:\(\s*sort\s*:\s*Asc\s*\))?")
_PLAIN_ARGUMENTS = {"fields", "map", "type", None}


class MissingIndex(NamedTuple):
    """An index that the library creates and a schema lacks.

    Attributes:
        place: The model of its table, and the file.
        attribute: The line to add, such as `@@index([categoryId])`.
    """

    place: ModelInFile
    attribute: str


class IndexComparison(NamedTuple):
    """The differences of the indexes.

    Attributes:
        missing: The indexes to add.
        problems: Those that cannot be added, as another index has the name: one line for each.
    """

    missing: tuple[MissingIndex, ...]
    problems: tuple[str, ...]


def compare_indexes(
    files: Sequence[SchemaFile], models: Sequence[type[BaseModel]] = MODELS
) -> IndexComparison:
    """Compare the indexes of a schema with those of the library.

    They are compared by their names in the database, which are those of the library's migrations.
    Indexes that Prisma does not know, such as those on expressions, are left out.

    Args:
        files: The files of a schema that has all tables and columns of the models.
        models: The models. By default those of the library.

    Returns:
        The differences.
    """
    theirs = models_by_table(files)
    named = {
        name: index
        for found in theirs.values()
        for model in found
        for name, index in _indexes(model)
    }
    missing, problems = [], []
    for needed in parse_prisma(to_prisma(models=models)).models:
        for attribute in needed.attributes:
            if attribute.name != "index":
                continue
            name = _name(needed, attribute, attribute.fields)
            place = theirs[needed.name][0]
            if name not in named:
                missing.append(MissingIndex(place, _written(attribute, place.model)))
            elif not named[name].serves(needed.name, attribute.fields):
                problems.append(
                    f"{named[name].place}: {name} is not "
                    f"{_written(attribute, place.model)} of {place.model.name}"
                )
    return IndexComparison(tuple(missing), tuple(problems))


class _Index(NamedTuple):
    """An index of the schema: of which table and columns, and whether it is an ordinary one."""

    place: str
    table: str
    columns: tuple[str, ...]
    is_plain: bool

    def serves(self, table: str, columns: tuple[str, ...]) -> bool:
        return self.is_plain and (self.table, self.columns) == (table, columns)


def _indexes(place: ModelInFile) -> Iterator[tuple[str, _Index]]:
    """The indexes of a model, keys and constraints included, by their names in the database."""
    model = place.model

    def found(attribute: Attribute, columns: tuple[str, ...]) -> tuple[str, _Index]:
        name = _name(model, attribute, columns)
        at = place.file.at(attribute.span)
        return name, _Index(at, model.database_name, columns, _is_plain(attribute))

    for field in model.fields:
        for attribute in field.attributes:
            if attribute.name in ("id", "unique"):
                yield found(attribute, (field.database_name,))
    for attribute in model.attributes:
        if attribute.name in _SUFFIXES:
            yield found(attribute, tuple(_columns(model, attribute)))


def _columns(model: Model, attribute: Attribute) -> Iterator[str]:
    for name in attribute.fields:
        field = model.field(name)
        yield field.database_name if field else name


def _name(model: Model, attribute: Attribute, columns: tuple[str, ...]) -> str:
    """The index's name: the one given, else Prisma's, where it is short enough for PostgreSQL."""
    given = unquote(attribute.value("map") or "")
    if given:
        return given
    parts = (model.database_name,) if attribute.name == "id" else (model.database_name, *columns)
    return "_".join(parts) + _SUFFIXES[attribute.name]


def _is_plain(attribute: Attribute) -> bool:
    """Whether it is an index in the order of its columns, of all rows, and no constraint."""
    return (
        attribute.name == "index"
        and attribute.value("type") in (None, "BTree")
        and all(argument.name in _PLAIN_ARGUMENTS for argument in attribute.arguments)
        and all(_PLAIN_ITEM.fullmatch(item) for item in attribute.items)
    )


def _written(attribute: Attribute, model: Model) -> str:
    """The attribute with the names that the fields have in a model of the Node side."""
    by_column = {field.database_name: field.name for field in model.fields}
    return f"@@index([{', '.join(by_column[column] for column in attribute.fields)}])"
