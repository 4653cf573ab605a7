"""The structure that the library expects, from its models."""

from functools import cache
from pathlib import Path

from triosigno_db.compatibility.from_prisma import from_prisma
from triosigno_db.compatibility.structure import Index, Structure, Table
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.models.search import SEARCH_INDEXES
from triosigno_db.schema.prisma import to_prisma
from triosigno_db.schema.prisma_files import SchemaFile
from triosigno_db.schema.prisma_parser import parse_prisma


@cache
def expected_structure(services: tuple[type[BaseModel], ...] = ()) -> Structure:
    """Describe the structure of the models.

    Args:
        services: Models of services, beside those of the library.

    Returns:
        The structure, with the CHECK constraints and the indexes on expressions by their names.
    """
    models = (*MODELS, *services)
    plain = from_prisma([SchemaFile(Path("schema.prisma"), parse_prisma(to_prisma(models=models)))])
    tables = {}
    for model in models:
        name = model._meta.table_name
        table = plain.tables[name]
        names = [*model._meta.indexes_by_name()]
        names += [index for index, (owner, _) in SEARCH_INDEXES.items() if owner == name]
        expressions = {
            index: Index((), is_unique=False, is_plain=False)
            for index in names
            if index not in table.indexes
        }
        tables[name] = Table(
            table.columns,
            {**table.indexes, **expressions},
            table.references,
            dict(model._meta.checks),
        )
    return Structure(tables, plain.enums, has_all=True)
