"""The studio's Flask application: access control, the database banner and transactions."""

import ipaddress
import secrets
from contextlib import ExitStack
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, session
from flask_admin import Admin, AdminIndexView
from flask_admin.theme import Bootstrap4Theme
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as BaseResponse

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import all_models
from triosigno_db.settings import Settings
from triosigno_db.studio.parameters import check_parameters
from triosigno_db.studio.views import TableView

Page = tuple[str, int]


class _RequestEndedError(Exception):
    """Rolls back the transaction of a read-only request."""


_HOSTS = ["127.0.0.1", "localhost"]
_READ_METHODS = ("GET", "HEAD")
_STATUS = {
    db.InvalidInputError: 400,
    db.ReadOnlyError: 403,
    db.NotFoundError: 404,
    db.AlreadyExistsError: 409,
    db.ConflictError: 409,
    db.InUseError: 409,
}
"""The HTTP status of the errors that the request is to blame for."""


def create_studio(token: str, *, write: bool = False) -> Flask:
    """Create the application for the connected database.

    Args:
        token: The token that a browser must send once, as `?token=...`, to get access.
        write: Whether rows may be created, changed and deleted. Otherwise each request runs in a
            read-only transaction.

    Returns:
        The application. Serve it on 127.0.0.1 only.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),
        SESSION_COOKIE_NAME="triosigno_studio",
        SESSION_COOKIE_SAMESITE="Strict",
        # Protects against DNS rebinding.
        TRUSTED_HOSTS=_HOSTS,
    )
    settings = current_database().settings
    app.context_processor(lambda: {"studio": _describe(settings, write=write)})
    app.before_request(lambda: _authenticate(token))
    app.before_request(check_parameters)
    app.before_request(lambda: _begin(write=write))
    app.teardown_request(_end)
    app.after_request(_forbid_framing)
    app.register_error_handler(db.TrioSignoDBError, _show_error)
    app.register_error_handler(HTTPException, _show_refusal)
    admin = Admin(
        app,
        name="TrioSigno",
        url="/",
        theme=Bootstrap4Theme(base_template="studio/base.html", fluid=True),
        index_view=AdminIndexView(name="Tables", url="/", template="studio/tables.html"),
    )
    for model in all_models():
        admin.add_view(TableView(model, may_write=write))
    return app


def _describe(settings: Settings, *, write: bool) -> dict[str, Any]:
    return {
        "address": settings.address,
        "database": settings.database,
        "user": settings.user,
        "is_local": is_local(settings),
        "may_write": write,
    }


def is_local(settings: Settings) -> bool:
    """Return whether a database server runs on this machine.

    Args:
        settings: The settings of the connection.

    Returns:
        `True` if all hosts are loopback addresses, `localhost` or sockets.
    """
    return all(_is_this_machine(host) for host, _ in settings.hosts)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _authenticate(token: str) -> BaseResponse | Page | None:
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    shown = request.args.get("token")
    if shown is not None and secrets.compare_digest(shown.encode(), token.encode()):
        session["is_authenticated"] = True
        # Keep the token out of the address, and so out of histories and screenshots.
        return redirect("/")
    if session.get("is_authenticated"):
        return None
    return render_template(
        "studio/message.html", text="Open the address that the command printed."
    ), 401


def _begin(*, write: bool) -> Page | None:
    if request.method not in _READ_METHODS and not write:
        text = "The studio is read-only: start it with --write to change rows."
        return render_template("studio/message.html", text=text), 403
    if request.endpoint and request.endpoint.endswith("static"):
        return None
    g.held = ExitStack()
    g.held.enter_context(db.connection())
    if not write:
        g.held.enter_context(db.transaction())
        run_sql("SET TRANSACTION READ ONLY")
    return None


def _end(_: BaseException | None) -> None:
    held: ExitStack | None = g.pop("held", None)
    if held is not None:
        # A read-only transaction is rolled back, also if a statement failed.
        ended = _RequestEndedError()
        held.__exit__(type(ended), ended, None)


def _forbid_framing(response: Response) -> Response:
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _show_error(error: db.TrioSignoDBError) -> Page:
    status = next((each for kind, each in _STATUS.items() if isinstance(error, kind)), 500)
    return render_template("studio/message.html", text=f"{type(error).__name__}: {error}"), status


def _show_refusal(error: HTTPException) -> Page:
    text = error.description or str(error)
    return render_template("studio/message.html", text=text), error.code or 500
