"""Spans and metrics of statements, seen by the SDK's own exporter and reader."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import db_attributes as unstable
from opentelemetry.semconv._incubating.metrics import db_metrics as unstable_metrics
from opentelemetry.semconv.attributes import db_attributes, error_attributes, server_attributes
from opentelemetry.semconv.metrics import db_metrics
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanKind, StatusCode

import triosigno_db as db
from tests.content import make_category, make_user
from triosigno_db import aio
from triosigno_db.database import current_database, run_sql
from triosigno_db.integrations import opentelemetry as integration
from triosigno_db.integrations.opentelemetry import instrument
from triosigno_db.models import Sign, SignCategory

SECRET = "a-value-that-nobody-sees"
NO_ATTRIBUTES: Mapping[str, Any] = {}


class Telemetry:
    """Providers of a test's own, and what reached them."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meter_provider = MeterProvider([self._reader])
        self.tracer = self.tracer_provider.get_tracer("the service's own")

    def instrument(self) -> Callable[[], None]:
        return instrument(self.tracer_provider, self.meter_provider)

    def forget(self) -> None:
        self._spans.clear()

    def close(self) -> None:
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    @property
    def metrics(self) -> dict[str, Metric]:
        data = self._reader.get_metrics_data()
        return {
            metric.name: metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    @property
    def shown(self) -> str:
        """All that the spans and metrics tell, as text."""
        return "\n".join([*(span.to_json() for span in self.spans), repr(self.metrics)])


def points(metric: Metric) -> list[Any]:
    return list(metric.data.data_points)


def attributes_of(point: ReadableSpan | Any) -> dict[str, Any]:
    return dict(point.attributes or NO_ATTRIBUTES)


@pytest.fixture
def telemetry(database: str) -> Iterator[Telemetry]:
    """What is told of the statements since the test began."""
    telemetry = Telemetry()
    telemetry.instrument()
    yield telemetry
    # A test may have ended it and begun anew: this ends what is in effect.
    telemetry.instrument()()
    telemetry.close()


# -- spans -------------------------------------------------------------------------------------


def test_a_statement_of_the_library_is_a_span_under_its_name(
    database: str, telemetry: Telemetry
) -> None:
    user = make_user()
    telemetry.forget()
    before = time.time_ns()
    db.get_user(user.id)
    (span,) = telemetry.spans
    assert (span.name, span.kind) == ("row_by_id_User", SpanKind.CLIENT)
    address = urlsplit(database)
    name = address.path.removeprefix("/")
    assert attributes_of(span) == {
        "db.system.name": "postgresql",
        "db.namespace": f"{name}|public",
        "db.query.summary": "row_by_id_User",
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
        "new_row_SignCategory",
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
        current_database().connection().give_up()
        run_sql(f"SELECT '{SECRET}'")
    lost, *_ = telemetry.spans
    assert attributes_of(lost)["error.type"] == "psycopg2.OperationalError"
    assert "db.response.status_code" not in attributes_of(lost)
    assert lost.status.description == "OperationalError"
    assert SECRET not in telemetry.shown


def test_neither_password_nor_hash_is_shown(database: str, telemetry: Telemetry) -> None:
    password = urlsplit(database).password
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
        assert children.pop(f"request {number}") == ["user_by_email", "BEGIN", "COMMIT"]
        assert children.pop(f"inside {number}") == ["user_by_username"]
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


def test_the_pool_is_counted(url: str, telemetry: Telemetry) -> None:
    db.connect(url, connection_limit=1)
    waiter = threading.Thread(target=make_category)
    with db.connection():
        waiter.start()
        while db.pool_status().waiting == 0:
            assert waiter.is_alive()
        busy = telemetry.metrics
    waiter.join()
    free = telemetry.metrics
    address = urlsplit(url)
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


# -- beginning and ending ----------------------------------------------------------------------


def test_to_begin_twice_doubles_nothing(telemetry: Telemetry) -> None:
    stop = telemetry.instrument()
    assert stop == telemetry.instrument()
    make_category()
    assert telemetry.names == ["new_row_SignCategory"]
    (duration,) = points(telemetry.metrics["db.client.operation.duration"])
    assert duration.count == 1
    assert len(points(telemetry.metrics["db.client.connection.count"])) == 2
    stop()
    make_category()
    assert len(telemetry.spans) == 1


def test_what_has_ended_tells_nothing_and_may_begin_again(telemetry: Telemetry) -> None:
    end = telemetry.instrument()
    for _ in range(2):
        end()
        end()
        make_category()
        assert "db.client.connection.count" not in telemetry.metrics
        end = telemetry.instrument()
        make_category()
        assert points(telemetry.metrics["db.client.connection.max"])[0].value == 10
    assert len(telemetry.spans) == 2


def test_other_providers_take_the_place_of_the_first(telemetry: Telemetry) -> None:
    first_end = telemetry.instrument()
    other = Telemetry()
    stop = other.instrument()
    first_end()
    make_category()
    assert (telemetry.names, other.names) == ([], ["new_row_SignCategory"])
    assert telemetry.metrics == {}
    assert "db.client.connection.count" in other.metrics
    again = telemetry.instrument()
    stop()
    make_category()
    assert (len(telemetry.spans), len(other.spans)) == (1, 1)
    assert "db.client.connection.count" in telemetry.metrics
    assert "db.client.connection.count" not in other.metrics
    again()
    other.close()


PROCESS_S_OWN = """
import os
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import triosigno_db as db
from triosigno_db.integrations.opentelemetry import instrument

stop = instrument()
spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(spans))
metrics.set_meter_provider(MeterProvider([reader]))
db.connect(os.environ["DATABASE_URL"])

def shown():
    data = reader.get_metrics_data()
    scopes = data.resource_metrics[0].scope_metrics if data else ()
    names = [metric.name.removeprefix("db.client.") for each in scopes for metric in each.metrics]
    return [span.name for span in spans.get_finished_spans()], sorted(names)

db.count_users()
print(*shown())
stop()
assert shown()[1] == ["operation.duration"]
instrument(meter_provider=metrics.get_meter_provider())
print(*shown())
db.disconnect()
metrics.get_meter_provider().shutdown()
trace.get_tracer_provider().shutdown()
"""


def run(source: str, **variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_process_s_own_providers_may_be_set_later(url: str) -> None:
    measures = [f"connection.{name}" for name in ("count", "max", "pending_requests")]
    told = f"['user_count'] {[*measures, 'operation.duration']}"
    assert run(PROCESS_S_OWN, DATABASE_URL=url) == [told, told]


# -- the package and the conventions -----------------------------------------------------------


def test_the_library_itself_needs_no_opentelemetry() -> None:
    source = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import triosigno_db, triosigno_db.aio, triosigno_db.integrations\n"
        "try:\n"
        "    import triosigno_db.integrations.opentelemetry\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    assert run(source) == [
        "Spans and metrics need more than the library: pip install 'triosigno-db[opentelemetry]'"
    ]


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
    assert integration.SCHEMA_URL in {schema.value for schema in Schemas}
    postgresql = db_attributes.DbSystemNameValues.POSTGRESQL.value
    assert all(attributes_of(span)["db.system.name"] == postgresql for span in telemetry.spans)
