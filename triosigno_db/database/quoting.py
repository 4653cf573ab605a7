"""Quote names and constants in SQL."""

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
