"""Names and constants as parts of a statement in SQL."""

from psycopg2.extensions import adapt


def identifier(name: str) -> str:
    """Quote an identifier.

    Args:
        name: The name of a table, a column, a type, ...

    Returns:
        The name as SQL takes it, in double quotes.
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Quote a constant.

    Values of a caller are parameters of a statement; this is for the constants of the statement
    itself, and for statements that take no parameters, such as DDL.

    Args:
        value: A text, or another constant that the driver can adapt.

    Returns:
        The constant as SQL takes it. In a text a backslash stands for itself, as it does under
        `standard_conforming_strings`, which PostgreSQL has on by default.
    """
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    quoted: bytes = adapt(value).getquoted()
    return quoted.decode()
