"""The library in a FastAPI service: its connection, a connection for each request, its errors.

from fastapi import FastAPI

from triosigno_db import aio as db
from triosigno_db.integrations.fastapi import ConnectionPerRequest, handle_errors, lifespan

app = FastAPI(lifespan=lifespan())
handle_errors(app)

@app.get("/modules/{module_id}", dependencies=[ConnectionPerRequest])
async def read_module(module_id: str) -> db.ModuleTree:
    return await db.get_module_tree(module_id)
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from triosigno_db import aio
from triosigno_db.errors import FieldError, TrioSignoDBError
from triosigno_db.integrations.problems import MEDIA_TYPE, Problem, invalid_request, problem_of


def lifespan(
    url: str | None = None, **options: Any
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Connect when the service starts, and disconnect when it stops.

    Args:
        url: As for `connect()`: without it the environment's `DATABASE_URL`, read when the service
            starts.
        **options: Attributes of `Settings`.

    Returns:
        What `FastAPI(lifespan=...)` takes.
    """

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        async with aio.connect(url, **options):
            yield

    return connected


async def hold_connection() -> AsyncIterator[None]:
    """Hold one pooled connection for all calls of a request; for endpoints that are `async def`.

    FastAPI runs a plain `def` endpoint in a thread of its own, where each call borrows one anyway.

    Yields:
        Nothing.

    Raises:
        PoolTimeoutError: No connection became free in time.
        DatabaseUnavailableError: The server can't be reached.
    """
    async with aio.connection():
        yield


ConnectionPerRequest = Depends(hold_connection)
"""`hold_connection` as a dependency of an endpoint, a router or the whole application."""


def handle_errors(app: FastAPI) -> None:
    """Answer the library's errors, and requests that FastAPI refuses, as `problem+json`.

    Neither kind shows a value that was sent: FastAPI's own answer would quote a refused password.

    Args:
        app: The application.
    """
    app.add_exception_handler(TrioSignoDBError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)


def _answer_error(_: Request, error: Exception) -> Response:
    return _response(problem_of(cast("TrioSignoDBError", error)))


def _answer_invalid_request(_: Request, error: Exception) -> Response:
    return _response(
        invalid_request(
            FieldError(
                ".".join(str(part) for part in each["loc"]),
                each["msg"].removeprefix("Value error, "),
            )
            for each in cast("RequestValidationError", error).errors()
        )
    )


def _response(problem: Problem) -> Response:
    return Response(
        problem.to_json(), problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE
    )
