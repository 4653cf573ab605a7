"""Databases whose locale or encoding is not the server's own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg2
import pytest

from tests.plain_sql import run_plain
from triosigno_db.migrator import deploy
from triosigno_db.testing import DatabaseServer, ThrowawayPostgres
from triosigno_db.testing.binaries import available_versions

LOCALES = {
    "the server's": "",
    "C": "LOCALE 'C'",
    "Turkish": "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'",
}
"""The options of CREATE DATABASE, by a name."""


@contextmanager
def database_in(server: DatabaseServer, locale: str) -> Iterator[str]:
    """A migrated database of a locale; the test is skipped where the server has none such."""
    name = server.new_name()
    options = f"ENCODING 'UTF8' {LOCALES[locale]} TEMPLATE template0"
    try:
        run_plain(server.url, f'CREATE DATABASE "{name}" {options}')
    except (psycopg2.errors.FeatureNotSupported, psycopg2.errors.SyntaxError) as exc:
        pytest.skip(f"this server has no databases with locales of ICU: {exc.diag.message_primary}")
    try:
        deploy(server.url_for(name))
        yield server.url_for(name)
    finally:
        server.drop_database(name)


OTHER_LOCALES = {
    "C": "ENCODING 'UTF8' LOCALE 'C'",
    "tr-TR": "ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'",
}
"""Locales in which the lower case of a letter is not the usual one, with their encoding."""

OLDEST_WITH_ICU = 15
"""The oldest version with databases whose default locale is one of ICU."""


@contextmanager
def server_with_icu() -> Iterator[ThrowawayPostgres]:
    """Start a server that was built with ICU, or skip the test."""
    for installation in available_versions():
        if installation.version >= OLDEST_WITH_ICU:
            with ThrowawayPostgres(bin_dir=installation.bin_dir) as server:
                # The collation `unicode` is there also where nothing can use it.
                found = "SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'"
                if run_plain(server.url, found):
                    yield server
                    return
    pytest.skip("no server here was built with ICU")


@contextmanager
def database_with(url: str, name: str, options: str) -> Iterator[str]:
    """Create a database on the server of a URL; give its URL, and drop it afterwards."""
    run_plain(url, f"CREATE DATABASE {name} TEMPLATE template0 {options}")
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        run_plain(url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def utf8_database(server: DatabaseServer, locale: str) -> Iterator[str]:
    """Create an empty database in `OTHER_LOCALES[locale]`, else in the locale of the server."""
    with ExitStack() as stack:
        server_url, options = server.url, "ENCODING 'UTF8'"
        if locale in OTHER_LOCALES:
            server_url = stack.enter_context(server_with_icu()).url
            options = OTHER_LOCALES[locale]
        yield stack.enter_context(database_with(server_url, server.new_name(), options))
