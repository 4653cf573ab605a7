"""The SQL for the objects of the library's own: the function and indexes of searches, the keys."""

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import FOLD_FUNCTION, FOLD_NAME, FOLD_SIGNATURE, SEARCH_INDEXES
from triosigno_db.schema.catalog import TRIGRAM_CLASS, Run, needs_trigrams

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
    -- Temporary tables are for comparing schemas: nothing is made beside them.
    IF pg_catalog.starts_with(pg_catalog.current_schema(), 'pg_temp') AND NOT (
{possible}
    ) THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE EXTENSION pg_trgm;
    END IF;
    SELECT nspname INTO home FROM pg_extension
    JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm';
{creations}
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported
        OR invalid_schema_name OR undefined_function THEN
        RAISE NOTICE 'searches go without an index: %', SQLERRM;
END
"""


_CAN_INDEX_TRIGRAMS = """
        EXISTS (
            SELECT FROM pg_extension
            WHERE extname = 'pg_trgm' AND pg_catalog.has_schema_privilege(extnamespace, 'USAGE')
        )
        AND EXISTS (
            SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = '{schema}' AND p.proname = '{function}'
              AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
              AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
        )
""".replace("{schema}", KEYS_SCHEMA).replace("{function}", FOLD_NAME)


def can_index_trigrams(run: Run) -> bool:
    """Return whether a session could create the search indexes, so that they are expected.

    Args:
        run: Runs a statement in that session and returns its rows.

    Returns:
        `False` if the database lacks `pg_trgm` or the function of searches, or the role may not
        use them.
    """
    ((is_possible,),) = run(f"SELECT {_CAN_INDEX_TRIGRAMS}")
    return bool(is_possible)


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
    return f"{_SEARCH_COMMENT}\n{_search_block(creations)}"


def index_script(definition: str) -> str:
    """Generate the SQL that creates an index from its definition in a catalog.

    Args:
        definition: The definition as PostgreSQL prints it.

    Returns:
        One statement. If the index needs `pg_trgm`, the statement finds the schema of the
        extension, and does nothing on a server without it.
    """
    if not needs_trigrams(definition):
        return f"{definition};"
    pattern = TRIGRAM_CLASS.sub(r" %1$I.\1", definition.replace("%", "%%"))
    return _search_block(f"    EXECUTE pg_catalog.format({literal(pattern)}, home);")


def _search_block(creations: str) -> str:
    possible = _CAN_INDEX_TRIGRAMS.strip("\n")
    return _do(_SEARCH_BLOCK.replace("{possible}", possible).replace("{creations}", creations))


def keys_script() -> str:
    """Generate the SQL that creates the table of idempotency keys if it is missing.

    Returns:
        One statement; it fails if the role may not create the table.
    """
    return f"{_KEYS_COMMENT}\n{_own_objects('idempotency keys need a table', _KEYS_TABLE)}"


def _own_objects(what: str, creation: str) -> str:
    """Write the statement that creates objects in the library's schema, and the schema."""
    block = _OWN_OBJECTS.replace("{objects}", creation.strip("\n"))
    return _do(block.replace("{schema}", KEYS_SCHEMA).replace("{what}", what))


def _do(block: str) -> str:
    # An escaped string without semicolons: the engine of Prisma splits a script at each semicolon.
    escaped = literal(block.replace("\\", "\\\\").replace(";", "\\073"))
    return f"DO E{escaped};"
