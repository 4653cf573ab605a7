"""Raises an exception just before a function's first instruction, as a signal handler may."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class InterruptionError(BaseException):
    """An exception from outside."""


@contextmanager
def interrupted_at(
    function: Callable[..., object], error: type[BaseException] = InterruptionError
) -> Iterator[None]:
    """Interrupt the first call of a function in the block.

    Args:
        function: The function or method.
        error: What is raised.

    Yields:
        Nothing.
    """

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is function.__code__:
            raise error

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
