"""The connection: how fast it is, whether it is encrypted, what is at the other end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor
from tests.pgbouncer import BINARY, pooler_before
from tests.processes import run_process
from tests.programs import find_program
from tests.server_features import has_tls
from triosigno_db.doctor.connection import is_on_this_machine
from triosigno_db.migrator import deploy
from triosigno_db.testing import ThrowawayPostgres


def test_it_is_measured_and_described(checked: CheckedDatabase) -> None:
    finding = run_doctor(checked.url).one("connection", "ok")
    assert "127.0.0.1:" in finding.summary
    assert "a primary, no TLS, no pooler" in finding.summary
    assert "address 127.0.0.1" in finding.details


def test_a_pooler_that_is_announced_and_not_there(checked: CheckedDatabase) -> None:
    finding = run_doctor(f"{checked.url}?pgbouncer=true").one("connection", "warning")
    assert "does not go through a pooler" in finding.summary


@pytest.mark.parametrize(
    ("address", "is_here"),
    [("", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.7", False), ("fe80::1%eth0", False)],
)
def test_what_never_leaves_the_machine_needs_no_encryption(address: str, is_here: bool) -> None:
    assert is_on_this_machine(address) is is_here


@pytest.fixture
def pooled_url(checked: CheckedDatabase) -> Iterator[str]:
    """The URL of the checked database behind a pooler that ignores startup options."""
    with pooler_before(checked.url, "ignore_startup_parameters = options") as url:
        yield url


@pytest.mark.skipif(BINARY is None, reason="there is no PgBouncer here")
def test_all_can_be_seen_through_a_pooler(pooled_url: str) -> None:
    run = run_doctor(f"{pooled_url}?pgbouncer=true")
    assert "through a pooler" in run.one("connection", "ok").summary
    assert [each for each in run.findings if each.level != "ok"] == run.of("roles", "warning")
    assert all(check["is_validated"] for check in run.document["constraints"])


@pytest.mark.skipif(BINARY is None, reason="there is no PgBouncer here")
def test_a_pooler_that_the_url_does_not_tell_of(pooled_url: str) -> None:
    finding = run_doctor(pooled_url).one("connection", "warning")
    assert "pgbouncer=true" in finding.advice


@pytest.fixture(scope="module")
def replica_url() -> Iterator[str]:
    """A server that stays in recovery, as one does whose primary is gone."""
    with ThrowawayPostgres(in_memory=True) as replica:
        deploy(replica.url)
        (replica.data_directory / "standby.signal").touch()
        replica.restart()
        yield replica.url


def test_a_replica_is_looked_at_as_far_as_it_can_tell(replica_url: str) -> None:
    run = run_doctor(replica_url, "--unused-after", "0")
    assert "a replica" in run.one("connection", "ok").summary
    assert run.of("history", "ok")
    assert "temporary tables" in run.one("drift", "unknown").summary
    assert [each.level for each in run.findings if each.subject == "indexes"] == ["ok", "unknown"]
    assert "not reported on a replica" in run.one("vacuum", "unknown").summary
    # Not even a superuser can validate there.
    assert len(run.one("rows", "warning").details) == 10
    assert run.exit_code == 0


@pytest.mark.skipif(
    find_program("openssl", question="version") is None, reason="there is no openssl here"
)
def test_encryption_is_told(tmp_path: Path) -> None:
    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    run_process(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with ThrowawayPostgres(in_memory=True) as server:
        if not has_tls(server.url):
            pytest.skip("this PostgreSQL was built without TLS")
        place = server.data_directory
        owner = place.stat()
        for source in (key, certificate):
            target = place / source.name
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)
            os.chown(target, owner.st_uid, owner.st_gid)
        with (place / "postgresql.conf").open("a") as settings:
            settings.write("ssl = on\n")
        server.restart()
        prefer = run_doctor(server.url).one("connection", "ok").summary
        assert "TLSv1.3, certificate not checked" in prefer
        full = f"{server.url}?sslmode=verify-full&sslcert={certificate}"
        assert "TLSv1.3, certificate checked" in run_doctor(full).one("connection", "ok").summary
        wrong = run_doctor(f"{server.url}?sslmode=verify-full&sslcert={tmp_path / 'none'}")
        assert wrong.one("connection", "error")
