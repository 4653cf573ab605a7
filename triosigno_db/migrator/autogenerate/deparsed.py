"""Names in definitions, as PostgreSQL deparses them."""

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"""
    (?P<string>[eE]?'(?:[^']|'')*')
  | (?P<cast>::\s*)?(?P<name>"(?:[^"]|"")*"|[^\W\d][\w$]*)(?P<call>\()?
    """,
    re.VERBOSE,
)
_INDEX = re.compile(r'(?P<before>CREATE (?:UNIQUE )?INDEX )(?:"(?:[^"]|"")+"|\S+)(?P<after> ON )')


def unquoted(name: str) -> str:
    """Return a name from its form in a definition.

    Args:
        name: The name, in double quotes if PostgreSQL needs them.

    Returns:
        The name without quotes.
    """
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def base_type(type_: str) -> str:
    """Return the name of a column's type, of an array that of its elements.

    Args:
        type_: The type in its deparsed form.

    Returns:
        The name without quotes.
    """
    return unquoted(type_.removesuffix("[]"))


def names_in(definition: str) -> frozenset[str]:
    """List the words and names of a definition; its constants are not looked into.

    Args:
        definition: A constraint, an index or a default in its deparsed form.

    Returns:
        The names without quotes, and the words of SQL.
    """
    return frozenset(
        unquoted(token["name"]) for token in _TOKEN.finditer(definition) if token["name"]
    )


def replace_names(
    expression: str, column: Callable[[str], str | None], type_: Callable[[str], str | None]
) -> str:
    """Replace columns and types in an expression.

    Args:
        expression: The expression in its deparsed form.
        column: Gives the SQL for the name of a column; `None` for what is no column.
        type_: Gives the SQL for the name of a type that follows a cast; `None` to keep it.

    Returns:
        The other expression.
    """

    def replace(token: re.Match[str]) -> str:
        if token["string"]:
            return token[0]
        name, call = unquoted(token["name"]), token["call"] or ""
        if token["cast"]:
            return token["cast"] + (type_(name) or token["name"]) + call
        other = None if call else column(name)
        return (other or token["name"]) + call

    return _TOKEN.sub(replace, expression)


def without_name(index: str) -> str:
    """Remove the name of an index from its definition.

    Args:
        index: The definition, a statement in its deparsed form.

    Returns:
        The statement without the name.
    """
    return _INDEX.sub(r"\g<before>\g<after>", index, count=1)
