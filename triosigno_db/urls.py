"""Connection URLs in Prisma's format, with several hosts as in libpq.

    postgresql://user:password@host1:5432,[2001:db8::1]:5433/database?name=value

Names and passwords are percent-encoded. Error messages do not quote the URL, because any part of it
may belong to a password.
"""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from triosigno_db.errors import InvalidInputError

_SCHEMES = ("postgresql", "postgres")
_DEFAULT_PORT = 5432
_PARTS = re.compile(
    r"""
    (?P<scheme>[^:/?]*)://
    (?: (?P<user>[^:/?]*) (?: : (?P<password>[^/?]*) )? @ )?
    (?P<hosts>[^@/?]*)
    (?: / (?P<database>[^?]*) )?
    (?: \? (?P<query>.*) )?
    """,
    re.VERBOSE | re.DOTALL,
)
_HOST = re.compile(r"(?P<name>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>[0-9]{0,5}))?")


class ConnectionUrl(NamedTuple):
    """The parts of a URL, percent-decoded.

    Attributes:
        user: The role, or `None`.
        password: Its password, or `None`.
        hosts: The name, address or socket folder of each host, and its port; `None` for missing
            parts. At least one host, with `None` as name if the URL has none.
        database: The name of the database.
        parameters: The parameters after the question mark, in order.
    """

    user: str | None
    password: str | None
    hosts: tuple[tuple[str | None, int | None], ...]
    database: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def address(self) -> dict[str, object]:
        """The settings `host`, `port` and `ports`, as far as the URL has them."""
        if len(self.hosts) == 1:
            ((host, port),) = self.hosts
            found: dict[str, object] = {"host": host, "port": port}
        else:
            found = {
                "host": ",".join(host or "" for host, _ in self.hosts),
                "ports": tuple(port or _DEFAULT_PORT for _, port in self.hosts),
            }
        return {name: value for name, value in found.items() if value is not None}


def read_url(url: str, argument: str = "url") -> ConnectionUrl:
    """Parse a URL.

    Args:
        url: The URL.
        argument: The name of the caller's argument, for the error.

    Returns:
        The parts of the URL.

    Raises:
        InvalidInputError: The URL is invalid.
    """
    if "#" in url:
        raise InvalidInputError(argument, "contains a '#': percent-encode it as %23 in a password")
    url = url.strip()
    if url.partition("://")[0].lower() not in _SCHEMES:
        raise InvalidInputError(argument, "must start with postgresql:// or postgres://")
    if "@" in url.partition("?")[2]:
        raise InvalidInputError(argument, "contains a '?' before its '@': percent-encode it as %3F")
    parts = _PARTS.fullmatch(url)
    hosts = parts and [_read_host(each) for each in parts["hosts"].split(",")]
    if parts is None or hosts is None or None in hosts:
        raise InvalidInputError(argument, "has an invalid host or port")
    if not parts["database"]:
        raise InvalidInputError(argument, "has no database: end it with /database")
    return ConnectionUrl(
        user=_decode(parts["user"]),
        password=_decode(parts["password"]),
        hosts=tuple(each for each in hosts if each is not None),
        database=unquote(parts["database"]),
        parameters=tuple(parse_qsl(parts["query"] or "", keep_blank_values=True)),
    )


def _read_host(text: str) -> tuple[str | None, int | None] | None:
    """Parse one host and its port; return `None` if it is invalid."""
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    name = unquote(found["name"])
    if name.startswith("["):
        name = name[1:-1]
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            return None
    if "," in name:
        # libpq would read the decoded name as two hosts.
        return None
    return name or None, int(found["port"]) if found["port"] else None


def _decode(text: str | None) -> str | None:
    return unquote(text) if text else None
