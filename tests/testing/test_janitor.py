"""The janitor: drops the databases of a run that has ended, those of no other."""

import io
import sys
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.plain_sql import run_plain
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.databases import Janitor
from triosigno_db.testing.janitor import drop_databases, main


def test_the_databases_of_a_run_are_dropped_at_its_end(triosigno_server: DatabaseServer) -> None:
    with DatabaseServer(triosigno_server.url) as ended, DatabaseServer(ended.url) as other:
        for server in (ended, ended, other):
            server.create_database(server.new_name())
        janitor = Janitor(ended)
        assert len(ended.list_databases(ended.prefix)) == 2
        janitor.finish()
        assert ended.list_databases(ended.prefix) == []
        assert len(other.list_databases(other.prefix)) == 1
        drop_databases(other.prefix, other.url)
        assert other.list_databases(other.prefix) == []


def test_a_password_is_understood_in_any_locale(
    triosigno_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"runner_{uuid4().hex}"
    run_plain(triosigno_server.url, f"CREATE ROLE {role} CREATEDB LOGIN PASSWORD 'clé'")
    parts = urlsplit(triosigno_server.url)
    url = parts._replace(netloc=f"{role}:clé@{parts.hostname}:{parts.port}").geturl()
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    with DatabaseServer(url) as ended:
        ended.create_database(ended.new_name())
        Janitor(ended).finish()
        assert ended.list_databases(ended.prefix) == []
    run_plain(triosigno_server.url, f"DROP ROLE {role}")


def test_a_run_that_has_not_told_its_name_has_nothing_dropped(
    triosigno_url: str, triosigno_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = triosigno_server.list_databases("")
    told = io.BytesIO(f"\n{triosigno_server.url}\n".encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(told))
    main()
    assert triosigno_server.list_databases("") == before
