"""Writes the types of the coroutines, `aio/__init__.pyi`: `python -m tests.typing.aio_stub`.

A checker loses a type variable's default where a signature passes through a decorator, and would
call `await get_user(...)` a `Never`: the stub says each signature in full. It is written from the
synchronous functions, and a test holds it to them.
"""

import ast
import builtins
import inspect
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import FunctionType

import triosigno_db as db
from tests.processes import run_process
from triosigno_db import aio

STUB = Path(aio.__file__).with_suffix(".pyi")


def stub() -> str:
    """Write the stub."""
    imports: dict[str, set[str]] = defaultdict(set)
    signatures = []
    for name in db.__all__:
        function = getattr(db, name)
        if getattr(aio, name) is function:
            imports["triosigno_db"].add(name)
        elif getattr(aio, name).__module__ == "triosigno_db.aio.scopes":
            imports["triosigno_db.aio.scopes"].add(name)
        else:
            signature = _signature(function)
            signatures.append(ast.unparse(signature))
            for used in _names(signature):
                imports[_home(function.__module__, used)].add(used)
    lines = [f"from {module} import {', '.join(names)}" for module, names in imports.items()]
    return _formatted("\n".join([*lines, f"__all__ = {db.__all__!r}", *signatures]) + "\n")


def _signature(function: FunctionType) -> ast.AsyncFunctionDef:
    (found,) = (
        node
        for node in _tree(function.__module__).body
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__
    )
    arguments = found.args
    arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
    arguments.kw_defaults = [each and ast.Constant(...) for each in arguments.kw_defaults]
    body: list[ast.stmt] = [ast.Expr(ast.Constant(...))]
    made = ast.AsyncFunctionDef(found.name, arguments, body, [], found.returns)
    return ast.fix_missing_locations(made)


def _names(node: ast.AST) -> set[str]:
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names - set(dir(builtins))


def _tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


def _home(module: str, name: str) -> str:
    """Find out where a module has a name from."""
    if name in db.__all__:
        return "triosigno_db"
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names}:
            return node.module or ""
    return module


def _formatted(text: str) -> str:
    for command in (("check", "--select=I", "--fix-only"), ("format",)):
        ended = run_process(
            [sys.executable, "-m", "ruff", *command, "--quiet", f"--stdin-filename={STUB}", "-"],
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        text = ended.stdout
    return text


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
