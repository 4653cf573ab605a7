"""For the tests of whoever imports the library: a throwaway PostgreSQL."""

from triosigno_db.testing.server import (
    ServerInstallation,
    ThrowawayPostgres,
    ThrowawayPostgresError,
    available_versions,
)

__all__ = [
    "ServerInstallation",
    "ThrowawayPostgres",
    "ThrowawayPostgresError",
    "available_versions",
]
