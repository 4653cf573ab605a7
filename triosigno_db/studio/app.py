"""The studio's application: who is let in, which database it says it shows, how a request reads."""

import ipaddress
import secrets
from contextlib import ExitStack
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, session
from flask_admin import Admin, AdminIndexView
from flask_admin.theme import Bootstrap4Theme
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response as BaseResponse

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import MODELS
from triosigno_db.settings import Settings
from triosigno_db.studio.views import TableView

Page = tuple[str, int]


class _RequestOverError(Exception):
    """Leaves the transaction of a request that only reads."""


_HOSTS = ["127.0.0.1", "localhost"]
_READING = ("GET", "HEAD")


def create_studio(token: str, *, write: bool = False) -> Flask:
    """Make the application over the database that is connected.

    Args:
        token: What a browser must show once, as `?token=...`, to be let in.
        write: Whether rows may be made, changed and deleted; else every request runs in a
            transaction that PostgreSQL itself keeps from writing.

    Returns:
        The application, to be served on 127.0.0.1 alone.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),
        SESSION_COOKIE_NAME="triosigno_studio",
        SESSION_COOKIE_SAMESITE="Strict",
        # Whoever makes a browser take another name for this address learns nothing.
        TRUSTED_HOSTS=_HOSTS,
    )
    settings = current_database().settings
    app.context_processor(lambda: {"studio": _describe(settings, write=write)})
    app.before_request(lambda: _let_in(token))
    app.before_request(lambda: _begin(write=write))
    app.teardown_request(_end)
    app.after_request(_forbid_framing)
    app.register_error_handler(db.TrioSignoDBError, _show_error)
    admin = Admin(
        app,
        name="TrioSigno",
        url="/",
        theme=Bootstrap4Theme(base_template="studio/base.html", fluid=True),
        index_view=AdminIndexView(name="Tables", url="/", template="studio/tables.html"),
    )
    for model in MODELS:
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
    """Tell whether a database server runs on this machine.

    Args:
        settings: How to reach it.

    Returns:
        `True` for loopback addresses, `localhost` and sockets; of several hosts all must be such.
    """
    return all(_is_this_machine(host) for host, _ in settings.hosts)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _let_in(token: str) -> BaseResponse | Page | None:
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    shown = request.args.get("token")
    if shown is not None and secrets.compare_digest(shown.encode(), token.encode()):
        session["is_let_in"] = True
        # The token does not stay in the address, where a history or a screenshot would keep it.
        return redirect("/")
    if session.get("is_let_in"):
        return None
    return render_template("studio/message.html", text="Open the address that was printed."), 401


def _begin(*, write: bool) -> Page | None:
    if request.method not in _READING and not write:
        text = "The studio is read-only: start it with --write."
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
        # What was only read is undone, not committed, also where a statement failed.
        over = _RequestOverError()
        held.__exit__(type(over), over, None)


def _forbid_framing(response: Response) -> Response:
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _show_error(error: db.TrioSignoDBError) -> Page:
    return render_template("studio/message.html", text=f"{type(error).__name__}: {error}"), 500
