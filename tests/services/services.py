"""The same small service in both frameworks, and a client that speaks to either."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import flask
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

import triosigno_db as db
from triosigno_db import aio
from triosigno_db.aio.calls import coroutine
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.integrations.fastapi import ConnectionPerRequest, handle_errors, lifespan
from triosigno_db.integrations.flask import TrioSignoDB, json_response


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str
    body: Any


class Client:
    """Speaks to a service of either framework."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, method: str, path: str, json: Any = None) -> Answer:
        answer = (
            self._client.open(path, method=method, json=json)
            if self._is_flask
            else (self._client.request(method, path, json=json))
        )
        text = answer.get_data(as_text=True) if self._is_flask else answer.text
        headers = {name.lower(): value for name, value in answer.headers.items()}
        body = answer.get_json(force=True, silent=True) if self._is_flask else answer.json()
        return Answer(answer.status_code, headers, text, body)

    @property
    def _is_flask(self) -> bool:
        return hasattr(self._client, "open")


class Login(BaseModel):
    email: str
    password: str


@contextmanager
def fastapi_service(url: str, **options: Any) -> Iterator[Client]:
    app = FastAPI(lifespan=lifespan(url, password_cost=4, **options))
    handle_errors(app)
    run = coroutine(run_sql)

    @app.get("/modules/{module_id}", dependencies=[ConnectionPerRequest])
    async def read_module(module_id: str) -> aio.ModuleTree:
        return await aio.get_module_tree(module_id)

    @app.post("/users", status_code=201)
    async def sign_up(user: aio.SignUp) -> aio.UserWithPreferences:
        return await aio.create_user(user)

    @app.post("/login")
    async def log_in(login: Login) -> aio.UserRecord:
        return await aio.authenticate(login.email, login.password)

    @app.delete("/categories/{category_id}", status_code=204)
    async def delete_category(category_id: str) -> None:
        await aio.delete_category(category_id)

    @app.post("/sessions/{session_id}/end")
    async def end_session(session_id: str) -> aio.SessionRecord:
        return await aio.abandon_session(session_id)

    @app.get("/slow")
    async def wait() -> None:
        async with aio.transaction():
            await run("SET LOCAL statement_timeout = 20")
            await run("SELECT pg_sleep(10)")

    @app.get("/sync/{user_id}")
    def read_user(user_id: str) -> aio.UserRecord:
        return db.get_user(user_id)

    @app.get("/held", dependencies=[ConnectionPerRequest])
    async def held() -> list[int]:
        first = (await run("SELECT pg_backend_pid()"))[0][0]
        return [first, (await run("SELECT pg_backend_pid()"))[0][0], in_use()]

    @app.get("/health")
    async def health() -> int:
        return in_use()

    @app.get("/broken")
    async def broken() -> None:
        await run("SELECT * FROM no_such_table")

    with TestClient(app, raise_server_exceptions=False) as client:
        yield Client(client)


@contextmanager
def flask_service(url: str, **options: Any) -> Iterator[Client]:
    app = flask.Flask(__name__)
    app.config["TRIOSIGNO_DB_URL"] = url
    database = TrioSignoDB(password_cost=4, **options)
    database.init_app(app)

    @app.get("/modules/<module_id>")
    def read_module(module_id: str) -> flask.Response:
        return json_response(db.get_module_tree(module_id))

    @app.post("/users")
    def sign_up() -> flask.Response:
        return json_response(db.create_user(db.SignUp(**flask.request.get_json())), 201)

    @app.post("/login")
    def log_in() -> flask.Response:
        login = flask.request.get_json()
        return json_response(db.authenticate(login["email"], login["password"]))

    @app.delete("/categories/<category_id>")
    def delete_category(category_id: str) -> tuple[str, int]:
        db.delete_category(category_id)
        return "", 204

    @app.post("/sessions/<session_id>/end")
    def end_session(session_id: str) -> flask.Response:
        return json_response(db.abandon_session(session_id))

    @app.get("/slow")
    def wait() -> str:
        with db.transaction():
            run_sql("SET LOCAL statement_timeout = 20")
            run_sql("SELECT pg_sleep(10)")
        return ""

    @app.get("/held")
    def held() -> list[int]:
        first = run_sql("SELECT pg_backend_pid()")[0][0]
        return [first, run_sql("SELECT pg_backend_pid()")[0][0], in_use()]

    @app.get("/health")
    @database.exempt
    def health() -> str:
        return str(in_use())

    @app.get("/broken")
    def broken() -> str:
        run_sql("SELECT * FROM no_such_table")
        return ""

    try:
        yield Client(app.test_client())
    finally:
        db.disconnect()


def in_use() -> int:
    return current_database().pool.get_status().in_use
