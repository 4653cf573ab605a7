"""Check the connection: round trip, encryption and pooler."""

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
        context: The context of the checks.

    Yields:
        The findings.
    """
    info = context.connection.info
    with context.reading() as session:
        round_trip = _round_trip(session)
        ((backend, server, is_replica),) = session.run(
            "SELECT pg_backend_pid(), host(inet_server_addr()), pg_is_in_recovery()"
        )
        lag = session.run(_LAG)[0][0] if is_replica else None
    # A pooler reports its own process id to clients.
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
            f"address reported by the server {server or 'of a Unix socket'}",
            encryption,
            pooler,
        ),
    )
    if not info.ssl_in_use and not is_on_this_machine(peer):
        yield Finding(
            SUBJECT,
            "warning",
            f"The connection to {peer} is not encrypted.",
            "Add sslmode=verify-full and sslcert=<the CA certificate> to the URL.",
        )
    yield from _on_pooler(is_pooled, context.settings.pgbouncer)


def is_on_this_machine(address: str) -> bool:
    """Return whether an address is on this machine.

    Args:
        address: An IP address, empty for a Unix socket.

    Returns:
        `True` for a loopback address or a Unix socket.
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


def _on_pooler(is_pooled: bool, is_declared: bool) -> Iterator[Finding]:
    if is_pooled and not is_declared:
        yield Finding(
            SUBJECT,
            "warning",
            "The connection goes through a pooler, but the URL does not have pgbouncer=true.",
            "Add pgbouncer=true to the URL, unless the pooler is in session mode.",
        )
    if is_declared and not is_pooled:
        yield Finding(
            SUBJECT,
            "warning",
            "The URL has pgbouncer=true, but the connection does not go through a pooler.",
            "Remove it: it disables prepared statements.",
        )
