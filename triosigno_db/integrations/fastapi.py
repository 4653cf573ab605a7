"""FastAPI integration: connect at startup, one connection for each request, error responses.

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
    """Connect when the service starts and disconnect when it stops.

    Args:
        url: As for `connect()`. The default is the environment variable `DATABASE_URL`, read when
            the service starts.
        **options: Attributes of `Settings`.

    Returns:
        A value for `FastAPI(lifespan=...)`.
    """

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        async with aio.connect(url, **options):
            yield

    return connected


async def hold_connection() -> AsyncIterator[None]:
    """Use one pooled connection for all calls in a request, for `async def` endpoints.

    FastAPI runs a `def` endpoint in another thread, where each call checks out its own connection.

    Yields:
        Nothing.

    Raises:
        PoolTimeoutError: No connection became available in time.
        DatabaseUnavailableError: The server cannot be reached.
    """
    async with aio.connection():
        yield


ConnectionPerRequest = Depends(hold_connection)
"""`hold_connection` as a dependency of an endpoint, a router or an application."""


def handle_errors(app: FastAPI) -> None:
    """Answer the library's errors and FastAPI's validation errors with `problem+json`.

    The responses contain no submitted values. FastAPI's default response would quote an invalid
    password.

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
