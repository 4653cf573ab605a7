"""Databases of other locales, whose lower case and sorting differ."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest

from tests.plain_sql import run_plain
from triosigno_db.migrator import deploy
from triosigno_db.testing import DatabaseServer

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
        pytest.skip(f"this server has no locales of ICU: {exc.diag.message_primary}")
    try:
        deploy(server.url_for(name))
        yield server.url_for(name)
    finally:
        server.drop_database(name)
