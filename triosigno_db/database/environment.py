"""Hide variables of the environment from libpq while it connects.

Most variables only give defaults, which the parameters of a connection replace. But libpq reads
PGSERVICE in any case, and refuses to connect if that names a service that it cannot find.
https://www.postgresql.org/docs/current/libpq-envars.html
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class _Hidden:
    value: str
    blocks: int = 0


# Reentrant: a signal handler may fork inside.
_lock = threading.RLock()
_hidden: dict[str, _Hidden] = {}


@contextmanager
def hidden_variables(names: Iterable[str]) -> Iterator[None]:
    """Hide variables during a block; with several threads, until the last one leaves its block.

    Args:
        names: The names of the variables; those that are not set are ignored.

    Yields:
        Nothing.
    """
    entered: list[_Hidden] = []
    try:
        with _lock:
            for name in names:
                if (value := os.environ.pop(name, None)) is not None:
                    _hidden.setdefault(name, _Hidden(value)).value = value
                if name in _hidden:
                    _hidden[name].blocks += 1
                    entered.append(_hidden[name])
        yield
    finally:
        with _lock:
            for variable in entered:
                variable.blocks -= 1
            _restore()


def _restore() -> None:
    for name in [name for name, variable in _hidden.items() if not variable.blocks]:
        # A value that was set in the meantime is kept.
        os.environ.setdefault(name, _hidden.pop(name).value)


def _restore_in_child() -> None:
    # The threads that were inside a block do not exist in the child.
    for variable in _hidden.values():
        variable.blocks = 0
    _restore()
    _lock.release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_restore_in_child
    )
