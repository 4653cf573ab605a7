"""The texts of statements as the driver gets them, before it puts any value into them."""

import ast
import gc
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest

import triosigno_db
from triosigno_db import schema
from triosigno_db.database.connection import Connection
from triosigno_db.database.statements import Statement
from triosigno_db.repositories.gamification.days import Offsets
from triosigno_db.schema.own_objects import fold_script, keys_script
from triosigno_db.schema.owners import EXPECTED_OWNERS, FOREIGN_OBJECTS, TRUSTED_OWNERS

_SAVEPOINT = re.compile(r'(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT) "?s[0-9a-f]{32}"?;?')
_TRANSACTION = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK)( (TRANSACTION )?ISOLATION LEVEL"
    r" (READ COMMITTED|REPEATABLE READ|SERIALIZABLE))?;?"
)

_PREPARED = re.compile(r'^(PREPARE "triosigno_\w+" AS |EXECUTE "triosigno_\w+")')
_DEALLOCATED = re.compile(r'DEALLOCATE "triosigno_\w+"')
_SETTINGS = re.compile(r"SELECT (pg_catalog\.set_config\('\w+', '[\w .,+/:-]*', false\)(, )?)+")
_LOCK = re.compile(r'LOCK TABLE ("\w+"\."\w+"(, )?)+ IN [A-Z ]+ MODE')


def record_texts(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect every text that a cursor of the library's connections is given from now on."""
    texts: set[str] = set()

    class Recorder(psycopg2.extensions.cursor):
        def execute(self, query: Any, variables: Any = None) -> None:
            texts.add(query)
            super().execute(query, variables)

    def cursor(connection: Any, *arguments: Any, **options: Any) -> Any:
        options.setdefault("cursor_factory", Recorder)
        return psycopg2.extensions.connection.cursor(connection, *arguments, **options)

    monkeypatch.setattr(Connection, "cursor", cursor)
    return texts


def compiled_statements() -> list[Statement]:
    """Find the library's statements that have been compiled in this process."""
    made = [each for each in gc.get_objects() if type(each) is Statement and each._compiled]
    return [each for each in made if each._build.__module__.startswith("triosigno_db.")]


_KINDS = (_SAVEPOINT, _TRANSACTION, _LOCK, _DEALLOCATED, _SETTINGS)


def unexplained(texts: set[str]) -> list[str]:
    """List the texts that are no compiled statement, no constant of the code, no transaction's."""
    known = {
        text
        for statement in compiled_statements()
        for compiled in statement._compiled.values()
        for text in compiled
        if isinstance(text, str)
    }
    known |= _constants()
    texts = {_PREPARED.sub("", text, count=1) for text in texts}
    return [
        text for text in sorted(texts - known) if not any(each.fullmatch(text) for each in _KINDS)
    ]


def words_chosen(statement: Statement) -> set[str]:
    """List the words by which a statement was chosen; the rest are things of the code itself."""
    return {*_words(statement._choices)}


def _words(choice: Any) -> Iterator[str]:
    if isinstance(choice, Offsets):
        return  # of a time zone, whose name was looked up
    if isinstance(choice, tuple):
        for each in choice:
            yield from _words(each)
    elif isinstance(choice, str):
        yield str(choice)
    elif choice is not None and not isinstance(choice, bool | type):
        assert any(choice is each for each in _globals()), f"{choice!r} chose a statement"


def _constants() -> set[str]:
    """List the texts in the code, and those that a module has made of them when it was loaded."""
    nodes = (
        node
        for path in Path(triosigno_db.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )
    written = {node.value for node in nodes if isinstance(node, ast.Constant)}
    owners = (FOREIGN_OBJECTS.format(expected=each) for each in (TRUSTED_OWNERS, EXPECTED_OWNERS))
    made = (schema.to_sql(), fold_script(), keys_script(), *owners)
    return {each for each in (*written, *_globals(), *made) if isinstance(each, str)}


def _globals() -> list[Any]:
    modules = [each for name, each in sys.modules.items() if name.startswith("triosigno_db")]
    return [value for module in modules for value in vars(module).values()]
