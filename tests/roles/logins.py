"""Logging in as one of the roles."""

from urllib.parse import quote, urlsplit, urlunsplit

from psycopg2 import sql

from tests.plain_sql import run_plain

PASSWORD = "a role's password"


def give_password(url: str, role: str) -> None:
    """Let a role log in."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    run_plain(url, statement.format(sql.Identifier(role), sql.Literal(PASSWORD)))


def url_as(url: str, role: str) -> str:
    """The same database, for another role."""
    parts = urlsplit(url)
    login = f"{quote(role, safe='')}:{quote(PASSWORD)}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.hostname}:{parts.port}"))


DUMP = """
SELECT 'table', relname::text, pg_get_userbyid(relowner), relacl::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column', attname::text, '', attacl::text FROM pg_attribute WHERE attacl IS NOT NULL
UNION ALL
SELECT 'schema', nspname::text, '', nspacl::text FROM pg_namespace
UNION ALL
SELECT 'default', '', pg_get_userbyid(defaclrole), defaclacl::text FROM pg_default_acl
UNION ALL
SELECT 'database', '', '', datacl::text FROM pg_database WHERE datname = current_database()
ORDER BY 1, 2
"""
