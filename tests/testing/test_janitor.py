"""The janitor: drops the databases of a run that has ended, those of no other."""

import io
import sys

import pytest

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


def test_a_run_that_has_not_told_its_name_has_nothing_dropped(
    triosigno_url: str, triosigno_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = triosigno_server.list_databases("")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"\n{triosigno_server.url}\n"))
    main()
    assert triosigno_server.list_databases("") == before
