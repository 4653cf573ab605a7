"""Add the models of a service to a Prisma schema, with their relations in both directions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from triosigno_db.models import BaseModel
from triosigno_db.schema.ddl import enums
from triosigno_db.schema.prisma import (
    Names,
    enum_block,
    field_lines,
    model_block,
    opposite_line,
)
from triosigno_db.schema.prisma_editing import add_blocks, add_fields
from triosigno_db.schema.prisma_files import ModelInFile, SchemaFile, models_by_table
from triosigno_db.schema.prisma_parser import parse_prisma


class Addition(NamedTuple):
    """A block or a line that a schema lacks for a service's tables.

    Attributes:
        place: The model that gets the line; for a block the model after which its file is chosen.
        text: The text: a line, or a block of several.
        is_block: Whether it is a block.
    """

    place: ModelInFile
    text: str
    is_block: bool


class ServiceComparison(NamedTuple):
    """What a schema lacks for a service's tables.

    Attributes:
        additions: The blocks and lines to add.
        problems: What cannot be added: one line for each.
    """

    additions: tuple[Addition, ...]
    problems: tuple[str, ...]


def compare_services(
    files: Sequence[SchemaFile], models: Sequence[type[BaseModel]]
) -> ServiceComparison:
    """Compare a schema with the models of a service.

    Models are found by their tables and fields by their columns, so that they may have other names
    in the schema. What the schema has is not compared further.

    Args:
        files: The files of a schema that has the library's tables.
        models: The models of the service.

    Returns:
        What is missing.
    """
    theirs = models_by_table(files)
    problems: list[str] = []

    names = _names(files, theirs)
    first = next(iter(theirs.values()))[0]
    additions = [Addition(first, text, True) for text in _missing_enums(files, models)]
    for model in models:
        if found := theirs.get(model._meta.table_name):
            columns = {each.database_name for each in found[0].model.fields}
            for field in model._meta.sorted_fields:
                if field.column_name not in columns:
                    lines = map(" ".join, field_lines(field, names))
                    additions += [Addition(found[0], line, False) for line in lines]
        else:
            additions.append(Addition(first, model_block(model, models, names), True))
        for field, referred in model._meta.refs.items():
            place = theirs.get(referred._meta.table_name, [None])[0]
            if place is None:  # a new model has the line in its block
                continue
            line = opposite_line(field, names)
            there = place.model.field(line[0])
            if there is None:
                additions.append(Addition(place, " ".join(line), False))
            elif there.type != names.of_model(model):
                what = f"{place.file.at(there.span)}: {place.model.name}.{line[0]}"
                opposite = f"{model.__name__}.{field.name}: give that another backref"
                problems.append(f"{what} is not the opposite of {opposite}")
    return ServiceComparison(tuple(additions), tuple(problems))


def add_services(
    files: Sequence[SchemaFile], additions: Sequence[Addition]
) -> tuple[SchemaFile, ...]:
    """Add what is missing for a service's tables.

    Args:
        files: The files of the schema.
        additions: The blocks and lines.

    Returns:
        The files with the new text, parsed.
    """
    of_file: dict[Path, list[Addition]] = defaultdict(list)
    for addition in additions:
        of_file[addition.place.file.path].append(addition)
    return tuple(_changed(file, of_file.get(file.path, [])) for file in files)


def _changed(file: SchemaFile, additions: Sequence[Addition]) -> SchemaFile:
    lines: dict[str, list[str]] = defaultdict(list)
    for each in additions:
        if not each.is_block:
            lines[each.place.model.name].append(each.text)
    models = {each.place.model.name: each.place.model for each in additions}
    text = add_fields(file.schema, [(models[name], added) for name, added in lines.items()])
    if blocks := [each.text for each in additions if each.is_block]:
        text = add_blocks(parse_prisma(text), blocks)
    return SchemaFile(file.path, parse_prisma(text))


def _names(files: Sequence[SchemaFile], theirs: Mapping[str, list[ModelInFile]]) -> Names:
    enum_names = {each.database_name: each.name for file in files for each in file.schema.enums}

    def of_model(model: type[BaseModel]) -> str:
        found = theirs.get(model._meta.table_name)
        return found[0].model.name if found else model.__name__

    def of_field(field: Any) -> str:
        found = theirs.get(field.model._meta.table_name)
        fields = found[0].model.fields if found else ()
        there = (each.name for each in fields if each.database_name == field.column_name)
        return next(there, str(field.column_name))

    def of_enum(enum: type[StrEnum]) -> str:
        return enum_names.get(enum.__name__, enum.__name__)

    return Names(of_model, of_field, of_enum)


def _missing_enums(files: Sequence[SchemaFile], models: Sequence[type[BaseModel]]) -> Iterator[str]:
    there = {each.database_name for file in files for each in file.schema.enums}
    for enum in enums(models):
        if enum.__name__ not in there:
            yield enum_block(enum)
