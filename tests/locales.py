"""Databases whose locale or encoding is not the server's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.plain_sql import run_plain
from triosigno_db.testing import ThrowawayPostgres
from triosigno_db.testing.binaries import available_versions

LOCALES = {
    "C": "ENCODING 'UTF8' LOCALE 'C'",
    "tr-TR": "ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'",
}
"""Locales in which the lower case of a letter is not the usual one."""

OLDEST_WITH_ICU = 15
"""The oldest version with databases whose default locale is one of ICU."""


@contextmanager
def server_with_icu() -> Iterator[ThrowawayPostgres]:
    """Start a server that was built with ICU, or skip the test."""
    for installation in available_versions():
        if installation.version >= OLDEST_WITH_ICU:
            with ThrowawayPostgres(bin_dir=installation.bin_dir) as server:
                found = "SELECT 1 FROM pg_collation WHERE collprovider = 'i'"
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
