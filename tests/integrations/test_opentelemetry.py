"""Spans and metrics of statements, seen by the SDK's own exporter and reader."""

import asyncio
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.sdk.metrics.export import Metric
from opentelemetry.semconv._incubating.attributes import db_attributes as unstable
from opentelemetry.semconv._incubating.metrics import db_metrics as unstable_metrics
from opentelemetry.semconv.attributes import db_attributes, error_attributes, server_attributes
from opentelemetry.semconv.metrics import db_metrics
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanKind, StatusCode
from packaging.version import Version

import triosigno_db as db
from tests.integrations.telemetry import Telemetry, attributes_of, points
from triosigno_db import aio
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.integrations import opentelemetry as integration
from triosigno_db.models import Sign, SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_user

SECRET = "a-value-that-nobody-sees"


# -- spans -------------------------------------------------------------------------------------


def test_a_statement_of_the_library_is_a_span_under_its_name(
    triosigno_db: IsolatedDatabase, telemetry: Telemetry
) -> None:
    user = make_user()
    telemetry.forget()
    before = time.time_ns()
    db.get_user(user.id)
    (span,) = telemetry.spans
    assert (span.name, span.kind) == ("select_row_User", SpanKind.CLIENT)
    address = urlsplit(triosigno_db.url)
    name = address.path.removeprefix("/")
    assert attributes_of(span) == {
        "db.system.name": "postgresql",
        "db.namespace": f"{name}|public",
        "db.query.summary": "select_row_User",
        "db.response.returned_rows": 1,
        "server.address": address.hostname,
        "server.port": address.port,
    }
    assert span.start_time is not None
    assert span.end_time is not None
    assert before <= span.start_time < span.end_time <= time.time_ns()
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "triosigno_db"
    assert span.instrumentation_scope.version == db.__version__


def test_a_model_s_statement_is_named_by_what_it_does_to_which_table(telemetry: Telemetry) -> None:
    category = make_category(name=SECRET)
    telemetry.forget()
    query = Sign.select(Sign.id).join(SignCategory).where(SignCategory.name == SECRET)
    assert query.count() == 0
    SignCategory.update(description=SECRET).where(SignCategory.id == category.id).execute()
    counted, updated = telemetry.spans
    assert counted.name == 'SELECT SELECT "public"."Sign" "public"."SignCategory"'
    assert updated.name == 'UPDATE "public"."SignCategory"'
    for span in (counted, updated):
        assert attributes_of(span)["db.query.summary"] == span.name
    text = attributes_of(updated)["db.query.text"]
    assert text.startswith('UPDATE "public"."SignCategory" SET "description" = %s')
    assert SECRET not in telemetry.shown


def test_a_transaction_is_told_by_its_commands(telemetry: Telemetry) -> None:
    with db.transaction():
        make_category()
        with pytest.raises(ZeroDivisionError), db.transaction():
            1 / 0  # noqa: B018
    assert telemetry.names == [
        "BEGIN",
        "insert_row_SignCategory",
        "SAVEPOINT",
        "ROLLBACK TO SAVEPOINT",
        "COMMIT",
    ]
    commands = [attributes_of(span).get("db.operation.name") for span in telemetry.spans]
    assert commands == ["BEGIN", None, "SAVEPOINT", "ROLLBACK TO SAVEPOINT", "COMMIT"]
    assert "db.query.text" not in telemetry.shown


def test_what_fails_is_told_by_its_sqlstate_and_without_its_message(telemetry: Telemetry) -> None:
    make_category(name=SECRET)
    telemetry.forget()
    with pytest.raises(db.AlreadyExistsError):
        make_category(name=SECRET)
    with pytest.raises(db.InvalidInputError):
        run_sql(f"SELECT '{SECRET}'::int")
    duplicate, refused = telemetry.spans
    for span, code, kind in (
        (duplicate, "23505", "UniqueViolation"),
        (refused, "22P02", "InvalidTextRepresentation"),
    ):
        attributes = attributes_of(span)
        assert attributes["error.type"] == attributes["db.response.status_code"] == code
        assert "db.response.returned_rows" not in attributes
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == kind
        assert span.events == ()
    assert attributes_of(refused)["db.query.text"] == "SELECT ?::int"
    assert SECRET not in telemetry.shown


