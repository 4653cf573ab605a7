"""Catalog queries for roles: attributes, memberships, owned objects and privileges.

Every role may read these catalogs. `%(roles)s` are the names of the roles, `%(schemas)s` the
schemas of the library's tables.
"""

SESSION = "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_setting('jit')"
SET_SESSION = """
SELECT pg_catalog.set_config('search_path', %(path)s, true),
       pg_catalog.set_config('jit', %(jit)s, true)
"""
"""The settings for the queries: only the catalogs in the search path, no slow JIT compilation."""

ATTRIBUTES = """
SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname = ANY (%(roles)s)
"""

MEMBERSHIPS = """
WITH RECURSIVE membership AS (
    SELECT m.member AS role, m.roleid AS joined FROM pg_auth_members m
    JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = ANY (%(roles)s)
    UNION
    SELECT s.role, m.roleid FROM membership s JOIN pg_auth_members m ON m.member = s.joined
)
SELECT r.rolname, quote_ident(j.rolname)
FROM membership JOIN pg_roles r ON r.oid = role JOIN pg_roles j ON j.oid = joined
ORDER BY 1, 2
"""

OWNED_OBJECTS = """
SELECT r.rolname, i.type, i.identity,
       coalesce(i.schema, CASE i.type WHEN 'schema' THEN i.name END) IN (
           SELECT quote_ident(name) FROM unnest(%(schemas)s::text[]) name)
FROM pg_shdepend d
JOIN pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.deptype = 'o' AND r.rolname = ANY (%(roles)s)
  AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  -- Default privileges are not owned objects.
  AND d.classid <> 'pg_default_acl'::regclass
ORDER BY 1, 2, 3
"""
"""The objects that a role owns in this database, in any schema, and the shared objects it owns."""

# `for_all` says whether a privilege of PUBLIC matters. The information schema shows each role only
# its own objects. A function normally runs with the privileges of its caller, so that EXECUTE for
# PUBLIC is harmless, except with SECURITY DEFINER and in untrusted languages. Functions of the
# server and of extensions are meant for PUBLIC, except those that were initially revoked from it.
PRIVILEGES = """
WITH things AS (
    SELECT 'pg_database'::regclass AS catalog, oid, 0 AS part, 'database' AS kind, '' AS schema,
           '' AS name, '' AS "column", datdba AS owner,
           coalesce(datacl, acldefault('d', datdba)) AS acl, true AS for_all
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'pg_namespace'::regclass, oid, 0, 'schema', nspname, '', '', nspowner, nspacl,
           nspname <> 'information_schema'
    FROM pg_namespace
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, 0,
           CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view'
                          WHEN 'f' THEN 'foreign table' ELSE 'table' END,
           n.nspname, c.relname, '', c.relowner, c.relacl, n.nspname <> 'information_schema'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, a.attnum, 'column',
           n.nspname, c.relname, a.attname, c.relowner, a.attacl, true
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT a.attisdropped
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0, 'function',
           n.nspname, p.proname, '', p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)),
           CASE WHEN n.nspname IN ('pg_catalog', 'information_schema') OR EXISTS (
                    SELECT FROM pg_depend
                    WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
                THEN EXISTS (SELECT FROM pg_init_privs
                             WHERE classoid = 'pg_proc'::regclass AND objoid = p.oid)
                ELSE p.prosecdef OR NOT l.lanpltrusted END
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
), given AS MATERIALIZED (
    SELECT things.*, privilege_type, grantee,
           CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS grant_option
    FROM things CROSS JOIN LATERAL aclexplode(acl)
    WHERE (grantee = 0 AND for_all
           OR grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY (%(roles)s)))
      -- Skip what the server or an extension granted to PUBLIC initially, except CREATE on a
      -- schema, which old versions granted.
      AND (privilege_type = 'CREATE' OR NOT EXISTS (
          SELECT FROM pg_init_privs made CROSS JOIN LATERAL aclexplode(made.initprivs) first
          WHERE made.classoid = catalog AND made.objoid = things.oid AND made.objsubid = part
            AND first.grantee = aclexplode.grantee
            AND first.privilege_type = aclexplode.privilege_type))
)
SELECT r.rolname, i.identity, g.grantee = 0, g.kind, g.schema, g.name, g."column",
       g.privilege_type || g.grant_option
FROM given g
JOIN pg_roles r ON g.grantee IN (0, r.oid)
CROSS JOIN LATERAL pg_identify_object(g.catalog, g.oid, g.part) i
WHERE r.rolname = ANY (%(roles)s) AND r.oid <> g.owner
ORDER BY 1, 4, 2, 8
"""

