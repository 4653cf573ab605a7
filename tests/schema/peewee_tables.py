"""Tables of models, made by Peewee in one schema and by the library in another."""

from collections.abc import Sequence
from typing import Any

import peewee

from triosigno_db.database.execution import run_sql
from triosigno_db.database.transactions import transaction
from triosigno_db.models import BaseModel
from triosigno_db.schema.catalog import Catalog, read_catalog, searching
from triosigno_db.schema.ddl import to_sql

PEEWEE, LIBRARY = '"by_peewee"', '"by_library"'

# What is not in the library's own catalog is read here, too: methods, orders, options.
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
       a.attgenerated, a.attcollation::regcollation::text, a.attndims,
       pg_get_expr(d.adbin, d.adrelid),
       pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
ORDER BY c.relname, a.attnum
"""
_INDEXES = """
SELECT c.relname, i.relname, m.amname, x.indisunique, x.indoption::text, x.indclass::text,
       x.indcollation::text, pg_get_expr(x.indpred, x.indrelid),
       ARRAY(SELECT pg_get_indexdef(i.oid, k, true) FROM generate_series(1, x.indnatts) k)
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_am m ON m.oid = i.relam
JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid), condeferrable, condeferred
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2, 3
"""


def table(name: str, meta: dict[str, Any] | None = None, /, **fields: Any) -> type[BaseModel]:
    """Declare a model."""
    options = {"Meta": type("Meta", (), meta)} if meta else {}
    model: type[BaseModel] = type(name, (BaseModel,), {**fields, **options})
    return model


def make_by_peewee(*models: type[BaseModel]) -> None:
    with transaction():
        run_sql(f"CREATE SCHEMA {PEEWEE}")
        with searching(PEEWEE):
            for model in models:
                model.create_table(safe=False)
            for model in models:
                for field in model._meta.refs:
                    # Peewee leaves it to its caller to add a deferred one.
                    if field.deferred:
                        model._schema.create_foreign_key(field)


def make_by_library(*models: type[BaseModel]) -> None:
    with transaction():
        run_sql(f"CREATE SCHEMA {LIBRARY}")
        with searching(LIBRARY):
            run_sql(to_sql(models))


def describe(schema: str) -> Sequence[Any]:
    """Read all that PostgreSQL tells of the tables of a schema."""
    with transaction(), searching(schema):
        return [run_sql(query) for query in (_COLUMNS, _INDEXES, _CONSTRAINTS)]


def assert_made_alike(*models: type[BaseModel]) -> Catalog:
    """Make the tables of some models by both, and assert that they are equal."""
    make_by_peewee(*models)
    make_by_library(*models)
    for ours, theirs in zip(describe(LIBRARY), describe(PEEWEE), strict=True):
        assert ours == theirs
    made, expected = read_catalog(LIBRARY), read_catalog(PEEWEE)
    for name, wanted in expected.tables.items():
        found = made.tables[name]
        assert (found.columns, found.indexes) == (wanted.columns, wanted.indexes)
        assert sorted(found.constraints.values()) == sorted(wanted.constraints.values())
    return made


def fields_of(*modules: Any) -> set[type[peewee.Field]]:
    """List the classes of fields that modules define."""
    return {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, peewee.Field)
        and each.__module__ == module.__name__
    }
