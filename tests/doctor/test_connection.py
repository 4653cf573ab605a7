"""The connection: how it is told, what stands between, who can listen."""

import pytest

from tests.doctor.checked_database import CheckedDatabase, run_doctor
from triosigno_db.doctor.connection import is_on_this_machine


def test_it_is_measured_and_described(checked: CheckedDatabase) -> None:
    finding = run_doctor(checked.url).one("connection", "ok")
    assert "127.0.0.1:" in finding.summary
    assert "a primary, no TLS, no pooler" in finding.summary
    assert "address 127.0.0.1" in finding.details


def test_a_pooler_that_is_announced_and_not_there(checked: CheckedDatabase) -> None:
    finding = run_doctor(f"{checked.url}?pgbouncer=true").one("connection", "warning")
    assert "no pooler stands between" in finding.summary


def test_another_encoding_is_told(checked: CheckedDatabase) -> None:
    checked.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        latin = checked.url.rpartition("/")[0] + "/latin"
        assert "LATIN1" in run_doctor(latin).one("versions", "warning").summary
    finally:
        checked.run("DROP DATABASE latin WITH (FORCE)")


@pytest.mark.parametrize(
    ("address", "is_here"),
    [("", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.7", False), ("fe80::1%eth0", False)],
)
def test_what_never_leaves_the_machine_needs_no_encryption(address: str, is_here: bool) -> None:
    assert is_on_this_machine(address) is is_here
