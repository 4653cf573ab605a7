"""The SQL that creates the roles and grants each its privileges."""

import json
from collections.abc import Iterable

from triosigno_db.database.quoting import literal
from triosigno_db.models import all_models
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import FOLD_NAME
from triosigno_db.roles.purposes import (
    ADVISORY_LOCKS,
    LARGE_OBJECTS,
    ROWS,
    RoleNames,
    check_identifier,
    check_names,
    open_columns,
    table_names,
)
from triosigno_db.schema.ddl import enums
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE, PRISMA_LOCK

_HEAD = """\
-- The three roles of TrioSigno's database. Run this in that database, as a superuser or as a role
-- that owns it and may create roles: before the first migration, and again after each.
-- It sets no passwords: use psql's \\password, which prompts for one and sends only its hash.
"""

# The declarations hold the values that vary; the body is constant. A DO block is one statement and
# therefore atomic.
_BODY = """\
    thing text;
    kind text;
    listed text;
    is_lock bool;
    earlier_path text := pg_catalog.current_setting('search_path');
BEGIN
    -- Objects of other roles must not shadow the server's functions.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

    -- Prisma Migrate's lock: not concurrently with a migration or with another run.
    PERFORM pg_advisory_xact_lock({lock});

    -- Roles: they can log in after they get a password.
    FOREACH thing IN ARRAY ARRAY[owner_role, app_role, reader_role] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = thing) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', thing);
        END IF;
    END LOOP;
    -- Only members of a role can make it the owner of a table.
    IF NOT pg_has_role(owner_role, 'USAGE') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', owner_role);
    END IF;

    -- The database: only the owner creates schemas or temporary tables.
    EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, %I, %I',
                   current_database(), app_role, reader_role);
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO %I',
                   current_database(), owner_role);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I',
                   current_database(), app_role, reader_role);

    -- The library's own schema, which a migration creates: all use its function, and only the
    -- application the table of idempotency keys.
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = keys_schema) THEN
        IF EXISTS (SELECT FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner
                   WHERE nspname = keys_schema AND rolname <> owner_role) THEN
            EXECUTE format('ALTER SCHEMA %I OWNER TO %I', keys_schema, owner_role);
        END IF;
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, %I, %I',
                       keys_schema, app_role, reader_role);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', keys_schema, app_role, reader_role);
    END IF;

    -- The schema of the tables: only the owner creates objects in it.
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = data_schema) THEN
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', data_schema, owner_role);
    END IF;
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I, %I',
                   data_schema, app_role, reader_role);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', data_schema, owner_role);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', data_schema, app_role, reader_role);

    -- Up to version 14, everybody may create objects in the schema public of a new database.
    IF EXISTS (SELECT FROM pg_namespace CROSS JOIN LATERAL aclexplode(nspacl) acl
               WHERE nspname = 'public' AND grantee = 0 AND privilege_type = 'CREATE'
                 AND pg_has_role(nspowner, 'USAGE')) THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;

    -- Who may only read can neither create large objects nor hold the migration lock. Only a
    -- superuser can revoke this.
    FOR thing, is_lock IN
        SELECT oid::regprocedure::text, proname = ANY (lock_functions) FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND pg_has_role(proowner, 'USAGE')
          AND proname = ANY (large_object_functions || lock_functions)
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, %I, %I',
                       thing, app_role, reader_role);
        IF is_lock THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', thing, owner_role, app_role);
        END IF;
    END LOOP;

    -- The owner owns the tables, types and functions.
    FOR kind, thing IN
        SELECT 'TABLE', format('%I.%I', nspname, relname) FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        JOIN pg_roles ON pg_roles.oid = relowner AND rolname <> owner_role
        WHERE relkind IN ('r', 'p')
          AND (nspname = data_schema AND relname = ANY (data_tables || ledger)
               OR nspname = keys_schema AND relname = keys_table)
        UNION ALL
        SELECT 'TYPE', format('%I.%I', nspname, typname) FROM pg_type
        JOIN pg_namespace ON pg_namespace.oid = typnamespace
        JOIN pg_roles ON pg_roles.oid = typowner AND rolname <> owner_role
        WHERE nspname = data_schema AND typname = ANY (data_types)
        UNION ALL
        SELECT 'FUNCTION', pg_proc.oid::regprocedure::text FROM pg_proc
        JOIN pg_namespace ON pg_namespace.oid = pronamespace
        JOIN pg_roles ON pg_roles.oid = proowner AND rolname <> owner_role
        WHERE nspname = keys_schema AND proname = search_function
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO %I', kind, thing, owner_role);
    END LOOP;

    -- Revoke earlier grants: to PUBLIC on these tables, to the application and the reader on any
    -- table, column, view or sequence in the schemas.
    FOR thing, listed IN
        SELECT format('%I.%I', nspname, relname), string_agg(DISTINCT grantees.name, ', ')
        FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        CROSS JOIN LATERAL (
            SELECT grantee FROM aclexplode(relacl)
            UNION ALL
            SELECT columns.grantee FROM pg_attribute, aclexplode(attacl) columns
            WHERE attrelid = pg_class.oid
        ) given
        JOIN (
            SELECT 0 AS grantee, 'PUBLIC' AS name
            UNION ALL
            SELECT oid, quote_ident(rolname) FROM pg_roles
            WHERE rolname IN (app_role, reader_role)
        ) grantees USING (grantee)
        WHERE nspname IN (data_schema, keys_schema)
          AND grantee <> relowner
          AND (grantee <> 0 OR nspname = keys_schema OR relname = ANY (data_tables || ledger))
        GROUP BY nspname, relname
    LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', thing, listed);
    END LOOP;

    -- The application reads and writes rows, but not the ledger of the migrations.
    FOR thing IN
        SELECT format('%I.%I', nspname, relname) FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind IN ('r', 'p')
          AND (nspname = data_schema AND relname = ANY (data_tables)
               OR nspname = keys_schema AND relname = keys_table)
    LOOP
        EXECUTE format('GRANT {rows} ON TABLE %s TO %I', thing, app_role);
    END LOOP;

    -- The reader reads rows. A privilege on a whole table includes its secret columns, so a table
    -- with secret columns is granted by column.
    FOR thing IN
        SELECT format('%I.%I', nspname, relname) FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind IN ('r', 'p') AND nspname = data_schema
          AND relname = ANY (data_tables) AND NOT open_columns ? relname
    LOOP
        EXECUTE format('GRANT SELECT ON TABLE %s TO %I', thing, reader_role);
    END LOOP;
    FOR thing, listed IN
        SELECT format('%I.%I', nspname, relname), string_agg(quote_ident(attname), ', ')
        FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        WHERE relkind IN ('r', 'p') AND nspname = data_schema AND open_columns -> relname ? attname
        GROUP BY nspname, relname
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON TABLE %s TO %I', listed, thing, reader_role);
    END LOOP;

    -- Both search.
    FOR thing IN
        SELECT pg_proc.oid::regprocedure::text FROM pg_proc
        JOIN pg_namespace ON pg_namespace.oid = pronamespace
        WHERE nspname = keys_schema AND proname = search_function
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', thing, app_role, reader_role);
    END LOOP;

    -- Future tables: the application gets default privileges. The reader gets its privileges in the
    -- next run, as default privileges cannot exclude a column. No default privileges are set before
    -- the ledger exists, because they would include it.
    FOR thing IN SELECT nspname FROM pg_namespace WHERE nspname IN (data_schema, keys_schema)
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I '
                       'REVOKE ALL ON TABLES FROM PUBLIC, %I, %I',
                       owner_role, thing, app_role, reader_role);
        IF to_regclass(format('%I.%I', data_schema, ledger)) IS NOT NULL THEN
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I '
                           'GRANT {rows} ON TABLES TO %I', owner_role, thing, app_role);
        END IF;
    END LOOP;

    PERFORM set_config('search_path', earlier_path, true);
END
"""


