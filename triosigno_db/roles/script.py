"""The SQL that creates the roles and grants each its privileges."""

import json
from collections.abc import Iterable

from triosigno_db.database.quoting import literal
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.roles.purposes import (
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
-- No password is set here: psql's \\password asks for one, and sends no more than its hash.
"""

# What differs from one script to another stands in the declarations; the rest is the same always.
# The block is one statement: all of it, or nothing.
_BODY = """\
    thing text;
    kind text;
    listed text;
    earlier_path text := current_setting('search_path');
BEGIN
    -- What others have made must not take the place of the server's own functions.
    PERFORM set_config('search_path', 'pg_catalog', true);

    -- One at a time, and not while a migration runs: this is Prisma Migrate's lock.
    PERFORM pg_advisory_xact_lock({lock});

    -- Roles: able to log in once they have a password.
    FOREACH thing IN ARRAY ARRAY[owner_role, app_role, reader_role] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = thing) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', thing);
        END IF;
    END LOOP;
    -- Tables can be handed to a role by its members only.
    IF NOT pg_has_role(owner_role, 'USAGE') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', owner_role);
    END IF;

    -- The database: nobody but the owner makes schemas or temporary tables.
    EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, %I, %I',
                   current_database(), app_role, reader_role);
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO %I',
                   current_database(), owner_role);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I',
                   current_database(), app_role, reader_role);

    -- The schema of idempotency keys, which a migration makes: the application alone looks into it.
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = keys_schema) THEN
        IF EXISTS (SELECT FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner
                   WHERE nspname = keys_schema AND rolname <> owner_role) THEN
            EXECUTE format('ALTER SCHEMA %I OWNER TO %I', keys_schema, owner_role);
        END IF;
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, %I, %I',
                       keys_schema, app_role, reader_role);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', keys_schema, app_role);
    END IF;

    -- The tables' schema: nobody but the owner makes anything in it.
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = data_schema) THEN
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', data_schema, owner_role);
    END IF;
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I, %I',
                   data_schema, app_role, reader_role);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', data_schema, owner_role);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', data_schema, app_role, reader_role);

    -- Tables and types are the owner's.
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
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO %I', kind, thing, owner_role);
    END LOOP;

    -- What was given before is taken back: to everybody on these tables, to the application and
    -- the reader on any table, column, view or sequence beside them.
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

    -- The application works on rows; the ledger of the migrations is none of its business.
    FOR thing IN
        SELECT format('%I.%I', nspname, relname) FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind IN ('r', 'p')
          AND (nspname = data_schema AND relname = ANY (data_tables)
               OR nspname = keys_schema AND relname = keys_table)
    LOOP
        EXECUTE format('GRANT {rows} ON TABLE %s TO %I', thing, app_role);
    END LOOP;

    -- The reader reads rows. A right on a whole table would bring its secrets: of a table that has
    -- some the columns are named.
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

    -- Later tables are the application's at once. They are the reader's after the next run of this,
    -- as a default can't leave out a column; and there is no default before there is a ledger,
    -- which would fall under it.
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
    """Write the SQL that creates the roles and grants each its privileges.

    It is one statement, and can be repeated, with the tables in the database or without. Roles that
    are missing are made, able to log in once they have a password; one that is there keeps its
    attributes and memberships, which count for the whole server. The tables and types of the
    library and Prisma's ledger become the owner's. What everybody, the application and the reader
    have been given on the database, its schema and its tables beyond their purpose is taken back.

    Args:
        names: The names of the roles; those of `RoleNames()` without it.
        schema_name: The schema of the tables, made where it is missing.

    Returns:
        The script.

    Raises:
        InvalidInputError: A name can't be one, or two roles have the same.
    """
    names = check_names(names or RoleNames())
    check_identifier("schema_name", schema_name)
    body = _BODY.replace("{lock}", str(PRISMA_LOCK)).replace("{rows}", ", ".join(ROWS))
    block = f"DECLARE\n{_declarations(names, schema_name)}{body}"
    # A name may hold what would end the text.
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
        "data_types": _list(enum.__name__ for enum in enums()),
        "open_columns": f"jsonb := {literal(json.dumps(open_columns()))}",
        "ledger": _name(LEDGER_TABLE),
        "keys_schema": _name(KEYS_SCHEMA),
        "keys_table": _name(KEYS_TABLE),
    }
    return "".join(f"    {name} CONSTANT {value};\n" for name, value in values.items())


def _name(name: str) -> str:
    return f"name := {literal(name)}"


def _list(names: Iterable[str]) -> str:
    return f"name[] := ARRAY[{', '.join(map(literal, names))}]"
