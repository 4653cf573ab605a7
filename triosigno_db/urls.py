"""Connection URLs, as Prisma writes them, with several hosts as libpq takes them.

    postgresql://user:password@host1:5432,[2001:db8::1]:5433/database?name=value

Names and passwords are percent-encoded. What is wrong with a URL is told without quoting it: any
part of it may be the rest of a password.
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
        user: The role, `None` where it is missing.
        password: Its password, `None` where it is missing.
        hosts: Each host's name, address or folder of a socket, and its port; `None` for what is
            missing. At least one, without a name where the URL has none.
        database: The name of the database.
        parameters: What follows the question mark, in order.
    """

    user: str | None
    password: str | None
    hosts: tuple[tuple[str | None, int | None], ...]
    database: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def address(self) -> dict[str, object]:
        """The host, the port and the ports as the settings have them, those that it names."""
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
        argument: What the caller calls it, for the error.

    Returns:
        Its parts.

    Raises:
        InvalidInputError: It can't be read.
    """
    if "#" in url:
        raise InvalidInputError(argument, "holds a '#': percent-encode it as %23 in a password")
    url = url.strip()
    if url.partition("://")[0].lower() not in _SCHEMES:
        raise InvalidInputError(argument, "must start with postgresql:// or postgres://")
    if "@" in url.partition("?")[2]:
        raise InvalidInputError(argument, "holds a '?' before its '@': percent-encode it as %3F")
    parts = _PARTS.fullmatch(url)
    hosts = parts and [_read_host(each) for each in parts["hosts"].split(",")]
    if parts is None or hosts is None or None in hosts:
        raise InvalidInputError(argument, "has a host or port that can't be read")
    if not parts["database"]:
        raise InvalidInputError(argument, "names no database: end it with /database")
    return ConnectionUrl(
        user=_decode(parts["user"]),
        password=_decode(parts["password"]),
        hosts=tuple(each for each in hosts if each is not None),
        database=unquote(parts["database"]),
        parameters=tuple(parse_qsl(parts["query"] or "", keep_blank_values=True)),
    )


def _read_host(text: str) -> tuple[str | None, int | None] | None:
    """Read one host and its port; `None` where that can't be."""
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
        # Decoded, it would be two hosts to libpq.
        return None
    return name or None, int(found["port"]) if found["port"] else None


def _decode(text: str | None) -> str | None:
    return unquote(text) if text else None
