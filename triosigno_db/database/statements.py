"""Statements: queries that are built and compiled once and run many times.

A statement is defined by a function that builds a Peewee query, with `Parameter("name")` for each
value of a call:

    @statement(reads_only=True)
    def select_sign(selection: Selection) -> Any:
        \"\"\"Select one sign.\"\"\"
        return Sign.select(*columns(Sign, selection)).where(Sign.id == Parameter("sign_id"))

The arguments of the function are choices, such as the columns to read: `select_sign(selection)`
returns the same statement for the same choices, built and compiled once. Without a pooler the
server parses it once per connection (`PREPARE`) and usually plans it once as well, and each call
sends `EXECUTE` with the values.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache, wraps
from inspect import signature
from itertools import count
from string import Formatter
from types import MappingProxyType
from typing import Any, NamedTuple, ParamSpec, cast

import peewee
from pydantic.alias_generators import to_snake

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.errors import InvalidInputError
from triosigno_db.models.peewee_internals import count_returned_columns
from triosigno_db.records import Selection

Build = Callable[..., Any]
P = ParamSpec("P")

NOW = peewee.fn.timezone("UTC", peewee.fn.now())
"""The time of the server in UTC, in any time zone of the session."""

_NO_COMPUTED: Mapping[str, Any] = MappingProxyType({})
_numbers = count(1)

_MAX_CHOICES = 500
"""The maximum number of statements of one builder that are kept: one for each shape in use."""


class Parameter(peewee.ColumnBase):
    """A placeholder in a query for a value of each call.

    Args:
        name: The name of the parameter.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __sql__(self, ctx: Any) -> Any:
        # False: the field that it is compared with must not convert it.
        return ctx.value(_Placeholder(self.name), False)


class _Placeholder(NamedTuple):
    name: str


class CompiledStatement(NamedTuple):
    """The text of a statement for one schema.

    Attributes:
        name: The name of the statement.
        reads_only: Whether it changes nothing.
        idempotent: Whether sending it again changes nothing more.
        sql: The SQL text, with `%(name)s` for each parameter.
        key: What identifies the statement among the prepared ones of a connection; `None` if it is
            planned for each call.
        definition: The SQL text to prepare, with `$1` for the first parameter.
        arguments: The values to execute it with, with `%(name)s` for each parameter.
        deletes: Whether it deletes rows, so that a broken reference means rows that refer to them.
        width: The number of columns that it returns; `None` if it is written in SQL.
    """

    name: str
    reads_only: bool
    idempotent: bool
    sql: str
    key: str | None
    definition: str
    arguments: str
    deletes: bool = False
    width: int | None = None

    def prepare_as(self, name: str) -> str:
        """Return the SQL text that prepares the statement.

        Args:
            name: The name to prepare it as.

        Returns:
            The text.
        """
        return f"PREPARE {identifier(name)} AS {self.definition}"

    def execute_as(self, name: str) -> str:
        """Return the SQL text that executes the prepared statement.

        Args:
            name: The name that it was prepared as.

        Returns:
            The text, with `%(name)s` for each parameter.
        """
        return f"EXECUTE {identifier(name)}{self.arguments}"


