"""Flask integration: connect at startup, one connection for each request, error responses.

from flask import Flask

import triosigno_db as db
from triosigno_db.integrations.flask import TrioSignoDB, json_response

app = Flask(__name__)
database = TrioSignoDB(app)

@app.get("/modules/<module_id>")
def read_module(module_id: str):
    return json_response(db.get_module_tree(module_id))
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel

import triosigno_db as db
from triosigno_db.integrations.problems import MEDIA_TYPE, problem_of

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

_HELD = "_triosigno_db_connection"


class TrioSignoDB:
    """The extension: connects, uses one connection for each request, and answers errors.

    The URL is `url`, else `TRIOSIGNO_DB_URL` in the application's configuration, else the
    environment variable `DATABASE_URL`.

    Args:
        app: The application. If you omit it, call `init_app` later.
        url: As for `connect()`.
        **options: Attributes of `Settings`.
    """

    def __init__(self, app: Flask | None = None, *, url: str | None = None, **options: Any) -> None:
        self._url = url
        self._options = options
        self._exempt: set[Callable[..., Any]] = set()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Connect and register the extension with an application.

        A process that is forked later, as by gunicorn with `--preload`, starts with an empty pool.

        Args:
            app: The application.

        Raises:
            InvalidInputError: The URL is missing, or a part of it or an option is invalid.
            DatabaseUnavailableError: The server cannot be reached or rejects the login.
        """
        db.connect(self._url or app.config.get("TRIOSIGNO_DB_URL"), **self._options)
        app.extensions["triosigno_db"] = self
        app.before_request(self._hold_connection)
        app.teardown_request(_close_connection)
        app.register_error_handler(db.TrioSignoDBError, _answer_error)

    def exempt(self, view: ViewT) -> ViewT:
        """Check out no connection for a view that needs no database, such as a health check.

        Args:
            view: The view function.

        Returns:
            The same function.
        """
        self._exempt.add(view)
        return view

    def _hold_connection(self) -> None:
        view = current_app.view_functions.get(request.endpoint or "static")
        if request.endpoint == "static" or view is None or view in self._exempt:
            return
        held = ExitStack()
        held.enter_context(db.connection())
        setattr(g, _HELD, held)


def json_response(
    content: BaseModel, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Build a response from a record or a page, as the JSON that Prisma's client produces.

    Args:
        content: The record or page.
        status: The HTTP status.
        headers: Additional headers.

    Returns:
        The response.
    """
    text = content.model_dump_json(by_alias=True)
    return Response(text, status, headers, mimetype="application/json")


def _close_connection(_: BaseException | None) -> None:
    held: ExitStack | None = g.pop(_HELD, None)
    if held is None:
        return
    # The second call finishes what an exception from outside interrupts in the first.
    try:
        held.close()
    finally:
        held.close()


def _answer_error(error: db.TrioSignoDBError) -> Response:
    problem = problem_of(error)
    return Response(problem.to_json(), problem.status, dict(problem.headers), mimetype=MEDIA_TYPE)
