"""The prepared statements of a connection: those that were used last, up to a limit."""

from collections import OrderedDict
from itertools import count
from typing import Any, Protocol

from triosigno_db.database.quoting import identifier


class Preparable(Protocol):
    """A statement that can be prepared."""

    def prepare_as(self, name: str) -> str: ...  # noqa: D102 (described in `CompiledStatement`)

    def execute_as(self, name: str) -> str: ...  # noqa: D102


class PreparedStatements:
    """The statements that are prepared on one connection.

    Each name is used once. If an exception from outside, such as that of a signal handler, comes
    between the answer of the server and the note of it, the statement is prepared again under
    another name; the first one stays unused until the connection is closed.
    """

    def __init__(self) -> None:
        self._names: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, key: str) -> bool:
        return key in self._names

    def prepare(self, cursor: Any, key: str, compiled: Preparable, limit: int) -> str:
        """Prepare a statement if it is not prepared yet, and deallocate the one used longest ago.

        Args:
            cursor: A cursor of the connection.
            key: What identifies the statement.
            compiled: The statement.
            limit: The maximum number of prepared statements, 1 or more.

        Returns:
            The SQL text that executes it.
        """
        known = self._names.get(key)
        if known is not None:
            self._names.move_to_end(key)
            return known[1]
        # The server cuts off a name after 63 bytes, so the number comes first.
        name = f"triosigno_{next(self._numbers)}_{key}"
        cursor.execute(compiled.prepare_as(name))
        self._names[key] = name, (text := compiled.execute_as(name))
        while len(self._names) > limit:
            _, (oldest, _) = self._names.popitem(last=False)
            cursor.execute(f"DEALLOCATE {identifier(oldest)}")
        return text
