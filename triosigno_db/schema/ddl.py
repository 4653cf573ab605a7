"""The models as SQL, in the form that the engine of Prisma generates for the same schema."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import peewee

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.models.fields import CreatedAtField, EnumField
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import FOLD_FUNCTION, FOLD_SIGNATURE, SEARCH_INDEXES

_OWN_OBJECTS = r"""
BEGIN
    -- Temporary tables are for comparing schemas.
    IF pg_catalog.starts_with(pg_catalog.current_schema(), 'pg_temp') THEN
        RETURN;
    END IF;
    -- Another schema of this database may have them already, with another owner.
    IF pg_catalog.to_regnamespace('{schema}') IS NULL THEN
        CREATE SCHEMA {schema};
    END IF;
{objects}
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING MESSAGE = pg_catalog.format(
            CASE WHEN pg_catalog.to_regnamespace('{schema}') IS NULL
                THEN '%s: {what} in the schema {schema}. As an administrator, run GRANT CREATE '
                    'ON DATABASE %I TO %I, or CREATE SCHEMA {schema} AUTHORIZATION %3$I'
                ELSE '%s: {what} in the schema {schema} of %I. As an administrator, run GRANT '
                    'USAGE, CREATE ON SCHEMA {schema} TO %I'
            END, SQLERRM, pg_catalog.current_database(), current_user);
END
"""

_KEYS_COMMENT = """\
-- The idempotency keys of writes that were counted, in a schema of their own. What is escaped as
-- 073 stands for the end of a statement inside the block."""

_KEYS_TABLE = f"""
    IF pg_catalog.to_regclass('{KEYS_SCHEMA}."{KEYS_TABLE}"') IS NULL THEN
        CREATE TABLE {KEYS_SCHEMA}."{KEYS_TABLE}" (
            "digest" UUID NOT NULL,
            "createdAt" TIMESTAMP(3) NOT NULL,
            CONSTRAINT "{KEYS_TABLE}_pkey" PRIMARY KEY ("digest")
        );
        CREATE INDEX "{KEYS_TABLE}_createdAt_idx" ON {KEYS_SCHEMA}."{KEYS_TABLE}"("createdAt");
    END IF;
"""

_FOLD_COMMENT = """\
-- The function that folds text, so that searches ignore accents, case, punctuation and the kind of
-- white space. What is escaped as 073 stands for the end of a statement inside the block."""

_FOLD_TEXT = f"""
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'The encoding of the database must be UTF8, not %.',
            pg_catalog.getdatabaseencoding();
    END IF;
    IF pg_catalog.to_regprocedure('{FOLD_SIGNATURE}') IS NULL THEN
{FOLD_FUNCTION.strip()};
    END IF;
"""

_SEARCH_COMMENT = """\
-- The indexes of searches: the trigrams of the folded texts, where the server has pg_trgm. What is
-- escaped as 073 stands for the end of a statement inside the block."""

_SEARCH_BLOCK = r"""
DECLARE
    home name;
BEGIN
    -- Temporary tables are for comparing schemas.
    IF pg_catalog.starts_with(pg_catalog.current_schema(), 'pg_temp') THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE EXTENSION pg_trgm;
    END IF;
    SELECT nspname INTO home FROM pg_extension
    JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm';
{creations}
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'searches go without an index: %', SQLERRM;
END
"""

_TYPE_OF = {"INT": "INTEGER", "BOOL": "BOOLEAN"}


def enums(models: Iterable[type[BaseModel]] = MODELS) -> tuple[type[StrEnum], ...]:
    """List the enums of the columns of some models.

    Args:
        models: The models; by default those of the library.

    Returns:
        The enums without duplicates, in the order of the models.
    """
    fields = [field for model in models for field in model._meta.sorted_fields]
    return tuple(dict.fromkeys(f.enum for f in fields if isinstance(f, EnumField)))


def to_sql(models: Sequence[type[BaseModel]] = MODELS) -> str:
    """Generate the SQL that creates the tables of some models in the current schema.

    Args:
        models: The models; by default those of the library, as `create_schema()` creates them.

    Returns:
        The statements for enum types, tables, indexes, foreign keys and checks, each with a
        comment. For models of the library also: the search indexes, if the server has `pg_trgm`;
        and the function of searches and the table of idempotency keys, if they do not exist in the
        library's schema.
    """
    parts = (
        *_enums(models),
        *_tables(models),
        *_indexes(models),
        *_foreign_keys(models),
        *_checks(models),
        *_own_scripts(models),
    )
    return "\n\n".join(parts) + "\n"


def _own_scripts(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    if any(model in MODELS for model in models):
        yield fold_script()
        yield search_index_script()
        yield keys_script()


def fold_script() -> str:
    """Generate the SQL that creates the function of searches if it is missing.

    Returns:
        One statement; it fails if the role may not create the function.
    """
    return f"{_FOLD_COMMENT}\n{_own_objects('searches need a function', _FOLD_TEXT)}"


def search_index_script() -> str:
    """Generate the SQL that creates the search indexes, if possible.

    Without `pg_trgm`, or the right to create it, searches return the same results but are slower.

    Returns:
        One statement.
    """
    creations = "\n".join(
        f"    EXECUTE pg_catalog.format('CREATE INDEX IF NOT EXISTS {identifier(name)} ON "
        f"{identifier(table)} USING gin ((%s) %I.gin_trgm_ops)', {literal(text)}, home);"
        for name, (table, text) in SEARCH_INDEXES.items()
    )
    return f"{_SEARCH_COMMENT}\n{_do(_SEARCH_BLOCK.replace('{creations}', creations))}"


def keys_script() -> str:
    """Generate the SQL that creates the table of idempotency keys if it is missing.

    Returns:
        One statement; it fails if the role may not create the table.
    """
    return f"{_KEYS_COMMENT}\n{_own_objects('idempotency keys need a table', _KEYS_TABLE)}"


def drop_script(tables: list[str], enum_types: list[str]) -> str:
    """Generate the SQL that drops tables and enum types; it fails if other objects need them.

    Args:
        tables: The names of tables in the current schema.
        enum_types: The names of enum types in the current schema.

    Returns:
        The statements.
    """
    statements = []
    if tables:
        statements.append(f"DROP TABLE {', '.join(map(identifier, tables))};")
    if enum_types:
        statements.append(f"DROP TYPE {', '.join(map(identifier, enum_types))};")
    return "\n".join(statements)


def _own_objects(what: str, creation: str) -> str:
    """Write the statement that creates objects in the library's schema, and the schema."""
    block = _OWN_OBJECTS.replace("{objects}", creation.strip("\n"))
    return _do(block.replace("{schema}", KEYS_SCHEMA).replace("{what}", what))


