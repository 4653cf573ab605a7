"""Statements: a query built once from the models, compiled once, run many times.

A statement is a function without arguments that builds a Peewee query, with `Parameter("name")`
where a call puts a value:

    @statement(reads_only=True)
    def sign_by_id() -> peewee.Query:
        \"\"\"One sign.\"\"\"
        return Sign.select().where(Sign.id == Parameter("sign_id"))

Its text is made at the first call. Where no pooler stands between, the server parses it once per
connection (`PREPARE`), mostly plans it once as well, and a call sends `EXECUTE` with the values.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import peewee
from psycopg2.extensions import adapt

from triosigno_db.records import Record

Build = Callable[[], Any]


NOW = peewee.fn.timezone("UTC", peewee.fn.now())
"""The server's time in UTC, whatever zone the session is in."""


class Parameter(peewee.ColumnBase):
    """Stands in a query for a value that each call gives.

    Args:
        name: What the call names the value.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __sql__(self, ctx: Any) -> Any:
        # False: the field it is compared with must not convert it.
        return ctx.value(_Placeholder(self.name), False)


class _Placeholder(NamedTuple):
    name: str


class CompiledStatement(NamedTuple):
    """A statement's text for one schema.

    Attributes:
        name: The statement's name.
        reads_only: Whether it changes nothing, so that it may be sent again.
        sql: The whole text, with `%(name)s` for each parameter.
        prepare: The text that prepares it on a connection.
        execute: The text that runs it once it is prepared, with `%(name)s` for each parameter.
    """

    name: str
    reads_only: bool
    sql: str
    prepare: str
    execute: str


class Statement:
    """A named query that is compiled once for each schema.

    Args:
        build: Makes the query; its name names the statement, its docstring says what it is for.
        reads_only: Whether it changes nothing, so that it may be sent again after a lost
            connection.
    """

    def __init__(self, build: Build, *, reads_only: bool) -> None:
        self.name = build.__name__
        self.__doc__ = build.__doc__
        self.reads_only = reads_only
        self._build = build
        self._compiled: dict[str, CompiledStatement] = {}

    def __repr__(self) -> str:
        return f"<Statement {self.name}>"

    def compile(self, database: peewee.Database, schema_name: str) -> CompiledStatement:
        """Give the statement's text, made at the first call.

        Args:
            database: Whose dialect to write.
            schema_name: The schema that the models' tables are in at present.

        Returns:
            The text, the same object at every call.
        """
        try:
            return self._compiled[schema_name]
        except KeyError:
            pass
        sql, values = database.get_sql_context().sql(self._build()).query()
        return self._compiled.setdefault(schema_name, self._write(sql, values))

    def _write(self, sql: str, values: list[Any]) -> CompiledStatement:
        texts = sql.split("%s")
        names = list(dict.fromkeys(v.name for v in values if isinstance(v, _Placeholder)))
        named = [f"%({v.name})s" if isinstance(v, _Placeholder) else _literal(v) for v in values]
        numbered = [
            f"${names.index(v.name) + 1}" if isinstance(v, _Placeholder) else _literal(v)
            for v in values
        ]
        arguments = ", ".join(f"%({name})s" for name in names)
        prepared_name = f'"triosigno_{self.name}"'
        return CompiledStatement(
            name=self.name,
            reads_only=self.reads_only,
            sql=_weave(texts, named),
            prepare=f"PREPARE {prepared_name} AS {_weave(texts, numbered)}",
            execute=f"EXECUTE {prepared_name}" + (f" ({arguments})" if names else ""),
        )


def statement(*, reads_only: bool) -> Callable[[Build], Statement]:
    """Make a statement of a function that builds a query.

    Args:
        reads_only: Whether it changes nothing, so that it may be sent again after a lost
            connection.

    Returns:
        The decorator.
    """
    return lambda build: Statement(build, reads_only=reads_only)


def columns(source: Any, record: type[Record]) -> list[Any]:
    """List the columns that a record is made of.

    Args:
        source: The model whose table holds them.
        record: The record.

    Returns:
        The model's fields, in the order of the record's.
    """
    return [source._meta.columns[name] for name in record.column_names()]


def _weave(texts: list[str], values: list[str]) -> str:
    return "".join(text + value for text, value in zip(texts, [*values, ""], strict=True))


def _literal(constant: Any) -> str:
    # Constants of the query itself, such as a bound of a rule; never a caller's value.
    quoted: bytes = adapt(constant).getquoted()
    return quoted.decode()
