"""The process's database: connect, disconnect, the connected one, and what a fork leaves."""

import os
import threading
from typing import Any

from triosigno_db.database.content_cache import ContentCache
from triosigno_db.database.peewee_database import PooledDatabase
from triosigno_db.database.read_only import is_read_only, read_only
from triosigno_db.database.router import ReplicatedDatabase
from triosigno_db.errors import ConflictError, NotConnectedError
from triosigno_db.models import MODELS, database_proxy
from triosigno_db.settings import Settings

_connecting = threading.Lock()


def connect(url: str | None = None, **options: Any) -> None:
    """Connect the process to its database, once, when the service starts.

    One connection is opened at once, so that a wrong URL shows here; a replica that does not answer
    is logged. A second call changes the database for all later calls; threads that are in a block
    finish it on the earlier one.

    Args:
        url: `postgresql://user:password@host:5432/database?schema=public`, as Prisma takes it;
            without it the environment's `DATABASE_URL`.
        **options: Attributes of `Settings`, such as `connection_limit=20`, `replica_url="..."` or
            `statement_timeout=5` (seconds); each takes precedence over the URL.

    Raises:
        InvalidInputError: There is no URL, or a part of it or an option is wrong.
        DatabaseUnavailableError: The server can't be reached or refuses the login.
        ConflictError: This thread is inside a block of the library.
    """
    settings = Settings.load(url, **options)
    replica = settings.of_replica()
    database = ReplicatedDatabase(settings, replica) if replica else PooledDatabase(settings)
    if settings.content_cache_seconds:
        database.content_cache = ContentCache(settings)
    with database.held(patiently=False):
        pass
    with read_only():
        # A replica is asked now, so that what is wrong with it is logged when the service starts.
        database.serving()
    with _connecting:
        _retire_current()
        for model in MODELS:
            model._meta.schema = settings.schema_name
        database_proxy.initialize(database)


def disconnect() -> None:
    """Close the pool; connections in use are closed when their call or block ends.

    Raises:
        ConflictError: This thread is inside a block of the library.
    """
    with _connecting:
        _retire_current()
        database_proxy.initialize(None)


def connected_database() -> PooledDatabase:
    """Give the database that `connect()` set.

    Returns:
        The pooled database.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    database: PooledDatabase | None = database_proxy.obj
    if database is None:
        raise NotConnectedError
    return database


def current_database() -> PooledDatabase:
    """Give the database that serves this thread: the connected one, or its replica.

    Returns:
        The pooled database.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    return connected_database().serving()


def _retire_current() -> None:
    database: PooledDatabase | None = database_proxy.obj
    if database is None:
        return
    if not database.is_closed() or is_read_only():
        raise ConflictError(
            "Leave the connection(), transaction() or reading_from_replica() block of this thread "
            "first."
        )
    database.retire()


def _forget_inherited() -> None:
    database: PooledDatabase | None = database_proxy.obj
    if database is not None:
        database.forget_inherited()


os.register_at_fork(after_in_child=_forget_inherited)