class Statement:
    """A named query that is compiled once for each schema.

    Args:
        build: Builds the query; its name is the name of the statement.
        choices: The arguments of `build`.
        reads_only: Whether it changes nothing, so that it may be retried after a lost connection.
        idempotent: Whether it may be retried although it writes, because a second execution
            changes nothing.
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
        self._key = f"{next(_numbers)}_{self.name}" if prepared else None
        self._build = build
        self._choices = choices
        self._compiled: dict[str, CompiledStatement] = {}

    def __repr__(self) -> str:
        return f"<Statement {self.name}>"

    def compile(self, database: peewee.Database, schema_name: str) -> CompiledStatement:
        """Compile the statement, once for each schema.

        Args:
            database: The database whose dialect to use.
            schema_name: The current schema of the tables.

        Returns:
            The compiled statement, the same object for every call.

        Raises:
            InvalidInputError: A shape has a field that the entity does not have, or the statement
                holds a value that is not the same for every call, such as a time.
        """
        try:
            return self._compiled[schema_name]
        except KeyError:
            pass
        query = self._build(*self._choices)
        sql, values = database.get_sql_context().sql(query).query()
        if isinstance(query, peewee.Insert):
            self._refuse_new_values(values, database)
        if any(isinstance(value, datetime) for value in values):
            why = "holds the time when it was built: write NOW or a Parameter in its place"
            raise InvalidInputError(self.name, why)
        compiled = self._write(sql, values)._replace(
            deletes=isinstance(query, peewee.Delete), width=count_returned_columns(query)
        )
        return self._compiled.setdefault(schema_name, compiled)

    def _refuse_new_values(self, values: list[Any], database: peewee.Database) -> None:
        """Refuse the default of a field that is another one for each row, such as an id."""
        _, others = database.get_sql_context().sql(self._build(*self._choices)).query()
        if values != others:
            why = "holds a default that is new for each row: write a Parameter or NOW in its place"
            raise InvalidInputError(self.name, why)

    def _write(self, sql: str, values: list[Any]) -> CompiledStatement:
        texts = sql.split("%s")
        # In text that the driver formats, a literal percent sign must be doubled.
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
            key=self._key,
            definition=_interleave(texts, numbered),
            arguments=f" ({arguments})" if names else "",
        )


def statement(
    *, reads_only: bool, idempotent: bool = False, prepared: bool = True
) -> Callable[[Callable[P, Any]], Callable[P, Statement]]:
    """Turn a function that builds a query into a function that returns its statement.

    Args:
        reads_only: Whether it changes nothing, so that it may be retried after a lost connection.
        idempotent: Whether it may be retried although it writes, because a second execution
            changes nothing.
        prepared: Whether the server may keep one plan for all values. Use `False` for a query whose
            best plan depends on the values, such as a limit.

    Returns:
        The decorator; the decorated function returns the statement for its arguments, which must
        be hashable.
    """

    def decorate(build: Callable[P, Any]) -> Callable[P, Statement]:
        parameters = signature(build)

        @lru_cache(maxsize=_MAX_CHOICES)
        @wraps(build)
        def choose(*args: P.args, **kwargs: P.kwargs) -> Statement:
            return Statement(
                build,
                parameters.bind(*args, **kwargs).args,
                reads_only=reads_only,
                idempotent=idempotent,
                prepared=prepared,
            )

        return cast("Callable[P, Statement]", choose)

    return decorate


def columns(
    model: Any,
    selection: Selection,
    *,
    computed: Mapping[str, Any] = _NO_COMPUTED,
    nested: Iterable[str] = (),
) -> list[Any]:
    """List the expressions that a statement selects for a record.

    Args:
        model: The model of the table.
        selection: The selection of the record.
        computed: Expressions that the record may have in addition to the columns, by name.
        nested: The nested records that the caller reads itself.

    Returns:
        The fields and expressions, in the order of the fields of the record.

    Raises:
        InvalidInputError: The entity does not have a field of the record, or the field is secret.
    """
    known = {**model._meta.readable_columns(), **computed}
    _refuse_unknown(model.__name__, known, selection, nested)
    return [known[name] for name in selection.columns]


def sql_columns(
    entity: str, known: Mapping[str, str], selection: Selection, *, nested: Iterable[str] = ()
) -> peewee.SQL:
    """List the expressions that a statement in SQL selects for a record.

    Args:
        entity: The name of the entity, for the error.
        known: The SQL of each column that the record may have.
        selection: The selection of the record.
        nested: The nested records that the caller reads itself.

    Returns:
        The expressions, in the order of the fields of the record, separated by commas.

    Raises:
        InvalidInputError: The entity does not have a field of the record.
    """
    _refuse_unknown(entity, known, selection, nested)
    return peewee.SQL(", ".join(known[name] for name in selection.columns))


def columns_of(model: Any, source: str) -> dict[str, str]:
    """Return the SQL of the columns of a model.

    Args:
        model: The model.
        source: The name in the statement of the table, or of a subquery that selects from it.

    Returns:
        The SQL of each column that a record may have, by name.
    """
    return {name: f'{source}."{name}"' for name in model._meta.readable_columns()}


def compose(sql: str, **nodes: Any) -> peewee.NodeList:
    """Compose a statement that is clearer in SQL than in Python.

    Args:
        sql: The SQL text, with `{name}` for each node.
        **nodes: Models, which stand for their tables, and parts of queries.

    Returns:
        The query.
    """
    parts: list[Any] = []
    for text, name, _, _ in Formatter().parse(sql):
        parts.append(peewee.SQL(text))
        if name is not None:
            node: Any = nodes[name]
            # A table is qualified with the schema that is current when the statement is compiled.
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