def _do(block: str) -> str:
    # An escaped string without semicolons: the engine of Prisma splits a script at each semicolon.
    escaped = literal(block.replace("\\", "\\\\").replace(";", "\\073"))
    return f"DO E{escaped};"


def _enums(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    for enum in enums(models):
        labels = ", ".join(map(literal, enum))
        yield f"-- CreateEnum\nCREATE TYPE {identifier(enum.__name__)} AS ENUM ({labels});"


def _tables(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    for model in models:
        table = model._meta.table_name
        lines = [*map(_column, model._meta.sorted_fields), "", _primary_key(model)]
        body = "\n".join(f"    {line}" if line else "" for line in lines)
        yield f"-- CreateTable\nCREATE TABLE {identifier(table)} (\n{body}\n);"


def _column(field: Any) -> str:
    sql_type = _TYPE_OF.get(field.field_type, field.field_type)
    null = "" if field.null else " NOT NULL"
    return f"{identifier(field.column_name)} {sql_type}{null}{_default(field)},"


def _default(field: Any) -> str:
    if isinstance(field, CreatedAtField):
        return " DEFAULT CURRENT_TIMESTAMP"
    match field.default:
        case bool() as value:
            return f" DEFAULT {str(value).lower()}"
        case int() as number:
            return f" DEFAULT {number}"
        case str() as text:
            return f" DEFAULT {literal(text)}"
        case _:
            # None, or a Python function.
            return ""


def _primary_key(model: type[BaseModel]) -> str:
    name = identifier(f"{model._meta.table_name}_pkey")
    return f"CONSTRAINT {name} PRIMARY KEY ({_columns(model._meta.get_primary_keys())})"


def _indexes(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    for model in models:
        for index in model._meta.indexes_by_name().values():
            unique = "UNIQUE " if index.is_unique else ""
            yield (
                f"-- CreateIndex\nCREATE {unique}INDEX {identifier(index.name)} "
                f"ON {identifier(model._meta.table_name)}({_columns(index.parts)});"
            )


def _foreign_keys(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    for model in models:
        for field, referred in model._meta.refs.items():
            yield (
                f"-- AddForeignKey\nALTER TABLE {identifier(model._meta.table_name)} "
                f"ADD CONSTRAINT {identifier(field.constraint_name)} "
                f"FOREIGN KEY ({_columns([field])}) "
                f"REFERENCES {identifier(referred._meta.table_name)}"
                f"({_columns([field.rel_field])}) "
                f"ON DELETE {field.on_delete} ON UPDATE {field.on_update};"
            )


def _checks(models: Sequence[type[BaseModel]]) -> Iterator[str]:
    for model in models:
        for name, condition in model._meta.checks:
            yield (
                f"-- AddConstraint\nALTER TABLE {identifier(model._meta.table_name)} "
                f"ADD CONSTRAINT {identifier(name)} CHECK ({condition});"
            )


def _columns(fields: Any) -> str:
    return ", ".join(map(_column_or_expression, fields))


def _column_or_expression(node: Any) -> str:
    if isinstance(node, peewee.SQL):
        return str(node.sql)
    return identifier(node.column_name)
