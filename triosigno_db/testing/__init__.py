"""For the tests of whoever imports the library: a throwaway PostgreSQL."""

from triosigno_db.testing.queries import StatementCounter, counting_statements
from triosigno_db.testing.server import (
    ServerInstallation,
    ThrowawayPostgres,
    ThrowawayPostgresError,
    available_versions,
)

__all__ = [
    "ServerInstallation",
    "StatementCounter",
    "ThrowawayPostgres",
    "ThrowawayPostgresError",
    "available_versions",
    "counting_statements",
]
