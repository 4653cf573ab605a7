"""Coroutine versions of the functions, with the same arguments, records and errors.

    from triosigno_db import aio as db

    async with db.connect():                            # once, reads DATABASE_URL
        tree = await db.get_module_tree(module_id)      # an immutable record

`on_statement`, `pool_stats` and `pool_status` send no statement and are not coroutines; `iterate`
is for `async for`. All other names are those of `triosigno_db`, so an asynchronous service needs to
import only this module. The names are derived when the module is imported; `__init__.pyi` declares
them for type checkers.
"""

from types import FunctionType
from typing import Any

import triosigno_db as _blocking
from triosigno_db.aio import calls as _calls
from triosigno_db.aio import scopes as _scopes

_SENDS_NOTHING = ("on_statement", "pool_stats", "pool_status")


def _asynchronous(name: str) -> Any:
    own = vars(_scopes).get(name)
    if isinstance(own, FunctionType) and own.__module__ == _scopes.__name__:
        return own
    value = getattr(_blocking, name)
    if isinstance(value, FunctionType) and name not in _SENDS_NOTHING:
        return _calls.coroutine(value)
    return value


__all__ = list(_blocking.__all__)
globals().update({name: _asynchronous(name) for name in __all__})
