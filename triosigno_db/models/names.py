"""The names that Prisma gives to indexes and constraints."""

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
    ending = f"_{suffix}"
    stem = "_".join((table, *columns)).encode()
    # A character that the cut divides is left out as a whole.
    return stem[: MAX_NAME_BYTES - len(ending)].decode(errors="ignore") + ending


def is_too_long(name: str) -> bool:
    """Return whether PostgreSQL would cut a name off.

    Args:
        name: The name.

    Returns:
        `True` if it has more than `MAX_NAME_BYTES` bytes.
    """
    return len(name.encode()) > MAX_NAME_BYTES
