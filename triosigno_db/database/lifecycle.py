"""The database behind every function: connect, disconnect, connection, transaction."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import peewee
import psycopg2

from triosigno_db.arguments import check_integer
from triosigno_db.database.connection import Row
from triosigno_db.database.content_cache import ContentCache
from triosigno_db.database.peewee_database import PooledDatabase
from triosigno_db.database.read_only import is_read_only, read_only, refuse_write
from triosigno_db.database.retries import backoff
from triosigno_db.database.router import ReplicatedDatabase
from triosigno_db.database.sqlstates import is_serialization_failure, refused_by_driver, translate
from triosigno_db.database.statements import Statement
from triosigno_db.errors import (
    ConflictError,
    InvalidInputError,
    NotConnectedError,
    TrioSignoDBError,
)
from triosigno_db.models import CONSTRAINT_TARGETS, MODELS, database_proxy
from triosigno_db.settings import Settings

Isolation = Literal["read committed", "repeatable read", "serializable"]

_ISOLATIONS = ("read committed", "repeatable read", "serializable")

ResultT = TypeVar("ResultT")

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


@contextmanager
def connection() -> Iterator[None]:
    """Hold one pooled connection for several calls, as a web request does.

    Calls of this thread inside the block share the connection; blocks may nest. Without a block
    each call borrows a connection and gives it back.

    Yields:
        Nothing.

    Raises:
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached.
    """
    with current_database().lent():
        yield


@contextmanager
def reading_from_replica() -> Iterator[None]:
    """Read from the replica inside the block, and write nothing.

    What this thread reads inside the block comes from the replica that `connect()` was given. A
    replica that is down, or further behind than `replica_max_lag`, is passed by: then, and where
    there is no replica, the database itself serves. What was written just before may not be there
    yet. A `transaction()` inside the block only reads as well; a serializable one is the
    database's, as no replica can have it. Blocks may nest.

    Yields:
        Nothing.

    Raises:
        NotConnectedError: `connect()` was not called.
        ConflictError: This thread is inside a `transaction()` block, which reads what it wrote.
        ReadOnlyError: Raised by what writes inside the block; nothing was applied.
    """
    if not is_read_only() and current_database().in_transaction():
        raise ConflictError(
            "A transaction() has begun on the database itself: enter reading_from_replica() before."
        )
    with read_only():
        yield


@contextmanager
def transaction(isolation: Isolation | None = None) -> Iterator[None]:
    """Run everything that this thread calls inside the block in one transaction.

    It is committed at the block's end, or rolled back where an exception leaves the block. A block
    inside another is a savepoint: an exception caught around it leaves the outer one intact.

    Args:
        isolation: `"read committed"`, `"repeatable read"` or `"serializable"`; the server's default
            where it is missing. The outermost block alone may choose it.

    Yields:
        Nothing.

    Raises:
        InvalidInputError: There is no such isolation, or an outer transaction has begun already.
        NotConnectedError: `connect()` was not called.
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached, or was lost before the commit;
            nothing was applied.
        OutcomeUnknownError: The answer to the commit was lost: everything was applied, or nothing.
        ConflictError: A concurrent transaction made this one fail at its commit; run it again.
    """
    if isolation is not None and isolation not in _ISOLATIONS:
        raise InvalidInputError("isolation", f"must be one of {', '.join(_ISOLATIONS)}")
    with _chosen(isolation).lent() as database:
        if not database.in_transaction():
            scope = database.transaction(isolation and isolation.upper())
        elif isolation is None:
            scope = database.savepoint()
        else:
            raise InvalidInputError(
                "isolation", "can be chosen by the outermost transaction() only"
            )
        owner = os.getpid()
        with translated():
            scope.__enter__()
        try:
            yield
        except BaseException as exc:
            if os.getpid() == owner:
                with translated():
                    scope.__exit__(type(exc), exc, exc.__traceback__)
            raise
        if os.getpid() != owner:
            raise NotConnectedError(
                "The process was forked inside a transaction, which stays its parent's."
            )
        with translated():
            scope.__exit__(None, None, None)


def run_in_transaction(
    function: Callable[[], ResultT], *, isolation: Isolation | None = None, tries: int = 5
) -> ResultT:
    """Call a function in a transaction, again where the server undid it for a concurrent one.

    A deadlock and a serialization failure are known to have left nothing behind: the whole function
    is called again after a moment. Whatever else fails is raised, a connection that was lost too,
    as its outcome can't be known. Inside another `transaction()` the function is called once, in a
    savepoint: what began outside of it can't be run again here.

    Args:
        function: What to call; as it may be called several times, it should do nothing that the
            transaction can't undo.
        isolation: As for `transaction()`.
        tries: How often it is called at most, 1 to 100.

    Returns:
        What the function returned, once that is committed.

    Raises:
        ConflictError: The last try met a deadlock or a serialization failure as well.
        InvalidInputError: `tries` is out of bounds, or `isolation` can't be had.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    check_integer("tries", tries, minimum=1, maximum=100)
    if current_database().in_transaction():
        tries = 1
    for tried in range(1, tries + 1):
        try:
            with transaction(isolation):
                return function()
        except ConflictError as exc:
            if tried == tries or not is_serialization_failure(exc.__cause__):
                raise
        time.sleep(backoff(tried))
    raise AssertionError  # the last try returns or raises


def fetch_all(statement: Statement, **parameters: Any) -> list[Row]:
    """Run a statement in one round trip.

    Args:
        statement: What to run.
        **parameters: A value for each of its parameters.

    Returns:
        The rows.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    if not statement.reads_only:
        refuse_write(statement.name)
    database = current_database()
    compiled = statement.compile(database, database.settings.schema_name)
    try:
        return database.fetch(compiled, parameters)
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, parameters) from exc
    except ValueError as exc:
        failure = refused_by_driver(exc, parameters)
    # Outside of the handler: the driver's error, which may hold a value, is no context of it.
    raise failure


def fetch_one(statement: Statement, **parameters: Any) -> Row | None:
    """Run a statement that gives at most one row.

    Args:
        statement: What to run.
        **parameters: A value for each of its parameters.

    Returns:
        The row, `None` where there is none.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    rows = fetch_all(statement, **parameters)
    return rows[0] if rows else None


def run_sql(sql: str, **parameters: Any) -> list[Row]:
    """Run SQL text that is needed too rarely to be prepared.

    Args:
        sql: One statement or several; `%(name)s` stands for a parameter.
        **parameters: A value for each parameter; without any, a percent sign stands for itself.

    Returns:
        The rows of the last statement, none where it gives none.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    try:
        return current_database().run(sql, parameters or None)
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, parameters) from exc


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the driver and of Peewee that leave the block into the library's own.

    Yields:
        Nothing.

    Raises:
        TrioSignoDBError: Whatever went wrong, as the matching class.
    """
    try:
        yield
    except psycopg2.Error as exc:
        raise translate(exc, CONSTRAINT_TARGETS, {}) from exc
    except peewee.PeeweeException as exc:
        cause = getattr(exc, "orig", None)
        if isinstance(cause, psycopg2.Error):
            raise translate(cause, CONSTRAINT_TARGETS, {}) from cause
        raise TrioSignoDBError(str(exc)) from exc


def _chosen(isolation: Isolation | None) -> PooledDatabase:
    database = current_database()
    is_new = not database.in_transaction()
    return connected_database() if is_new and isolation == "serializable" else database


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
