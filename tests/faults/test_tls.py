"""TLS: the server is who it says it is, or nothing is sent to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
import trustme

import triosigno_db as db
from tests.server_features import has_tls
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import DatabaseServer, ThrowawayPostgres
from triosigno_db.testing.binaries import choose_account

IN_USE = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


class TlsServer(NamedTuple):
    """A server with a certificate for the name localhost, and the authorities' certificates."""

    server: ThrowawayPostgres
    authority: Path
    stranger: Path

    def url(self, host: str, **parameters: object) -> str:
        """The server by a name, with parameters of the URL."""
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"{self.server.url.replace('127.0.0.1', host)}?{query}"


@pytest.fixture(scope="module")
def tls(triosigno_server: DatabaseServer) -> Iterator[TlsServer]:
    if not has_tls(triosigno_server.url):
        pytest.skip("this PostgreSQL was built without TLS")
    account = choose_account()
    # In a folder that the server's user can enter, unlike those of the tests.
    with TemporaryDirectory(prefix="tls-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        authority, stranger = trustme.CA(), trustme.CA()
        issued = authority.issue_cert("localhost")
        certificate, key = folder / "server.pem", folder / "server.key"
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)
        if account:
            shutil.chown(key, account.uid, account.gid)
        authority.cert_pem.write_to_path(str(folder / "authority.pem"))
        stranger.cert_pem.write_to_path(str(folder / "stranger.pem"))
        settings = {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        with ThrowawayPostgres(settings=settings) as tls_server:
            yield TlsServer(tls_server, folder / "authority.pem", folder / "stranger.pem")


@pytest.mark.parametrize("sslmode", ["verify-ca", "verify-full"])
def test_a_private_authority_is_trusted(tls: TlsServer, sslmode: str) -> None:
    db.connect(tls.url("localhost", sslmode=sslmode, sslcert=tls.authority))
    assert run_sql(IN_USE) == [(True,)]
    db.create_schema()
    assert db.count_users() == 0
    # Connections of their own are as careful.
    assert db.ping() > 0
    assert migrator.status().migrations


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_a_certificate_of_another_authority_is_refused(tls: TlsServer, sslmode: str) -> None:
    with pytest.raises(db.DatabaseUnavailableError, match="certificate verify failed"):
        db.connect(tls.url("localhost", sslmode=sslmode, sslcert=tls.stranger))


def test_a_certificate_for_another_name_is_refused(tls: TlsServer) -> None:
    with pytest.raises(db.DatabaseUnavailableError, match="does not match host name"):
        db.connect(tls.url("127.0.0.1", sslmode="verify-full", sslcert=tls.authority))
    # The weaker mode asks for the authority alone.
    db.connect(tls.url("127.0.0.1", sslmode="verify-ca", sslcert=tls.authority))


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_refused(
    tls: TlsServer, triosigno_server: DatabaseServer, sslmode: str
) -> None:
    with pytest.raises(db.DatabaseUnavailableError, match="does not support SSL"):
        db.connect(f"{triosigno_server.url}?sslmode={sslmode}&sslcert={tls.authority}")


def test_a_missing_file_is_told(tls: TlsServer) -> None:
    missing = tls.authority.with_name("missing.pem")
    with pytest.raises(db.DatabaseUnavailableError, match=r"missing\.pem"):
        db.connect(tls.url("localhost", sslmode="verify-full", sslcert=missing))
