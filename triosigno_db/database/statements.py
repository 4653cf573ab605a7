"""Statements: a query built once from the models, compiled once, run many times.

A statement is written as a function that builds a Peewee query, with `Parameter("name")` where a
call puts a value:

    @statement(reads_only=True)
    def sign_by_id(selection: Selection) -> Any:
        \"\"\"One sign.\"\"\"
        return Sign.select(*columns(Sign, selection)).where(Sign.id == Parameter("sign_id"))

What the function takes are choices, such as the columns to read: `sign_by_id(selection)` gives the
same statement whenever the choices are the same, built and compiled once. Where no pooler stands
between, the server parses it once per connection (`PREPARE`), mostly plans it once as well, and a
call sends `EXECUTE` with the values.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache, wraps
from itertools import count
from string import Formatter
from types import MappingProxyType
from typing import Any, NamedTuple

import peewee
from pydantic.alias_generators import to_snake

from triosigno_db.database.quoting import literal
from triosigno_db.errors import InvalidInputError
from triosigno_db.records import Selection

Build = Callable[..., Any]

NOW = peewee.fn.timezone("UTC", peewee.fn.now())
"""The server's time in UTC, whatever zone the session is in."""

_NO_COMPUTED: Mapping[str, Any] = MappingProxyType({})
_numbers = count(1)


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
        reads_only: Whether it changes nothing.
        idempotent: Whether it changes nothing more when it is sent again.
        sql: The whole text, with `%(name)s` for each parameter.
        prepared_name: What it is called on a connection that has prepared it; `None` for one that
            is planned anew at each call.
        prepare: The text that prepares it on a connection.
        execute: The text that runs it once it is prepared, with `%(name)s` for each parameter.
    """

    name: str
    reads_only: bool
    idempotent: bool
    sql: str
    prepared_name: str | None
    prepare: str
    execute: str


class Statement:
    """A named query that is compiled once for each schema.

    Args:
        build: Makes the query; its name names the statement, its docstring says what it is for.
        choices: What `build` is called with.
        reads_only: Whether it changes nothing, so that it may be sent again after a lost
            connection.
        idempotent: Whether that holds all the same, as it changes nothing the second time.
        prepared: Whether the server may keep one plan for all values.
    """

    def __init__(
        self,
        build: Build,
        choices: tuple[Hashable, ...],
        *,
        reads_only: bool,
        idempotent: bool,
        prepared: bool,
    ) -> None:
        models = [choice.__name__ for choice in choices if isinstance(choice, type)]
        self.name = "_".join([build.__name__, *models])
        self.reads_only = reads_only
        self.idempotent = idempotent
        self._prepared_name = f"triosigno_{self.name}_{next(_numbers)}" if prepared else None
        self._build = build
        self._choices = choices
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

        Raises:
            InvalidInputError: A shape names a field that the entity does not have.
        """
        try:
            return self._compiled[schema_name]
        except KeyError:
            pass
        query = self._build(*self._choices)
        sql, values = database.get_sql_context().sql(query).query()
        return self._compiled.setdefault(schema_name, self._write(sql, values))

    def _write(self, sql: str, values: list[Any]) -> CompiledStatement:
        texts = sql.split("%s")
        # In a text that the driver puts values into, a percent sign stands for itself doubled.
        doubled = [text.replace("%", "%%") for text in texts]
        names = list(dict.fromkeys(v.name for v in values if isinstance(v, _Placeholder)))
        named = [
            f"%({v.name})s" if isinstance(v, _Placeholder) else literal(v).replace("%", "%%")
            for v in values
        ]
        numbered = [
            f"${names.index(v.name) + 1}" if isinstance(v, _Placeholder) else literal(v)
            for v in values
        ]
        arguments = ", ".join(f"%({name})s" for name in names)
        return CompiledStatement(
            name=self.name,
            reads_only=self.reads_only,
            idempotent=self.idempotent,
            sql=_interleave(doubled, named),
            prepared_name=self._prepared_name,
            prepare=f'PREPARE "{self._prepared_name}" AS {_interleave(texts, numbered)}',
            execute=f'EXECUTE "{self._prepared_name}"' + (f" ({arguments})" if names else ""),
        )


