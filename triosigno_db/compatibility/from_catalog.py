"""The structure of a database, from the definitions that PostgreSQL prints."""

import re
from collections.abc import Iterator

from triosigno_db.compatibility.structure import Column, Index, Reference, Structure, Table
from triosigno_db.schema import catalog
from triosigno_db.schema.catalog import Catalog
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = re.compile(_IDENTIFIER)
_LIST = rf"{_IDENTIFIER}(?:, {_IDENTIFIER})*"
_ORDERED = rf"{_IDENTIFIER}(?: DESC)?(?: NULLS (?:FIRST|LAST))?"
_INDEX = re.compile(r"CREATE (?P<unique>UNIQUE )?INDEX .+? USING \w+ (?P<rest>\(.*)", re.DOTALL)
_PLAIN = re.compile(rf"\((?P<columns>{_ORDERED}(?:, {_ORDERED})*)\)(?: INCLUDE \({_LIST}\))?")
_ORDER = re.compile(r" (?:DESC|NULLS FIRST|NULLS LAST)\b")
_REFERENCE = re.compile(
    rf"FOREIGN KEY \((?P<columns>{_LIST})\) REFERENCES (?:{_IDENTIFIER}\.)?(?P<table>{_IDENTIFIER})"
    rf"\((?P<targets>{_LIST})\)(?P<actions>.*)"
)
_ACTION = re.compile(r"ON (UPDATE|DELETE) (CASCADE|RESTRICT|SET NULL|SET DEFAULT)")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_CONDITIONS = ("CHECK ", "EXCLUDE ")


def from_catalog(found: Catalog) -> Structure:
    """Describe the structure of a database.

    Args:
        found: The catalog of the database.

    Returns:
        The structure, without Prisma's ledger.
    """
    tables = {name: _table(each) for name, each in found.tables.items() if name != LEDGER_TABLE}
    return Structure(tables, dict(found.enums), has_all=True)


def names_in(expression: str) -> Iterator[str]:
    """List the names in an SQL expression, without its string literals.

    Args:
        expression: The expression as PostgreSQL prints it.

    Yields:
        The names without quotes; key words and functions are among them.
    """
    for name in _NAME.findall(_LITERAL.sub("", expression)):
        yield _unquoted(name)


def _table(table: catalog.Table) -> Table:
    constraints = {name: catalog.as_valid(text) for name, text in sorted(table.constraints.items())}
    references = {name: _REFERENCE.fullmatch(text) for name, text in constraints.items()}
    return Table(
        columns={each.name: _column(each) for each in table.columns},
        indexes={name: _index(text) for name, text in sorted(table.indexes.items())},
        references={name: _reference(match) for name, match in references.items() if match},
        checks={
            name: text
            for name, text in sorted(table.constraints.items())
            if text.startswith(_CONDITIONS)
        },
    )


def _column(column: catalog.Column) -> Column:
    has_default = column.default is not None or column.generation is not None
    return Column(_unquoted(column.type), column.nullable, has_default)


def _index(definition: str) -> Index:
    match = _INDEX.match(definition)
    rest = match["rest"] if match else definition
    is_unique = bool(match and match["unique"])
    plain = _PLAIN.fullmatch(rest)
    if plain is None:
        return Index(tuple(dict.fromkeys(names_in(rest))), is_unique, is_plain=False)
    return Index(_names(_ORDER.sub("", plain["columns"])), is_unique, is_plain=True)


def _reference(match: re.Match[str]) -> Reference:
    actions = dict(_ACTION.findall(match["actions"]))
    return Reference(
        _names(match["columns"]),
        _unquoted(match["table"]),
        _names(match["targets"]),
        actions.get("DELETE", "NO ACTION"),
        actions.get("UPDATE", "NO ACTION"),
    )


def _names(names: str) -> tuple[str, ...]:
    return tuple(map(_unquoted, _NAME.findall(names)))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
