"""The versions of the library, the server and the ledger."""

from importlib.metadata import version

from tests.database.fake_server import FakeServer, greeting
from tests.doctor.checked_database import CheckedDatabase, run_doctor


def test_another_encoding_is_told(checked: CheckedDatabase) -> None:
    checked.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        latin = checked.url.rpartition("/")[0] + "/latin"
        assert "LATIN1" in run_doctor(latin).one("versions", "error").summary
    finally:
        checked.run("DROP DATABASE latin WITH (FORCE)")


def test_another_ledger_than_prisma_s(checked: CheckedDatabase) -> None:
    checked.run('ALTER TABLE "_prisma_migrations" ADD COLUMN "space" text')
    finding = run_doctor(checked.url).one("versions", "error")
    assert finding.details == ("space",)


def test_the_versions_are_told(checked: CheckedDatabase) -> None:
    finding = run_doctor(checked.url).one("versions", "ok")
    assert f"triosigno_db {version('triosigno-db')}, PostgreSQL " in finding.summary
    assert "13 is the oldest supported version" in finding.details[1]
    assert finding.details[-1] == "ledger of Prisma 5 to 7"


def test_a_server_that_is_too_old_is_an_error() -> None:
    with FakeServer(greeting("12.22")) as server:
        finding = run_doctor(server.url).one("connection", "error")
    assert "PostgreSQL 12; the library needs 13 or newer" in "".join(finding.details)
