"""The environment's variables that describe the connection to another server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from triosigno_db.database.environment import hidden_variables

_LIBPQ = """
HOST HOSTADDR PORT DATABASE USER PASSWORD PASSFILE SERVICE SERVICEFILE SYSCONFDIR
REQUIREAUTH REQUIREPEER CHANNELBINDING OPTIONS APPNAME CONNECT_TIMEOUT CLIENTENCODING
TARGETSESSIONATTRS LOADBALANCEHOSTS SSLMODE REQUIRESSL SSLNEGOTIATION SSLCOMPRESSION
SSLCERT SSLKEY SSLCERTMODE SSLROOTCERT SSLCRL SSLCRLDIR SSLSNI SSLMINPROTOCOLVERSION
SSLMAXPROTOCOLVERSION MINPROTOCOLVERSION MAXPROTOCOLVERSION GSSENCMODE GSSLIB
GSSDELEGATION KRBSRVNAME REALM DATESTYLE TZ GEQO LOCALEDIR OAUTHDEBUG
"""
_SETTINGS = """
HOST PORT PORTS USER PASSWORD DATABASE TARGET_SESSION_ATTRS SSLMODE SSLCERT PGBOUNCER REPLICA_URL
"""

LIBPQ_VARIABLES = tuple(f"PG{name}" for name in _LIBPQ.split())
"""Every variable that libpq reads: https://www.postgresql.org/docs/current/libpq-envars.html"""

_PREFIX = "TRIOSIGNO_DB_"
_OF_CONNECTION = tuple(f"{_PREFIX}{name}" for name in _SETTINGS.split())


@contextmanager
def environment_ignored() -> Iterator[None]:
    """Hide the variables of libpq and all settings of the library during a block.

    Yields:
        Nothing.
    """
    settings = [name for name in os.environ if name.upper().startswith(_PREFIX)]
    with hidden_variables((*LIBPQ_VARIABLES, *settings)):
        yield


def connection_variables() -> list[str]:
    """List the variables that are set and say how to connect to a server.

    Returns:
        The variables of libpq, and the settings of the library that a URL leaves open; not its time
        limits and sizes, which a service may set for its tests.
    """
    known = {*LIBPQ_VARIABLES, *_OF_CONNECTION}
    return [name for name in os.environ if name.upper() in known]