def test_what_no_server_has_answered_is_told_by_its_class(telemetry: Telemetry) -> None:
    with pytest.raises(db.DatabaseUnavailableError), db.transaction():
        telemetry.forget()
        current_database().connection().abort()
        run_sql(f"SELECT '{SECRET}'")
    lost, *_ = telemetry.spans
    assert attributes_of(lost)["error.type"] == "psycopg2.OperationalError"
    assert "db.response.status_code" not in attributes_of(lost)
    assert lost.status.description == "OperationalError"
    assert SECRET not in telemetry.shown


def test_neither_password_nor_hash_is_shown(
    triosigno_db: IsolatedDatabase, telemetry: Telemetry
) -> None:
    password = urlsplit(triosigno_db.url).password
    assert password
    user = make_user(password=SECRET, email=f"{SECRET}@example.org")
    db.authenticate(user.email, SECRET)
    with pytest.raises(db.InvalidCredentialsError):
        db.authenticate(user.email, f"{SECRET}, but wrong")
    with pytest.raises(db.AlreadyExistsError):
        make_user(password=SECRET, email=user.email)
    assert telemetry.spans
    for secret in (SECRET, "$2b$", password, user.id):
        assert secret not in telemetry.shown


# -- parents -----------------------------------------------------------------------------------


def test_a_span_is_a_child_of_the_caller_s(telemetry: Telemetry) -> None:
    with telemetry.tracer.start_as_current_span("a request") as request:
        make_category()
    make_category()
    child, _, orphan = telemetry.spans
    assert child.parent == request.get_span_context()
    assert child.context is not None
    assert child.context.trace_id == request.get_span_context().trace_id
    assert orphan.parent is None


def test_coroutines_have_the_caller_s_span_for_a_parent_too(telemetry: Telemetry) -> None:
    async def serve(number: int) -> None:
        with telemetry.tracer.start_as_current_span(f"request {number}"):
            await aio.find_user_by_email(f"{number}@example.org")
            async with aio.transaction():
                with telemetry.tracer.start_as_current_span(f"inside {number}"):
                    await aio.find_user_by_username(f"{number}")

    async def serve_all() -> None:
        await asyncio.gather(*map(serve, range(9)))

    asyncio.run(serve_all())
    name_of = {span.context.span_id: span.name for span in telemetry.spans if span.context}
    children: dict[str, list[str]] = {}
    for span in telemetry.spans:
        if span.kind is SpanKind.CLIENT:
            assert span.parent is not None
            children.setdefault(name_of[span.parent.span_id], []).append(span.name)
    for number in range(9):
        assert children.pop(f"request {number}") == ["select_user_by_email", "BEGIN", "COMMIT"]
        assert children.pop(f"inside {number}") == ["select_user_by_username"]
    assert children == {}


# -- metrics -----------------------------------------------------------------------------------


def test_durations_are_counted_by_statement_and_failure(telemetry: Telemetry) -> None:
    make_category(name="a")
    make_category(name="b")
    with pytest.raises(db.AlreadyExistsError):
        make_category(name="a")
    metric = telemetry.metrics["db.client.operation.duration"]
    assert metric.unit == "s"
    measured = {point.attributes.get("error.type"): point for point in points(metric)}
    assert {kind: point.count for kind, point in measured.items()} == {None: 2, "23505": 1}
    boundaries = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
    assert all(point.explicit_bounds == boundaries for point in measured.values())
    spans = [span for span in telemetry.spans if span.status.status_code is StatusCode.UNSET]
    lengths = [span.end_time - span.start_time for span in spans]  # type: ignore[operator]
    assert measured[None].sum == pytest.approx(sum(lengths) / 1e9)
    examples = {example.span_id for point in measured.values() for example in point.exemplars}
    assert examples
    assert examples <= {span.context.span_id for span in telemetry.spans if span.context}
    assert "db.query.text" not in repr(metric)
    assert "db.response.returned_rows" not in repr(metric)