def statement(
    *, reads_only: bool, idempotent: bool = False, prepared: bool = True
) -> Callable[[Build], Callable[..., Statement]]:
    """Make a statement of a function that builds a query.

    Args:
        reads_only: Whether it changes nothing, so that it may be sent again after a lost
            connection.
        idempotent: Whether that holds all the same, as it changes nothing the second time.
        prepared: Whether the server may keep one plan for all values; without it, it plans each
            call, for a query whose best plan depends on the values, such as a limit.

    Returns:
        The decorator; it leaves a function from the builder's choices to their statement.
    """

    def decorate(build: Build) -> Callable[..., Statement]:
        @cache
        @wraps(build)
        def choose(*choices: Hashable) -> Statement:
            return Statement(
                build,
                choices,
                reads_only=reads_only,
                idempotent=idempotent,
                prepared=prepared,
            )

        return choose

    return decorate


def columns(
    model: Any,
    selection: Selection,
    *,
    computed: Mapping[str, Any] = _NO_COMPUTED,
    nested: Iterable[str] = (),
) -> list[Any]:
    """List what a statement selects for a record.

    Args:
        model: The model whose table holds the columns.
        selection: What the record is made of.
        computed: Expressions that the record may have beside the columns, by the same names.
        nested: The records inside that the caller reads by itself.

    Returns:
        Fields and expressions, in the order of the record's fields.

    Raises:
        InvalidInputError: The entity has no such field, or it is secret.
    """
    known = {**model._meta.readable_columns(), **computed}
    _refuse_unknown(model.__name__, known, selection, nested)
    return [known[name] for name in selection.columns]


def sql_columns(
    entity: str, known: Mapping[str, str], selection: Selection, *, nested: Iterable[str] = ()
) -> peewee.SQL:
    """List what a statement selects for a record, where it is written in SQL.

    Args:
        entity: What the record is about, for the error.
        known: The SQL of each column that the record may have.
        selection: What the record is made of.
        nested: The records inside that the caller reads by itself.

    Returns:
        The expressions, in the order of the record's fields, with commas between.

    Raises:
        InvalidInputError: The entity has no such field.
    """
    _refuse_unknown(entity, known, selection, nested)
    return peewee.SQL(", ".join(known[name] for name in selection.columns))


def columns_of(model: Any, source: str) -> dict[str, str]:
    """Write the columns of a model in SQL.

    Args:
        model: The model.
        source: The name that its table, or what was selected of it, has in the statement.

    Returns:
        The SQL of each column that a record may have, by its name.
    """
    return {name: f'{source}."{name}"' for name in model._meta.readable_columns()}


def compose(sql: str, **nodes: Any) -> peewee.NodeList:
    """Put a statement together that is clearer in SQL than in Python.

    Args:
        sql: The text; `{name}` stands for a node.
        **nodes: Models, for their tables, and parts of queries.

    Returns:
        The query.
    """
    parts: list[Any] = []
    for text, name, _, _ in Formatter().parse(sql):
        parts.append(peewee.SQL(text))
        if name is not None:
            node: Any = nodes[name]
            # A table is qualified with the schema of the time when the statement is compiled.
            is_model = isinstance(node, type) and issubclass(node, peewee.Model)
            parts.append(node._meta.entity if is_model else node)
    return peewee.NodeList(parts, "")


def _refuse_unknown(
    entity: str, known: Mapping[str, Any], selection: Selection, nested: Iterable[str]
) -> None:
    wanted = (*selection.columns, *(name for name, _ in selection.nested if name not in nested))
    unknown = [to_snake(name) for name in wanted if name not in known]
    if unknown:
        raise InvalidInputError("shape", f"{entity} has no field {', '.join(unknown)}")


def _interleave(texts: list[str], values: list[str]) -> str:
    return "".join(text + value for text, value in zip(texts, [*values, ""], strict=True))
