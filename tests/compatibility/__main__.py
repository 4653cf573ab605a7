"""Write what each function needs of the tables: `make needs`."""

import pytest

import triosigno_db as db
from tests.compatibility.deriving import FILE, derive_needs, record_statements, to_text
from triosigno_db.testing import ThrowawayPostgres


def main() -> None:
    with ThrowawayPostgres() as server, pytest.MonkeyPatch.context() as monkeypatch:
        db.connect(server.url, password_cost=4)
        db.create_schema()
        sent = record_statements(monkeypatch)
        db.disconnect()
        FILE.write_text(to_text(derive_needs(sent, server.url)), "utf-8")


if __name__ == "__main__":
    main()
