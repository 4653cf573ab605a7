"""The stored form of a password, as a server understands it."""

import psycopg2
import pytest

from tests.plain_sql import run_plain
from triosigno_db.testing import IsolatedDatabase, ThrowawayPostgres
from triosigno_db.testing.scram import scram_verifier


@pytest.mark.parametrize("iterations", [1, 4096])
def test_a_role_with_a_verifier_logs_in_with_its_password_only(
    triosigno_db: IsolatedDatabase, iterations: int
) -> None:
    password, role = "a' password\\ of $ 1:2", f"verified_{iterations}"
    run_plain(
        triosigno_db.url,
        f"CREATE ROLE {role} LOGIN PASSWORD %s",
        (scram_verifier(password, iterations),),
    )
    try:
        psycopg2.connect(triosigno_db.url, user=role, password=password).close()
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(triosigno_db.url, user=role, password="another")
    finally:
        run_plain(triosigno_db.url, f"DROP ROLE {role}")


def test_no_two_verifiers_are_equal() -> None:
    assert scram_verifier("password", 1) != scram_verifier("password", 1)


def test_a_throwaway_server_hashes_its_password_once() -> None:
    with ThrowawayPostgres(in_memory=True) as server:
        ((stored,),) = run_plain(
            server.url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'"
        )
        iterations = 1 if server.version >= 14 else 4096
        assert stored.startswith(f"SCRAM-SHA-256${iterations}:")
