"""Databases for the doctor: migrated ones, and roles that may do less than their owner."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import Patient
from triosigno_db.migrator import deploy
from triosigno_db.testing import ThrowawayPostgres

MIGRATED = "template_migrated"


@pytest.fixture(scope="session")
def migrated(server: ThrowawayPostgres) -> str:
    """A database with the history, to be copied."""
    db.connect(server.create_database(MIGRATED))
    deploy()
    db.disconnect()
    return MIGRATED


@pytest.fixture
def patient(server: ThrowawayPostgres, migrated: str) -> Iterator[Patient]:
    """A migrated database of the test's own."""
    name = f"patient_{uuid4().hex}"
    patient = Patient(server.create_database(name, template=migrated))
    yield patient
    patient.leave()
    server.drop_database(name)


@pytest.fixture
def service(server: ThrowawayPostgres, patient: Patient) -> Iterator[Patient]:
    """The same database, as a role that has rights on rows only."""
    role = f"service_{uuid4().hex}"
    patient.run(
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret';"
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"
        f'REVOKE ALL ON "_prisma_migrations" FROM {role};'
        f"GRANT USAGE ON SCHEMA triosigno_db TO {role};"
        f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA triosigno_db TO {role};"
    )
    service = Patient(patient.as_role(role, "secret"))
    yield service
    service.leave()
    patient.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.fixture
def second_session(patient: Patient) -> Iterator[psycopg2.extensions.connection]:
    """Somebody else's session in the same database."""
    connection = psycopg2.connect(patient.url, application_name="somebody else")
    yield connection
    connection.close()
