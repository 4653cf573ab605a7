"""Stop a deployment between two of its commands, and kill it there."""

from collections.abc import Callable
from threading import Thread

from tests.cluster import until
from tests.interop.plain_session import plain_session
from tests.plain_sql import run_plain
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK

_KEY = 4711

_INSTALL = f"""
CREATE SCHEMA brake;
CREATE SEQUENCE brake.countdown INCREMENT -1 MINVALUE -1000000 MAXVALUE 1000000 START 0;
CREATE FUNCTION brake.stop() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('brake.countdown') = 0 THEN
        PERFORM pg_advisory_xact_lock({_KEY});
    END IF;
END $$;
SELECT nextval('brake.countdown');
CREATE EVENT TRIGGER brake ON ddl_command_end EXECUTE FUNCTION brake.stop();
"""
_WAITING = f"""
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {_KEY} AND NOT granted
)
"""
_TERMINATE = f"""
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND objid = {_KEY} AND NOT granted
"""
_NOBODY_DEPLOYS = f"""
SELECT NOT EXISTS (
    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND l.objid IN ({PRISMA_LOCK}, {_KEY})
        AND d.datname = current_database()
)
"""


def install(url: str) -> None:
    """Prepare a database: an event trigger, which Prisma and the library do not look at."""
    run_plain(url, _INSTALL)


def stop_at(url: str, command: int, work: Callable[[], object], kill: Callable[[], object]) -> bool:
    """Run a deployment until it has run a number of DDL commands, and kill it there.

    Args:
        url: The database.
        command: The number of the command.
        work: Runs the deployment; it must return also after the kill.
        kill: Kills it.

    Returns:
        Whether it came as far as that.
    """
    thread = Thread(target=work)
    with plain_session(url) as run, plain_session(url) as hold:
        hold(f"SELECT pg_advisory_lock({_KEY})")
        run(f"SELECT setval('brake.countdown', {command}, true)")
        thread.start()
        until(lambda: not thread.is_alive() or run(_WAITING) == [(True,)])
        is_stopped = thread.is_alive()
        if is_stopped:
            kill()
        hold(f"SELECT pg_advisory_unlock({_KEY})")
        thread.join()
        run("SELECT setval('brake.countdown', -1, true)")
        until(lambda: run(_NOBODY_DEPLOYS) == [(True,)])
    return is_stopped


def terminate_backend(url: str) -> None:
    """End the session that is stopped."""
    run_plain(url, _TERMINATE)
