"""The log of the library: a handler that fails does not fail the call, which may have written."""

import logging
import traceback
from contextlib import suppress

logger = logging.getLogger("triosigno_db")


def log(level: int, message: str, *values: object, exc_info: bool = False) -> None:
    """Log a message; print the exception of a handler or filter that raises one.

    Args:
        level: The level, such as `logging.WARNING`.
        message: The message, with `%s` for each value.
        *values: The values.
        exc_info: Whether to add the current exception.
    """
    try:
        logger.log(level, message, *values, exc_info=exc_info)
    except Exception:  # noqa: BLE001 (a handler of the service may raise anything)
        with suppress(OSError, ValueError, AttributeError):
            traceback.print_exc()
