"""The servers of `make matrix`: the pinned ones, unpacked so that every user can run them."""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tools.fetch_postgres import (
    FetchError,
    Server,
    check_integrity,
    download,
    fetch,
    find_programs,
    main,
    pinned_servers,
    unpack,
)
from triosigno_db.database.connector import MIN_SERVER_VERSION
from triosigno_db.testing import ThrowawayPostgresError, available_versions

FILES = {
    "package/package.json": "{}",
    "package/native/bin/initdb": "#!/bin/sh",
    "package/native/lib/libpq.so.5.13": "library",
    "package/native/share/postgresql/postgres.bki": "rows",
    "package/native/pg-symlinks.json": json.dumps(
        [
            {"source": "native/lib/libpq.so.5.13", "target": "native/lib/libpq.so"},
            {"source": "native/lib/libpq.so.5.13", "target": "native/bin/libpq.so"},
        ]
    ),
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive as npm packs it: with one mode for all files, and without links."""
    path = tmp_path / "server.tgz"
    with tarfile.open(path, "w:gz") as opened:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o600
            opened.addfile(entry, io.BytesIO(text.encode()))
    return path


def pinned_as(archive: Path) -> Server:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    return Server("@example/server", "13.1.0", f"sha512-{digest}")


def test_every_major_version_is_pinned_from_the_oldest_on() -> None:
    servers = pinned_servers()
    assert list(servers) == list(range(MIN_SERVER_VERSION, max(servers) + 1))
    for major, server in servers.items():
        assert server.version.startswith(f"{major}.")
        assert server.integrity.startswith("sha512-")


def test_every_user_can_run_what_is_unpacked(archive: Path, tmp_path: Path) -> None:
    native = unpack(archive, tmp_path / "server")
    assert (native / "bin" / "initdb").stat().st_mode & 0o777 == 0o755
    assert (native / "lib").stat().st_mode & 0o777 == 0o755
    assert (native / "share" / "postgresql" / "postgres.bki").stat().st_mode & 0o777 == 0o644
    for link in (native / "lib" / "libpq.so", native / "bin" / "libpq.so"):
        assert link.is_symlink()
        assert link.read_text() == "library"
    moved = native.rename(tmp_path / "moved")
    assert (moved / "bin" / "libpq.so").read_text() == "library"


def test_an_archive_that_was_changed_is_refused(archive: Path) -> None:
    server = pinned_as(archive)
    check_integrity(archive, server)
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(FetchError, match=r"@example/server@13\.1\.0 is not the pinned one"):
        check_integrity(archive, server)


def test_a_server_is_fetched_once(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def give(server: Server, folder: Path) -> Path:
        asked.append(server.name)
        return archive

    monkeypatch.setattr("tools.fetch_postgres.download", give)
    cache = tmp_path / "cache"
    for _ in range(2):
        bin_dir = fetch(pinned_as(archive), cache)
        assert bin_dir == cache / "13.1.0" / "bin"
        assert (bin_dir / "initdb").is_file()
    assert asked == ["@example/server@13.1.0"]
    assert [path.name for path in cache.iterdir()] == ["13.1.0"]


def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = pinned_servers()[13]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=f"npm cannot download {server.name}"):
        download(server, tmp_path)
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error 404' >&2\nexit 1\n")
    npm.chmod(0o755)
    with pytest.raises(FetchError, match="npm error 404"):
        download(server, tmp_path)


def test_a_folder_and_a_version_of_the_machine_are_found() -> None:
    newest = available_versions()[-1]
    for folder in (newest.bin_dir, newest.bin_dir.parent):
        assert find_programs(str(folder)) == newest.bin_dir
    for installation in available_versions():
        if installation.version not in pinned_servers():
            assert find_programs(str(installation.version)) == installation.bin_dir
    with pytest.raises(ThrowawayPostgresError, match="PostgreSQL 12 was not found"):
        find_programs("12")


def test_the_command_prints_the_folder_or_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bin_dir = available_versions()[-1].bin_dir
    assert main([str(bin_dir)]) == 0
    assert capsys.readouterr().out == f"{bin_dir}\n"
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{tmp_path} contains no PostgreSQL" in printed.err


def test_the_matrix_has_every_version_but_the_tests_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = available_versions()[0].version
    monkeypatch.setenv("TRIOSIGNO_POSTGRES", str(own))
    assert main(["--others"]) == 0
    listed = [int(major) for major in capsys.readouterr().out.split()]
    assert listed == [major for major in pinned_servers() if major != own]
