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
