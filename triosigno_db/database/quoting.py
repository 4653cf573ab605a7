"""Quote names and constants in SQL."""

from collections.abc import Iterable

from psycopg2.extensions import adapt


def identifier(name: str) -> str:
    """Quote an identifier.

    Args:
        name: The name of a table, a column, a type, ...

    Returns:
        The name in double quotes.
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Quote a constant.

    Use this for constants of a statement, and for statements that take no parameters, such as DDL.
    Pass values of a caller as parameters instead.

    Args:
        value: A string, or another constant that the driver can adapt.

    Returns:
        The SQL literal. A backslash in a string is literal, as with the PostgreSQL setting
        `standard_conforming_strings`, which is on by default.
    """
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    quoted: bytes = adapt(value).getquoted()
    return quoted.decode()


def text_array(values: Iterable[str]) -> str:
    """Write an array of texts, as the value of a parameter of the type `text[]`.

    The server parses one such literal much faster than an ARRAY of thousands of constants.
    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO

    Args:
        values: The texts.

    Returns:
        The text of the array.
    """
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"