def test_the_pool_is_counted(triosigno_url: str, telemetry: Telemetry) -> None:
    db.connect(triosigno_url, connection_limit=1)
    waiter = threading.Thread(target=make_category)
    with db.connection():
        waiter.start()
        while db.pool_status().waiting == 0:
            assert waiter.is_alive()
        busy = telemetry.metrics
    waiter.join()
    free = telemetry.metrics
    address = urlsplit(triosigno_url)
    name = address.path.removeprefix("/")
    pool = {
        "db.client.connection.pool.name": f"{address.hostname}:{address.port}/{name}|public",
    }

    def counted(metrics: dict[str, Metric], name: str) -> list[tuple[int, dict[str, Any]]]:
        metric = metrics[f"db.client.connection.{name}"]
        assert metric.unit == ("{request}" if name == "pending_requests" else "{connection}")
        return [(point.value, attributes_of(point)) for point in points(metric)]

    idle = {**pool, "db.client.connection.state": "idle"}
    used = {**pool, "db.client.connection.state": "used"}
    assert counted(busy, "count") == [(0, idle), (1, used)]
    assert counted(free, "count") == [(1, idle), (0, used)]
    assert counted(busy, "max") == counted(free, "max") == [(1, pool)]
    assert counted(busy, "pending_requests") == [(1, pool)]
    assert counted(free, "pending_requests") == [(0, pool)]


def test_without_a_connection_nothing_is_counted(telemetry: Telemetry) -> None:
    db.disconnect()
    assert telemetry.metrics == {}


# -- the conventions ---------------------------------------------------------------------------


def test_names_are_those_of_the_conventions(telemetry: Telemetry) -> None:
    with db.transaction(), pytest.raises(db.QueryTimeoutError), db.transaction():
        run_sql("SET LOCAL statement_timeout = 1")
        run_sql("SELECT pg_sleep(10)")
    used = {key for span in telemetry.spans for key in attributes_of(span)}
    stable = (db_attributes, error_attributes, server_attributes)
    known = {value for module in stable for value in vars(module).values() if type(value) is str}
    assert used - known == {unstable.DB_RESPONSE_RETURNED_ROWS}
    assert set(telemetry.metrics) == {
        db_metrics.DB_CLIENT_OPERATION_DURATION,
        unstable_metrics.DB_CLIENT_CONNECTION_COUNT,
        unstable_metrics.DB_CLIENT_CONNECTION_MAX,
        unstable_metrics.DB_CLIENT_CONNECTION_PENDING_REQUESTS,
    }
    (count, *_) = points(telemetry.metrics[unstable_metrics.DB_CLIENT_CONNECTION_COUNT])
    assert set(attributes_of(count)) == {
        unstable.DB_CLIENT_CONNECTION_POOL_NAME,
        unstable.DB_CLIENT_CONNECTION_STATE,
    }
    postgresql = db_attributes.DbSystemNameValues.POSTGRESQL.value
    assert all(attributes_of(span)["db.system.name"] == postgresql for span in telemetry.spans)


def test_the_schema_is_one_of_the_conventions() -> None:
    """Older releases of the conventions, which have the same names, do not know it yet."""
    known = {Version(schema.value.rpartition("/")[2]): schema.value for schema in Schemas}
    ours = Version(integration.SCHEMA_URL.rpartition("/")[2])
    assert ours > max(known) or known[ours] == integration.SCHEMA_URL
