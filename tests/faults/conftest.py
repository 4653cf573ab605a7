"""A database that the tests of one file share, each with learners of its own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from triosigno_db.testing import DatabaseServer


@pytest.fixture(scope="module")
def shared_url(triosigno_server: DatabaseServer, triosigno_template: str) -> Iterator[str]:
    """The URL of a database with the schema."""
    name = f"shared_{uuid4().hex}"
    yield triosigno_server.create_database(name, template=triosigno_template)
    triosigno_server.drop_database(name)
