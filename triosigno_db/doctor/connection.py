"""The connection: round trip, encryption, and whether a pooler is in between."""

import statistics
import time
from collections.abc import Iterator
from ipaddress import ip_address

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding
from triosigno_db.migrator.session import Session

SUBJECT = "connection"

_ROUND_TRIPS = 5
_CHECKED_CERTIFICATES = ("verify-ca", "verify-full")
_LAG = "SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"


def check_connection(context: CheckContext) -> Iterator[Finding]:
    """Check the connection.

    Args:
        context: The database and what is known of it.

    Yields:
        What is found.
    """
    info = context.connection.info
    with context.reading() as session:
        round_trip = _round_trip(session)
        ((backend, server, is_replica),) = session.run(
            "SELECT pg_backend_pid(), host(inet_server_addr()), pg_is_in_recovery()"
        )
        lag = session.run(_LAG)[0][0] if is_replica else None
    # A pooler gives its clients a process number of its own.
    is_pooled = backend != info.backend_pid
    peer = context.peer()
    encryption = _encryption(context)
    pooler = "through a pooler" if is_pooled else "no pooler"
    yield Finding(
        SUBJECT,
        "ok",
        f"{info.host}:{info.port} answers in {round_trip * 1000:.2f} ms: "
        f"{_kind(is_replica, lag)}, {encryption}, {pooler}.",
        details=(
            f"opened in {context.opened_in * 1000:.1f} ms",
            f"a round trip takes {round_trip * 1000:.2f} ms, the median of {_ROUND_TRIPS}",
            f"address {peer or 'of a Unix socket'}",
            f"server's own address {server or 'of a Unix socket'}",
            encryption,
            pooler,
        ),
    )
    if not info.ssl_in_use and not is_on_this_machine(peer):
        yield Finding(
            SUBJECT,
            "warning",
            f"The connection to {peer} is not encrypted.",
            "Give the URL sslmode=verify-full and sslcert=<the authority's certificate>.",
        )
    yield from _on_pooler(is_pooled, context.settings.pgbouncer)


def is_on_this_machine(address: str) -> bool:
    """Return whether what is sent to an address never leaves the machine.

    Args:
        address: An IP address, empty for a Unix socket.

    Returns:
        `True` for a loopback address and a Unix socket.
    """
    return not address or ip_address(address.partition("%")[0]).is_loopback


def _round_trip(session: Session) -> float:
    times = []
    for _ in range(_ROUND_TRIPS):
        started = time.perf_counter()
        session.run("SELECT 1")
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _kind(is_replica: bool, lag: float | None) -> str:
    if not is_replica:
        return "a primary"
    return "a replica" if lag is None else f"a replica whose last change is {lag:.1f} s old"


def _encryption(context: CheckContext) -> str:
    info = context.connection.info
    if not info.ssl_in_use:
        return "no TLS"
    is_checked = context.settings.sslmode in _CHECKED_CERTIFICATES
    certificate = "certificate checked" if is_checked else "certificate not checked"
    return f"{info.ssl_attribute('protocol')}, {certificate}"


def _on_pooler(is_pooled: bool, is_announced: bool) -> Iterator[Finding]:
    if is_pooled and not is_announced:
        yield Finding(
            SUBJECT,
            "warning",
            "A pooler is in between, and the URL does not say so.",
            "Add pgbouncer=true to the URL, unless it pools whole sessions.",
        )
    if is_announced and not is_pooled:
        yield Finding(
            SUBJECT,
            "warning",
            "The URL says pgbouncer=true, and no pooler is in between.",
            "Remove it: with it no statement is prepared.",
        )
