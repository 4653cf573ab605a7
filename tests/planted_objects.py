"""Functions, operators, types and views that a hostile role puts into the schema of the tables.

PostgreSQL prefers a candidate that fits the operands exactly to one of `pg_catalog` for which they
have to be converted: https://www.postgresql.org/docs/current/typeconv-func.html. So for each
function of the server that the package's text mentions, and for each operator, one is planted for
the operands for which the server has only a conversion. Each raises an error.
"""

import re
from collections.abc import Collection, Iterator
from itertools import combinations, product, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from psycopg2 import sql

import triosigno_db
from tests.plain_sql import run_plain
from triosigno_db.database.quoting import identifier, literal

MESSAGE = "a planted object was used"

_SCALARS = (
    "text", "name", "varchar", '"char"', "int2", "int4", "int8", "oid", "bool", "regclass",
    "regproc", "regtype", "regnamespace", "timestamp", "timestamptz", "date", "interval", "uuid",
    "float8", "numeric", "jsonb", "json", "bytea",
)  # fmt: skip
_ARRAYS = ("text[]", "name[]", "int2[]", "int4[]", "oid[]", '"char"[]', "int2vector", "oidvector")
_WIDENED = {
    "text": ("name", "varchar", '"char"', "regclass"),
    "name": ("text", "varchar"),
    "int8": ("int4", "int2", "oid"),
    "int4": ("int2",),
    "oid": ("int4", "int8", "regclass", "regproc", "regtype"),
    "regclass": ("oid", "int4", "text"),
    "float8": ("int4", "int8", "numeric"),
    "numeric": ("int4", "int8"),
    "timestamptz": ("timestamp", "date"),
    "timestamp": ("date", "timestamptz"),
    "anyarray": _ARRAYS,
    "anycompatiblearray": _ARRAYS,
}
"""The types whose values are converted to a parameter's type; for a polymorphic one, all types."""

_OPERATORS = {
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~", "!~", "@>", "?"), "bool"),
    **dict.fromkeys(("||", "->", "->>"), "text"),
    **dict.fromkeys(("+", "-", "*", "/"), "int4"),
}
"""The operators that occur in SQL of the package, with the type of the result."""

_TYPES = ("text", "name", "oid", "int2", "int4", "int8", "timestamp", "uuid", "jsonb", "regclass")
_VIEWS = ("pg_class", "pg_namespace", "pg_roles", "pg_proc", "pg_type", "pg_trigger", "pg_depend")
_MOST_VARIANTS = 400
_VARIADIC = ("text", "name", "int4")
_MOST_VARIADIC = 4

_SIGNATURES = """
SET search_path TO pg_catalog;
SELECT p.proname, p.proargtypes::regtype[]::text[], p.proargnames, p.pronargdefaults,
       p.provariadic <> 0,
       CASE WHEN t.typtype = 'p' THEN 'text' ELSE format_type(t.oid, NULL) END
FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%s)
"""
_EXECUTE_EACH = """
DO {tag} DECLARE statement text; BEGIN
    SET LOCAL check_function_bodies = off;
    FOREACH statement IN ARRAY {statements} LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN duplicate_function OR invalid_function_definition
                       OR feature_not_supported OR undefined_object OR datatype_mismatch THEN
            -- It is one that the server does not allow.
        END;
    END LOOP;
END {tag}
"""


class _Signature(NamedTuple):
    name: str
    types: list[str]
    names: list[str] | None
    defaults: int
    is_variadic: bool
    result: str


def plant(url: str, role: str, enums: Collection[str] = ()) -> int:
    """Plant everything in the schema `public`, as a role that may create objects there.

    Args:
        url: The URL of a superuser.
        role: The owner of what is planted.
        enums: The quoted names of enum types of the schema; then only what takes them is planted.

    Returns:
        The number of functions that were planted.
    """
    rows = run_plain(url, _SIGNATURES, [sorted(mentioned_names())])
    statements = [*_operators(enums)]
    if not enums:
        statements += [*_types(), *_views()]
    for row in rows:
        statements += _functions(_Signature(*row), tuple(enums) or _SCALARS)
    parts = {"tag": sql.SQL("$planting$"), "statements": sql.Literal(statements)}
    run_plain(
        url,
        sql.SQL("SET ROLE {}; ").format(sql.Identifier(role))
        + sql.SQL(_EXECUTE_EACH).format(**parts),
    )
    counted = "SET search_path TO pg_catalog; SELECT count(*) FROM pg_proc WHERE prosrc LIKE %s"
    ((number,),) = run_plain(url, counted, [f"%{MESSAGE}%"])
    return int(number)


