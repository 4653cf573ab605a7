"""Context managers that end even if an exception comes just before they are left.

A signal handler, a time limit of a task queue or `PyThreadState_SetAsyncExc` may raise an exception
before the first instruction of an `__exit__` method. Python calls the method only once, so a block
of `contextlib.contextmanager` would then stay entered until the traceback is released.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from operator import methodcaller
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar
from weakref import ref

Parameters = ParamSpec("Parameters")
YieldT = TypeVar("YieldT")
ResultT = TypeVar("ResultT")


class _ExitMethod:
    """Gives each `with` statement an exit function of its own."""

    def __get__(self, instance: "Block[Any] | None", owner: type) -> Callable[..., bool | None]:
        # An `ExitStack` takes the method from the class.
        return Block.leave if instance is None else instance.make_exit()


class _Guard(ref[Any]):
    """A weak reference that calls its attribute `close` when its referent is gone."""

    __slots__ = ("close",)
    close: Callable[[], None]


class Block(Generic[YieldT]):
    """A context manager made of a generator function; it can also be used as a decorator.

    Args:
        make: Creates the generator.
    """

    def __init__(self, make: Callable[[], Iterator[YieldT]]) -> None:
        self._make = make
        self._generator: Any = make()
        self._manager = contextmanager(lambda: self._generator)()

    def __enter__(self) -> YieldT:
        """Run the generator up to its `yield`."""
        entered: YieldT = self._manager.__enter__()
        return entered

    def leave(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Run the rest of the generator.

        Args:
            kind: The class of the exception that leaves the block, if any.
            error: The exception.
            traceback: Its traceback.

        Returns:
            Whether the exception is suppressed.
        """
        return self._manager.__exit__(kind, error, traceback)

    def make_exit(self) -> Callable[..., bool | None]:
        """Make the exit function of one `with` statement.

        Only the interpreter refers to it, and only as long as the statement runs. Whichever way
        that ends, the generator is closed then, unless it has ended.

        Returns:
            The function.
        """
        leave = partial(self.leave)
        # An exception that came while a Python function is called back would be lost.
        self._guard = _Guard(leave, methodcaller("close"))
        self._guard.close = self._generator.close
        return leave

    if TYPE_CHECKING:

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> bool | None: ...

    else:
        __exit__ = _ExitMethod()

    def __call__(self, function: Callable[Parameters, ResultT]) -> Callable[Parameters, ResultT]:
        """Run each call of a function in a block of its own.

        Args:
            function: The function to decorate.

        Returns:
            The decorated function.
        """

        @wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResultT:
            with Block(self._make):
                return function(*args, **kwargs)

        return call


def block(function: Callable[Parameters, Iterator[YieldT]]) -> Callable[Parameters, Block[YieldT]]:
    """Make a function that returns a context manager from a generator function.

    It is used as `contextlib.contextmanager` is.

    Args:
        function: The generator function; it yields once.

    Returns:
        The function.
    """

    @wraps(function)
    def make(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Block[YieldT]:
        return Block(partial(function, *args, **kwargs))

    return make
