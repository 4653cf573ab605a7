"""Names of at most 63 bytes, as Prisma gives them to indexes and constraints."""

from collections.abc import Iterable

MAX_NAME_BYTES = 63
"""The maximum length of a name in PostgreSQL, in bytes of UTF-8."""


def prisma_name(table: str, columns: Iterable[str], suffix: str) -> str:
    """Build the name that Prisma gives to an index or a constraint.

    Args:
        table: The name of the table.
        columns: The names of the columns, in order; none for a primary key.
        suffix: `pkey`, `key`, `idx` or `fkey`.

    Returns:
        `<table>_<columns>_<suffix>`. Where it would be too long, the end of the part before the
        suffix is cut off, as Prisma does.
    """
    return with_suffix("_".join((table, *columns)), f"_{suffix}")


def with_suffix(name: str, suffix: str) -> str:
    """Append a suffix to a name, and cut the name where both would be too long.

    Args:
        name: The name.
        suffix: The suffix, which is kept.

    Returns:
        At most 63 bytes, as Prisma does for the names that it derives.
    """
    room = MAX_NAME_BYTES - len(suffix.encode())
    # A character that the cut divides is left out as a whole.
    return name.encode()[:room].decode(errors="ignore") + suffix


def is_too_long(name: str) -> bool:
    """Return whether PostgreSQL would cut a name off.

    Args:
        name: The name.

    Returns:
        `True` if it has more than `MAX_NAME_BYTES` bytes.
    """
    return len(name.encode()) > MAX_NAME_BYTES
