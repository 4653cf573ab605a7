"""The database of the process: connect, disconnect, access it, and reset it after a fork."""

import os
import threading
from typing import Any

from triosigno_db.database.peewee_database import Database
from triosigno_db.database.read_only import is_read_only, read_only
from triosigno_db.database.router import Router
from triosigno_db.errors import ConflictError, NotConnectedError
from triosigno_db.models import all_models, database_proxy
from triosigno_db.passwords import end_hashing_threads
from triosigno_db.settings import Settings

_connecting = threading.Lock()


def connect(url: str | None = None, **options: Any) -> None:
    """Connect the process to its database; call this once, when the service starts.

    One connection is opened immediately, so that a wrong URL fails here. If the replica does not
    respond, a warning is logged. A second call changes the database for all later calls; threads
    inside a block finish it on the earlier database.

    Args:
        url: `postgresql://user:password@host:5432/database?schema=public`, as for Prisma;
            by default the environment variable `DATABASE_URL`.
        **options: Attributes of `Settings`, such as `connection_limit=20`, `replica_url="..."` or
            `statement_timeout=5` (seconds); each takes precedence over the URL.

    Raises:
        InvalidInputError: There is no URL, or a part of it or an option is invalid.
        DatabaseUnavailableError: The server can't be reached or refuses the login.
        SchemaMismatchError: The encoding of the database is not UTF8.
        ConflictError: This thread is inside a block of the library.
    """
    settings = Settings.load(url, **options)
    router = Router(settings)
    try:
        with router.primary.session.checked_out(waits_for_server=False):
            pass
        with read_only():
            # Probe the replica now, so that a problem with it is logged when the service starts.
            router.route()
        with _connecting:
            earlier = _replaceable()
            for model in all_models():
                model._meta.schema = settings.schema_name
            database_proxy.initialize(router)
    except BaseException:
        router.retire()
        raise
    if earlier is not None:
        earlier.retire()


def disconnect() -> None:
    """Close the pool; a connection in use is closed when its call or block ends.

    Raises:
        ConflictError: This thread is inside a block of the library.
    """
    with _connecting:
        earlier = _replaceable()
        database_proxy.initialize(None)
    end_hashing_threads()
    if earlier is not None:
        earlier.retire()


def current_router() -> Router:
    """Return the router of the connected database.

    Returns:
        The router.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    router: Router | None = database_proxy.obj
    if router is None:
        raise NotConnectedError
    return router


def connected_database() -> Database:
    """Return the connected database.

    Returns:
        The primary.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    return current_router().primary


def current_database() -> Database:
    """Return the database that serves this thread: the primary or the replica.

    Returns:
        The database.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    return current_router().route()


def suspend_connection() -> None:
    """Check in the connection that this thread holds, until its next statement.

    Inside a transaction it is kept.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    for database in current_router().databases():
        database.session.suspend()


def _replaceable() -> Router | None:
    """Return the connected database, if any, unless this thread is inside one of its blocks."""
    router: Router | None = database_proxy.obj
    if router is not None and (not router.route().is_closed() or is_read_only()):
        raise ConflictError(
            "Leave the connection(), transaction() or reading_from_replica() block of this thread "
            "first."
        )
    return router


def _reset_after_fork() -> None:
    global _connecting  # noqa: PLW0603
    # Another thread of the parent may have held it, and does not exist here.
    _connecting = threading.Lock()
    router: Router | None = database_proxy.obj
    if router is not None:
        router.reset_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_reset_after_fork)
