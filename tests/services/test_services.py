"""A service in FastAPI and in Flask, against a real database: what a client sees of the library."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.services.services import Answer, Client, fastapi_service, flask_service
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

Serve = Callable[..., AbstractContextManager[Client]]

PASSWORD = "mot de passe"


@pytest.fixture(params=[fastapi_service, flask_service], ids=["fastapi", "flask"])
def serve(request: pytest.FixtureRequest) -> Serve:
    return request.param


@pytest.fixture
def client(serve: Serve, triosigno_url: str) -> Iterator[Client]:
    with serve(triosigno_url) as client:
        yield client


def assert_problem(answer: Answer, status: int, **members: Any) -> None:
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert answer.body["type"] == "about:blank"
    assert answer.body["title"]
    assert answer.body["detail"]
    assert {name: answer.body[name] for name in members} == members
    for internal in ("psycopg", "SELECT", "relation", "_key", "Traceback", "$2b$", PASSWORD):
        assert internal not in answer.text


def test_a_record_is_what_prisma_would_send(client: Client) -> None:
    module = make_module(lessons=0)
    lesson = make_lesson(signs=0, module_id=module.id)
    db.add_sign_to_lesson(lesson.id, make_sign(name="Été").id)
    answer = client.send("GET", f"/modules/{module.id}")
    assert answer.status == 200
    assert answer.body == json.loads(db.get_module_tree(module.id).model_dump_json())
    assert answer.body["createdAt"].endswith("Z")


def test_an_account_is_made_once(client: Client) -> None:
    new = {"email": "a@b.org", "username": "a", "password": PASSWORD, "firstName": "Léa"}
    made = client.send("POST", "/users", new)
    assert (made.status, made.body["firstName"]) == (201, "Léa")
    assert "password" not in made.body
    again = client.send("POST", "/users", new)
    assert_problem(again, 409, entity="User", field="email")
    assert "a@b.org" not in again.text


def test_what_is_not_there_is_404(client: Client) -> None:
    assert_problem(client.send("GET", f"/modules/{uuid4()}"), 404, entity="Module")


def test_wrong_values_are_422_and_not_repeated(client: Client) -> None:
    answer = client.send("GET", f"/modules/{'x' * 256}")
    assert_problem(answer, 422)
    assert [error["field"] for error in answer.body["errors"]] == ["module_id"]
    wrong = {"email": "no address", "username": "", "password": PASSWORD * 9}
    answer = client.send("POST", "/users", wrong)
    assert_problem(answer, 422)
    fields = {error["field"].removeprefix("body.") for error in answer.body["errors"]}
    assert fields == {"email", "username", "password"}
    assert all(error["message"] for error in answer.body["errors"])
    assert "no address" not in answer.text


def test_a_wrong_password_is_401(client: Client) -> None:
    user = make_user(password=PASSWORD)
    right = client.send("POST", "/login", {"email": user.email, "password": PASSWORD})
    assert (right.status, right.body["id"]) == (200, user.id)
    wrong = client.send("POST", "/login", {"email": user.email, "password": "wrong"})
    assert_problem(wrong, 401)
    assert wrong.headers["www-authenticate"]
    nobody = client.send("POST", "/login", {"email": "x@b.org", "password": "wrong"})
    assert nobody.body == wrong.body
    db.deactivate_user(user.id)
    inactive = client.send("POST", "/login", {"email": user.email, "password": PASSWORD})
    assert_problem(inactive, 403)
    assert user.id not in inactive.text


def test_what_is_in_use_or_over_is_409(client: Client) -> None:
    category = make_category()
    make_sign(category_id=category.id)
    assert_problem(client.send("DELETE", f"/categories/{category.id}"), 409, uses={"Sign": 1})
    session = db.start_session(make_user().id, make_lesson(signs=0).id)
    assert client.send("POST", f"/sessions/{session.id}/end").status == 200
    assert_problem(client.send("POST", f"/sessions/{session.id}/end"), 409)


def test_a_query_that_takes_too_long_is_503(client: Client) -> None:
    answer = client.send("GET", "/slow")
    assert_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


def test_a_full_pool_is_503(serve: Serve, triosigno_url: str) -> None:
    with serve(triosigno_url, connection_limit=1, pool_timeout=0.1) as client:
        with ThreadPoolExecutor(1) as other_thread:
            held = db.connection()
            other_thread.submit(held.__enter__).result()
            answer = client.send("GET", f"/modules/{uuid4()}")
            other_thread.submit(held.__exit__, None, None, None).result()
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert_problem(client.send("GET", f"/modules/{uuid4()}"), 404)


def test_a_server_that_is_gone_is_503(
    serve: Serve, triosigno_server: DatabaseServer, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"gone_{uuid4().hex}"
    with serve(triosigno_server.create_database(name), connect_timeout=2) as client:
        triosigno_server.drop_database(name)
        with caplog.at_level(logging.ERROR, "triosigno_db"):
            assert_problem(client.send("GET", f"/modules/{uuid4()}"), 503)
    assert "DatabaseUnavailableError" in caplog.text


def test_whatever_else_is_500_and_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "triosigno_db"):
        answer = client.send("GET", "/broken")
    assert_problem(answer, 500)
    assert "no_such_table" not in answer.text
    assert "no_such_table" in caplog.text


def test_a_request_holds_one_connection_and_gives_it_back(client: Client) -> None:
    for _ in range(3):
        first, second, held = client.send("GET", "/held").body
        assert (first == second, held) == (True, 1)
        assert client.send("GET", "/health").body == 0
    client.send("GET", f"/modules/{uuid4()}")
    assert client.send("GET", "/health").body == 0


def test_a_plain_endpoint_of_fastapi_uses_the_same_database(triosigno_url: str) -> None:
    with fastapi_service(triosigno_url) as client:
        user = make_user()
        assert client.send("GET", f"/sync/{user.id}").body["email"] == user.email
        assert_problem(client.send("GET", f"/sync/{uuid4()}"), 404)


def test_the_service_disconnects_when_it_stops(triosigno_url: str) -> None:
    with fastapi_service(triosigno_url):
        assert db.count_users() == 0
    with pytest.raises(db.NotConnectedError):
        db.count_users()


def test_a_service_without_a_database_does_not_start(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(db.DatabaseUnavailableError), serve("postgresql://x@127.0.0.1:1/x"):
        pass
    with pytest.raises(db.InvalidInputError), serve(""):
        pass