def users_of_planted(url: str) -> list[tuple[Any, ...]]:
    """List what depends on a planted function or operator, besides what is planted itself."""
    return run_plain(
        url,
        "SET search_path TO pg_catalog;"
        "SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d"
        " JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid"
        " WHERE p.prosrc LIKE %s AND d.classid <> 'pg_operator'::regclass"
        " UNION SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d"
        " JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND d.refobjid = o.oid"
        " WHERE o.oprcode::text LIKE '%%planted_operator%%'",
        [f"%{MESSAGE}%"],
    )


def mentioned_names() -> set[str]:
    """Name everything that looks like a call in the package, in Python or in SQL."""
    found: set[str] = set()
    for path in Path(triosigno_db.__file__).parent.rglob("*"):
        if path.suffix in (".py", ".sql"):
            text = path.read_text()
            found.update(re.findall(r"\b([a-z_][a-z0-9_]*)\s*\(", text))
            found.update(re.findall(r"\bfn\.([a-z_][a-z0-9_]*)", text))
    return found


def _functions(like: _Signature, scalars: tuple[str, ...]) -> Iterator[str]:
    if like.defaults and like.names:
        # For a call that names one argument.
        for name, type_name in zip(like.names, like.types, strict=False):
            for wider in _wider(type_name, scalars):
                yield _function(like, f"{identifier(name)} {wider}")
    for variant in _variants(like, scalars):
        # Named as the server's, for calls with named arguments.
        named = [] if like.is_variadic else (like.names or [])[: len(variant)]
        parameters = ", ".join(
            f"{identifier(each)} {type_name}" if each else type_name
            for each, type_name in zip_longest(named, variant)
        )
        yield _function(like, parameters)


def _function(like: _Signature, parameters: str) -> str:
    return (
        f"CREATE FUNCTION public.{identifier(like.name)}({parameters}) RETURNS {like.result}"
        f" LANGUAGE sql IMMUTABLE AS {literal(_body(f'{like.name}({parameters})'))}"
    )


def _variants(like: _Signature, scalars: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    types = like.types
    if like.is_variadic:
        fixed = types[:-1]
        for number in range(_MOST_VARIADIC + 1):
            for given in product(_VARIADIC, repeat=number):
                yield (*fixed, *given)
        return
    for length in range(max(1, len(types) - like.defaults), len(types) + 1):
        choices = [(each, *_wider(each, scalars)) for each in types[:length]]
        for changed in range(1, 3):
            for places in combinations(range(length), changed):
                given = [
                    choices[place][1:] if place in places else choices[place][:1]
                    for place in range(length)
                ]
                yield from list(product(*given))[:_MOST_VARIANTS]
        if length < len(types):
            yield tuple(types[:length])


def _wider(type_name: str, scalars: tuple[str, ...]) -> tuple[str, ...]:
    name = {
        "character varying": "varchar",
        "bigint": "int8",
        "integer": "int4",
        "double precision": "float8",
        "timestamp with time zone": "timestamptz",
        "timestamp without time zone": "timestamp",
    }.get(type_name, type_name)
    if name in _WIDENED:
        return _WIDENED[name]
    return (*scalars, *_ARRAYS) if name.strip('"').startswith("any") else ()


def _operators(enums: Collection[str]) -> Iterator[str]:
    types = (*_SCALARS, *_ARRAYS, *enums)
    pairs = (pair for pair in product(types, repeat=2) if not enums or set(pair) & set(enums))
    for number, (left, right) in enumerate(pairs):
        for result in sorted(set(_OPERATORS.values())):
            yield (
                f"CREATE FUNCTION public.planted_operator_{number}_{result}({left}, {right})"
                f" RETURNS {result} LANGUAGE sql IMMUTABLE"
                f" AS {literal(_body(f'an operator of {left} and {right}'))}"
            )
        for operator, result in _OPERATORS.items():
            yield (
                f"CREATE OPERATOR public.{operator} (LEFTARG = {left}, RIGHTARG = {right},"
                f" FUNCTION = public.planted_operator_{number}_{result})"
            )


def _types() -> Iterator[str]:
    for name in _TYPES:
        yield f"CREATE DOMAIN public.{name} AS pg_catalog.bool"


def _views() -> Iterator[str]:
    for name in _VIEWS:
        yield f"CREATE VIEW public.{name} AS SELECT 1 / 0 AS oid"


def _body(what: str) -> str:
    # The planner reads the body to put it in place of the call, and so raises the error also where
    # no row would have needed it.
    return f"SELECT {literal(f'{MESSAGE}: {what}')}::pg_catalog.int4"
