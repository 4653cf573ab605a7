"""Iteration: the records of all pages of a list."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ParamSpec

from typing_extensions import TypeVar

from triosigno_db.errors import InvalidInputError
from triosigno_db.records import Page, Record
from triosigno_db.repositories.pages import MAX_ROWS

Parameters = ParamSpec("Parameters")
# Without the default, mypy would infer `Never` from a function that is called without a shape.
RecordT = TypeVar("RecordT", bound=Record, default=Any)


def iterate(
    function: Callable[Parameters, Page[RecordT]],
    /,
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Iterator[RecordT]:
    """Iterate over the records of all pages of a list, as in `iterate(list_users, role=role)`.

    A page is read when its first record is needed. Between pages no connection is held, and other
    calls may change the list; a record that exists throughout is returned once.

    Args:
        function: A function that returns a `Page`, such as `list_users`.
        *args: Its positional arguments.
        **kwargs: Its keyword arguments. `limit` is the number of records per page, by default 200;
            `cursor` is where to start.

    Returns:
        A generator of the records.

    Raises:
        InvalidInputError: `function` does not return pages; nothing was sent. While iterating: as
            for the function.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return _records(function, args, first_page_arguments("function", function, args, kwargs))


def _records(
    function: Callable[..., Page[RecordT]], args: Sequence[Any], keywords: dict[str, Any]
) -> Iterator[RecordT]:
    while True:
        page = function(*args, **keywords)
        yield from page
        if page.next_cursor is None:
            return
        keywords = {**keywords, "cursor": page.next_cursor}


def first_page_arguments(
    field: str,
    function: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    *,
    is_coroutine: bool = False,
) -> dict[str, Any]:
    """Check a function that is called for each page, and its arguments.

    Args:
        field: The argument's name.
        function: The function.
        args: Its positional arguments.
        keywords: Its keyword arguments.
        is_coroutine: Whether it must be a coroutine function; otherwise it must not.

    Returns:
        The keyword arguments for the first page.

    Raises:
        InvalidInputError: The function does not return pages.
        TypeError: The function does not take the arguments.
    """
    kind = "a coroutine function" if is_coroutine else "a function"
    try:
        signature = inspect.signature(function, eval_str=True)
    except (TypeError, ValueError, NameError):
        signature = inspect.Signature()
    returned = signature.return_annotation
    is_page = isinstance(returned, type) and issubclass(returned, Page)
    takes_cursor = {"limit", "cursor"} <= signature.parameters.keys()
    if not (is_page and takes_cursor) or inspect.iscoroutinefunction(function) != is_coroutine:
        raise InvalidInputError(field, f"must be {kind} that returns a Page, such as list_users")
    given = {"limit": MAX_ROWS, **keywords}
    signature.bind(*args, **given)
    return given
