"""Compare a Prisma schema of the Node side with what the library needs."""

import re
from collections.abc import Iterator, Sequence

from triosigno_db.schema.prisma import to_prisma
from triosigno_db.schema.prisma_files import ModelInFile, SchemaFile, models_by_table
from triosigno_db.schema.prisma_nodes import Attribute, Enum, Field, Model, Span, unquote
from triosigno_db.schema.prisma_parser import NO_END, UNKNOWN_ATTRIBUTE, parse_prisma

_PROVIDERS = ("postgresql", "postgres")
_NATIVE_TYPES = {
    "String": re.compile(r"Text"),
    "Int": re.compile(r"Integer"),
    "BigInt": re.compile(r"BigInt"),
    "Boolean": re.compile(r"Boolean"),
    "DateTime": re.compile(r"Timestamp\([3-6]\)"),
}
"""The native types that hold every value of the library's columns."""

_WIDER_TYPES = {"Int": "BigInt"}


def find_problems(files: Sequence[SchemaFile]) -> list[str]:
    """List what the library needs and a schema lacks, or has in another way.

    Models, fields and enums are found by their names in the database, whatever they are called in
    the schema. Indexes are not compared.

    Args:
        files: The files of the schema.

    Returns:
        One line for each problem, with the file and the line.
    """
    return list(_Comparison(files).problems())


class _Comparison:
    """The Node side's schema, by names in the database."""

    def __init__(self, files: Sequence[SchemaFile]) -> None:
        self.files = files
        self.models = models_by_table(files)
        self.enums = {
            enum.database_name: (file, enum) for file in files for enum in file.schema.enums
        }
        self.enum_types = {enum.name: enum.database_name for _, enum in self.enums.values()}
        self.needed = parse_prisma(to_prisma())
        self.needed_types = {*_NATIVE_TYPES, *(enum.name for enum in self.needed.enums)}

    def problems(self) -> Iterator[str]:
        for file in self.files:
            yield from _problems_of_file(file)
        for enum in self.needed.enums:
            yield from self._problems_of_enum(enum)
        for model in self.needed.models:
            yield from self._problems_of_model(model)
        yield from self._problems_of_schemas()

    def _problems_of_enum(self, needed: Enum) -> Iterator[str]:
        if needed.name not in self.enums:
            yield f"{self._somewhere(needed.name)}: there is no enum {needed.name}"
            return
        file, enum = self.enums[needed.name]
        labels = {value.database_name for value in enum.values}
        for value in needed.values:
            if value.name not in labels:
                yield f"{file.at(enum.span)}: the enum {enum.name} has no value {value.name}"

    def _problems_of_model(self, needed: Model) -> Iterator[str]:
        found = self.models.get(needed.name)
        if found is None:
            yield f"{self._somewhere(needed.name)}: there is no model of the table {needed.name}"
            return
        theirs, *others = found
        for other in others:
            yield f"{other.place}: the table {needed.name} has another model at {theirs.place}"
        yield from _unread_lines(theirs)
        for field in needed.fields:
            if field.type in self.needed_types:
                yield from self._problems_of_field(theirs, field)
        for columns in _unique_columns(needed):
            if columns not in _unique_columns(theirs.model):
                names = ", ".join(sorted(columns))
                yield f"{theirs.place}: the model {theirs.model.name} is not unique by {names}"

    def _problems_of_schemas(self) -> Iterator[str]:
        """The library reads all its tables from one schema of the database."""
        found = [
            self.models[each.name][0] for each in self.needed.models if each.name in self.models
        ]
        for each in found:
            schema, first = each.model.schema, found[0].model.schema
            if schema != first:
                yield (
                    f"{each.place}: the model {each.model.name} is in the schema {schema}, "
                    f"{found[0].model.name} in {first}"
                )

    def _problems_of_field(self, theirs: ModelInFile, needed: Field) -> Iterator[str]:
        file, model = theirs
        fields = [each for each in model.fields if each.database_name == needed.name]
        if not fields:
            renamed = model.field(needed.name)
            place = file.at(renamed.span) if renamed else theirs.place
            why = f"; {renamed.name} is the column {renamed.database_name}" if renamed else ""
            column = f"{needed.name} ({_kind(needed)})"
            yield f"{place}: the model {model.name} has no column {column}{why}"
            return
        if not self._is_enough(fields[0], needed):
            written = _kind(fields[0])
            place, name = file.at(fields[0].span), f"{model.name}.{fields[0].name}"
            yield f"{place}: the field {name} is {written}, not {_kind(needed)}"

    def _is_enough(self, field: Field, needed: Field) -> bool:
        """Whether a field has the type that the library needs, or a wider one."""
        same_form = (field.is_list, field.is_optional) == (needed.is_list, needed.is_optional)
        type_name = self.enum_types.get(field.type, field.type)
        if not same_form or type_name not in (needed.type, _WIDER_TYPES.get(needed.type)):
            return False
        native = field.native_type
        if native is None:
            return True
        pattern = _NATIVE_TYPES.get(type_name)
        return pattern is not None and pattern.fullmatch(_native_name(native)) is not None

    def _somewhere(self, name: str) -> str:
        """Name the place of what has another name in the database, or the schema's first file."""
        for file in self.files:
            for block in (*file.schema.models, *file.schema.enums):
                if block.name == name:
                    return file.at(block.span)
        return str(self.files[0].path)


def _problems_of_file(file: SchemaFile) -> Iterator[str]:
    for config in file.schema.configs:
        provider = unquote(config.settings.get("provider", ""))
        if config.keyword == "datasource" and provider not in _PROVIDERS:
            yield f"{file.at(config.span)}: the provider of the datasource is not postgresql"
    for skipped in file.schema.skipped:
        if skipped.why == NO_END:
            yield f"{file.at(skipped.span)}: {skipped.why}"


def _unread_lines(theirs: ModelInFile) -> Iterator[str]:
    for skipped in theirs.file.schema.skipped:
        is_inside = _contains(theirs.model.span, skipped.span)
        if is_inside and skipped.why not in (UNKNOWN_ATTRIBUTE, NO_END):
            yield f"{theirs.file.at(skipped.span)}: {skipped.text}: {skipped.why}"


def _contains(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _unique_columns(model: Model) -> list[frozenset[str]]:
    """The sets of columns that are unique in a model, by its key or by a constraint."""
    single = [
        frozenset({field.database_name})
        for field in model.fields
        if field.attribute("id") or field.attribute("unique")
    ]
    several = [
        frozenset(_column(model, name) for name in attribute.fields)
        for attribute in model.attributes
        if attribute.name in ("id", "unique")
    ]
    return single + several


def _column(model: Model, name: str) -> str:
    field = model.field(name)
    return field.database_name if field else name


def _kind(field: Field) -> str:
    form = ("[]" if field.is_list else "") + ("?" if field.is_optional else "")
    native = field.native_type
    return field.type + form + (f" @db.{_native_name(native)}" if native else "")


def _native_name(native: Attribute) -> str:
    """The native type without the name of the datasource, such as `VarChar(80)`."""
    name = native.name.partition(".")[2]
    arguments = ", ".join(argument.value for argument in native.arguments)
    return f"{name}({arguments})" if arguments else name
