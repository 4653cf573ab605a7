"""Find what keeps a Prisma schema of the Node side from being compared or edited."""

from collections.abc import Iterator, Sequence

from triosigno_db.models import MODELS
from triosigno_db.schema.prisma_files import ModelInFile, SchemaFile, models_by_table
from triosigno_db.schema.prisma_nodes import Model, Span, unquote
from triosigno_db.schema.prisma_parser import NO_END, UNKNOWN_ATTRIBUTE

_PROVIDERS = ("postgresql", "postgres")


def find_problems(files: Sequence[SchemaFile]) -> list[str]:
    """List what makes a schema another one than it seems to be.

    Args:
        files: The files of the schema.

    Returns:
        One line for each problem, with the file and the line: a provider that is not PostgreSQL, a
        block without an end, two models of one table, and tables of the library in several schemas
        of the database.
    """
    return [*_problems_of_files(files), *_problems_of_models(_needed_models(files))]


def find_unread_lines(files: Sequence[SchemaFile]) -> list[str]:
    """List the lines of the library's models that the parser does not know.

    Args:
        files: The files of the schema.

    Returns:
        One for each, with the file and the line.
    """
    return [
        f"{file.at(skipped.span)}: {skipped.text}: {skipped.why}"
        for file, model in _needed_models(files)
        for skipped in file.schema.skipped
        if _contains(model.span, skipped.span) and skipped.why not in (UNKNOWN_ATTRIBUTE, NO_END)
    ]


def schema_of_tables(files: Sequence[SchemaFile]) -> str | None:
    """Name the database schema of the library's tables.

    Args:
        files: The files of the schema.

    Returns:
        What `@@schema` names in the first model of a table of the library, or `None`.
    """
    return next((each.model.schema for each in _needed_models(files)), None)


def _needed_models(files: Sequence[SchemaFile]) -> list[ModelInFile]:
    theirs = models_by_table(files)
    return [found for model in MODELS for found in theirs.get(model._meta.table_name, ())]


def _problems_of_files(files: Sequence[SchemaFile]) -> Iterator[str]:
    for file in files:
        for config in file.schema.configs:
            provider = unquote(config.settings.get("provider", ""))
            if config.keyword == "datasource" and provider not in _PROVIDERS:
                yield f"{file.at(config.span)}: the provider of the datasource is not postgresql"
        for skipped in file.schema.skipped:
            if skipped.why == NO_END:
                yield f"{file.at(skipped.span)}: {skipped.why}"


def _problems_of_models(found: list[ModelInFile]) -> Iterator[str]:
    first: dict[str, ModelInFile] = {}
    for each in found:
        table, schema = each.model.database_name, each.model.schema
        earlier = first.setdefault(table, each)
        if earlier is not each:
            yield f"{each.place}: the table {table} has another model at {earlier.place}"
        elif schema != found[0].model.schema:
            yield (
                f"{each.place}: {_in_schema(each.model)}, but {_in_schema(found[0].model)}: the "
                "library has all its tables in one"
            )


def _in_schema(model: Model) -> str:
    where = "has no @@schema" if model.schema is None else f"is in the schema {model.schema}"
    return f"the model {model.name} {where}"


def _contains(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
