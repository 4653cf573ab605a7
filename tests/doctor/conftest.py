"""Databases for the doctor: migrated ones, roles with fewer rights, and a service's table."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from tests.doctor.checked_database import CheckedDatabase
from tests.service_models import define_recognition
from triosigno_db.migrator import Project, deploy, dev
from triosigno_db.testing import DatabaseServer, IsolatedDatabase


@pytest.fixture(scope="session")
def migrated(triosigno_server: DatabaseServer) -> str:
    """A database with the history, to be copied."""
    name = f"migrated_{uuid4().hex}"
    deploy(triosigno_server.create_database(name))
    return name


@pytest.fixture
def checked(triosigno_server: DatabaseServer, migrated: str) -> Iterator[CheckedDatabase]:
    """A migrated database of the test's own."""
    name = f"checked_{uuid4().hex}"
    checked = CheckedDatabase(triosigno_server.create_database(name, template=migrated))
    yield checked
    checked.leave()
    triosigno_server.drop_database(name)


@pytest.fixture
def service(
    triosigno_server: DatabaseServer, checked: CheckedDatabase
) -> Iterator[CheckedDatabase]:
    """The same database, as a role that has rights on rows only."""
    role = f"service_{uuid4().hex}"
    checked.run(
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret';"
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"
        f'REVOKE ALL ON "_prisma_migrations" FROM {role};'
        f"GRANT USAGE ON SCHEMA triosigno_db TO {role};"
        f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA triosigno_db TO {role};"
    )
    service = CheckedDatabase(checked.as_role(role, "secret"))
    yield service
    service.leave()
    checked.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.fixture
def second_session(checked: CheckedDatabase) -> Iterator[psycopg2.extensions.connection]:
    """Somebody else's session in the same database."""
    connection = psycopg2.connect(checked.url, application_name="somebody else")
    yield connection
    connection.close()


@pytest.fixture
def project(triosigno_db: IsolatedDatabase, tmp_path: Path) -> Project:
    """A service whose table is deployed."""
    define_recognition()
    project = Project(("tests.service_models",), tmp_path / "migrations")
    dev("recognitions", project=project)
    return project