def role_script(names: RoleNames | None = None, *, schema_name: str = "public") -> str:
    """Return the SQL that creates the roles and grants each its privileges.

    It is one statement, and can be run repeatedly, before or after the tables are created. Missing
    roles are created and can log in after they get a password. An existing role keeps its
    attributes and memberships, which apply to the whole server. The owner becomes the owner of the
    library's tables and types and of Prisma's ledger. Excess privileges of PUBLIC, the application
    and the reader on the database, its schema and its tables are revoked. So are the privileges of
    PUBLIC to create objects in the schema `public` and, if a superuser runs it, to create large
    objects and to take advisory locks in this database.

    Args:
        names: The names of the roles. The default is `RoleNames()`.
        schema_name: The schema of the tables, which is created if it is missing.

    Returns:
        The SQL script.

    Raises:
        InvalidInputError: A name is invalid, or two roles have the same name.
    """
    names = check_names(names or RoleNames())
    check_identifier("schema_name", schema_name)
    body = _BODY.replace("{lock}", str(PRISMA_LOCK)).replace("{rows}", ", ".join(ROWS))
    block = f"DECLARE\n{_declarations(names, schema_name)}{body}"
    # A name may contain the tag that ends the quoted text.
    tag = "$roles$"
    while tag in block:
        tag = tag[:-1] + "_$"
    return f"{_HEAD}\nDO {tag}\n{block}{tag};\n"


def _declarations(names: RoleNames, schema_name: str) -> str:
    values = {
        "owner_role": _name(names.owner),
        "app_role": _name(names.application),
        "reader_role": _name(names.reader),
        "data_schema": _name(schema_name),
        "data_tables": _list(table_names()),
        "data_types": _list(enum.__name__ for enum in enums(all_models())),
        "open_columns": f"jsonb := {literal(json.dumps(open_columns()))}",
        "ledger": _name(LEDGER_TABLE),
        "keys_schema": _name(KEYS_SCHEMA),
        "keys_table": _name(KEYS_TABLE),
        "search_function": _name(FOLD_NAME),
        "large_object_functions": _list(LARGE_OBJECTS),
        "lock_functions": _list(ADVISORY_LOCKS),
    }
    return "".join(f"    {name} CONSTANT {value};\n" for name, value in values.items())


def _name(name: str) -> str:
    return f"name := {literal(name)}"


def _list(names: Iterable[str]) -> str:
    return f"name[] := ARRAY[{', '.join(map(literal, names))}]"
