"""The files of a Prisma schema: one, or several that Prisma reads as one."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from triosigno_db.schema.prisma_nodes import Model, PrismaSchema, Span


class SchemaFile(NamedTuple):
    """A file of a Prisma schema.

    Attributes:
        path: The file.
        schema: Its text, parsed.
    """

    path: Path
    schema: PrismaSchema

    def at(self, span: Span) -> str:
        """Name a place in this file, for messages.

        Args:
            span: The place in the text.

        Returns:
            The path and the line.
        """
        return f"{self.path}:{span.line}"


class ModelInFile(NamedTuple):
    """A model, and the file that it stands in."""

    file: SchemaFile
    model: Model

    @property
    def place(self) -> str:
        """The path and the line of the model, for messages."""
        return self.file.at(self.model.span)


def models_by_table(files: Sequence[SchemaFile]) -> dict[str, list[ModelInFile]]:
    """List the models of a schema by the names of their tables.

    Args:
        files: The files of the schema.

    Returns:
        The models of each table: one, where the schema is valid; none for any other name.
    """
    models: dict[str, list[ModelInFile]] = defaultdict(list)
    for file in files:
        for model in file.schema.models:
            models[model.database_name].append(ModelInFile(file, model))
    return models