PUBLIC_FUNCTIONS = """
SELECT r.rolname FROM pg_roles r WHERE r.rolname = ANY (%(roles)s) AND NOT r.rolsuper
  AND EXISTS (
      SELECT FROM pg_proc p
      CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
      WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%(functions)s)
        AND acl.grantee = 0)
ORDER BY 1
"""
"""The roles that may execute one of some functions of the server, because PUBLIC may."""

OTHER_PRIVILEGES = """
SELECT r.rolname, i.type || ' ' || i.identity
FROM pg_shdepend d
JOIN pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
WHERE d.deptype = 'a' AND r.rolname = ANY (%(roles)s)
  AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND d.classid NOT IN ('pg_database'::regclass, 'pg_namespace'::regclass, 'pg_class'::regclass,
                        'pg_proc'::regclass, 'pg_default_acl'::regclass)
ORDER BY 1, 2
"""
"""Objects of other kinds on which a role has privileges: languages, types, ..."""

DEFAULT_PRIVILEGES = """
SELECT r.rolname, maker.rolname, coalesce(n.nspname, ''),
       CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                            WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                            WHEN 'n' THEN 'schemas' ELSE 'large objects' END,
       g.privilege_type, g.grantee = 0
FROM pg_default_acl d
JOIN pg_roles maker ON maker.oid = d.defaclrole
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL aclexplode(d.defaclacl) g
JOIN pg_roles r ON g.grantee IN (0, r.oid)
WHERE r.rolname = ANY (%(roles)s) AND r.oid <> d.defaclrole
  -- Functions and types are granted to PUBLIC by default.
  AND NOT (g.grantee = 0 AND d.defaclobjtype IN ('f', 'T'))
ORDER BY 1, 2, 3, 4, 5
"""
"""Privileges that will be granted on future objects."""

# The arrays are the columns of one list of privileges. Objects that do not exist are skipped.
MISSING_PRIVILEGES = """
SELECT w.kind, w.schema, w.name, w."column", w."right", i.identity
FROM unnest(%(kinds)s::text[], %(schemas)s::text[], %(names)s::text[], %(columns)s::text[],
            %(rights)s::text[]) AS w (kind, schema, name, "column", "right")
LEFT JOIN pg_namespace n ON n.nspname = w.schema
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
LEFT JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = w.name AND w.kind = 'function'
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w."column" AND NOT a.attisdropped
JOIN pg_database d ON d.datname = current_database()
CROSS JOIN LATERAL pg_identify_object(
    CASE w.kind WHEN 'database' THEN 'pg_database'::regclass
                WHEN 'schema' THEN 'pg_namespace'::regclass
                WHEN 'function' THEN 'pg_proc'::regclass ELSE 'pg_class'::regclass END,
    CASE w.kind WHEN 'database' THEN d.oid WHEN 'schema' THEN n.oid
                WHEN 'function' THEN p.oid ELSE c.oid END,
    CASE w.kind WHEN 'column' THEN a.attnum ELSE 0 END) i
WHERE NOT CASE w.kind
    WHEN 'database' THEN has_database_privilege(%(role)s, d.oid, w."right")
    WHEN 'schema' THEN has_schema_privilege(%(role)s, n.oid, w."right")
    WHEN 'function' THEN has_function_privilege(%(role)s, p.oid, w."right")
    WHEN 'table' THEN has_table_privilege(%(role)s, c.oid, w."right")
    ELSE has_column_privilege(%(role)s, c.oid, a.attnum, w."right")
END
ORDER BY 1, 6, 5
"""

NOT_OWNED = """
SELECT i.type || ' ' || i.identity
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, c.oid, 0) i
WHERE (n.nspname = %(schema)s AND c.relname = ANY (%(tables)s)
       OR n.nspname = %(keys_schema)s AND c.relname = %(keys_table)s)
  AND c.relkind IN ('r', 'p') AND NOT pg_has_role(%(role)s, c.relowner, 'USAGE')
UNION ALL
SELECT i.type || ' ' || i.identity
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
CROSS JOIN LATERAL pg_identify_object('pg_type'::regclass, t.oid, 0) i
WHERE n.nspname = %(schema)s AND t.typname = ANY (%(types)s)
  AND NOT pg_has_role(%(role)s, t.typowner, 'USAGE')
UNION ALL
SELECT i.type || ' ' || i.identity
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL pg_identify_object('pg_proc'::regclass, p.oid, 0) i
WHERE n.nspname = %(keys_schema)s AND p.proname = %(function)s
  AND NOT pg_has_role(%(role)s, p.proowner, 'USAGE')
ORDER BY 1
"""
"""Tables, types and functions of the library that the owner does not own."""
