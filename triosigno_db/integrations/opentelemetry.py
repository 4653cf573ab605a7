"""OpenTelemetry spans and metrics for the library's statements.

from triosigno_db.integrations.opentelemetry import instrument

instrument()  # once, when the service starts

Names and attributes follow the stable semantic conventions for database clients. The attribute
`db.response.returned_rows` and the pool metrics are still in development there.
https://opentelemetry.io/docs/specs/semconv/db/postgresql/
"""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg2

from triosigno_db import PoolStatus, StatementEvent, __version__, on_statement, pool_status
from triosigno_db.database.lifecycle import current_database
from triosigno_db.errors import NotConnectedError
from triosigno_db.integrations.query_text import Query, describe

try:
    from opentelemetry.metrics import (
        CallbackOptions,
        MeterProvider,
        Observation,
        get_meter,
        get_meter_provider,
    )
    from opentelemetry.trace import (
        SpanKind,
        Status,
        StatusCode,
        TracerProvider,
        get_tracer,
        set_span_in_context,
    )
except ModuleNotFoundError as exc:
    if not (exc.name or "").startswith("opentelemetry"):
        raise
    raise ModuleNotFoundError(
        "Spans and metrics need an extra: run pip install 'triosigno-db[opentelemetry]'",
        name=exc.name,
    ) from exc

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
"""The version of the conventions that define the names and attributes."""

DURATION_BOUNDARIES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
"""The bucket boundaries in seconds, as the conventions recommend."""

_SCOPE = "triosigno_db"

Attributes = dict[str, str | int]


def instrument(
    tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Callable[[], None]:
    """Record a span and metrics for each statement that this process sends.

    A span is a child of the span that is current where the library is called, also through
    `triosigno_db.aio`. A statement that is retried has a span for each attempt. Spans contain no
    parameter values, and no messages of the server, because those may quote values.

    A second call has no effect. A call with other providers replaces the earlier call.

    Args:
        tracer_provider: Creates the spans. The default is the global provider, which may be set
            later.
        meter_provider: Receives the metrics. The default is the global provider, which may be set
            later.

    Returns:
        A function without arguments that stops the instrumentation.
    """
    with _changing:
        for current in _in_effect:
            if current.uses_providers(tracer_provider, meter_provider):
                return current.end
        _end_all()
        instrumentation = _Instrumentation(tracer_provider, meter_provider)
        _in_effect.append(instrumentation)
        _watch_pool(meter_provider)
        return instrumentation.end


class _Instrumentation:
    """Records statements for the providers of one `instrument()` call."""

    def __init__(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None
    ) -> None:
        self._tracer_provider = tracer_provider
        self.meter_provider = meter_provider
        self._tracer = get_tracer(_SCOPE, __version__, tracer_provider, SCHEMA_URL)
        meter = get_meter(_SCOPE, __version__, meter_provider, SCHEMA_URL)
        self._duration = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of database client operations.",
            explicit_bucket_boundaries_advisory=DURATION_BOUNDARIES,
        )
        self.stop = on_statement(self._record)

    def uses_providers(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None
    ) -> bool:
        """Return whether this instrumentation uses these providers."""
        return self._tracer_provider is tracer_provider and self.meter_provider is meter_provider

    def end(self) -> None:
        """Stop recording."""
        with _changing:
            if self in _in_effect:
                _end_all()

    def _record(self, event: StatementEvent) -> None:
        ended = time.time_ns()
        query = describe(event.name)
        attributes = _attributes_of(event, query)
        span = self._tracer.start_span(
            query.summary or "postgresql",
            kind=SpanKind.CLIENT,
            attributes=attributes | _details_of(event, query),
            start_time=ended - round(event.duration * 1e9),
        )
        if event.error is not None:
            span.set_status(Status(StatusCode.ERROR, type(event.error).__name__))
        span.end(ended)
        self._duration.record(event.duration, attributes, set_span_in_context(span))


_in_effect: list[_Instrumentation] = []
"""The instrumentation that `instrument()` started and that is not stopped yet: at most one."""

_changing = threading.Lock()


def _end_all() -> None:
    for each in _in_effect:
        each.stop()
    _in_effect.clear()


def _attributes_of(event: StatementEvent, query: Query) -> Attributes:
    """Build the attributes that spans and metrics share, of low cardinality."""
    attributes: Attributes = {
        "db.system.name": "postgresql",
        "db.namespace": _namespace(event.database),
        "server.address": event.host,
        "server.port": event.port,
    }
    if query.summary:
        attributes["db.query.summary"] = query.summary
    if query.operation is not None:
        attributes["db.operation.name"] = query.operation
    if event.error is not None:
        attributes |= _failure(event.error)
    return attributes


def _details_of(event: StatementEvent, query: Query) -> Attributes:
    details: Attributes = {}
    if query.text is not None:
        details["db.query.text"] = query.text
    if event.error is None:
        details["db.response.returned_rows"] = event.rows
    return details


def _failure(error: BaseException) -> Attributes:
    sqlstate = error.pgcode if isinstance(error, psycopg2.Error) else None
    if sqlstate is None:
        # The server sent no SQLSTATE: the connection was lost, or the wait for the answer ended.
        return {"error.type": f"{type(error).__module__}.{type(error).__qualname__}"}
    return {"error.type": sqlstate, "db.response.status_code": sqlstate}


def _namespace(database: str) -> str:
    # The library's connections have this schema in their search path.
    try:
        settings = current_database().settings
    except NotConnectedError:
        return database
    return f"{database}|{settings.schema_name}" if settings.database == database else database


# -- the pool ----------------------------------------------------------------------------------


Counts = Iterator[tuple[int, Attributes]]


def _watch_pool(meter_provider: MeterProvider | None) -> None:
    # An instrument cannot be removed, and an existing one keeps its callback.
    key = _key_of(meter_provider)
    meter = get_meter(_SCOPE, __version__, meter_provider, SCHEMA_URL)
    meter.create_observable_up_down_counter(
        "db.client.connection.count",
        [_observing(key, _connections)],
        "{connection}",
        "The number of connections in each state.",
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.max",
        [_observing(key, _limit)],
        "{connection}",
        "The maximum number of open connections allowed.",
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.pending_requests",
        [_observing(key, _waiting)],
        "{request}",
        "The number of current pending requests for an open connection.",
    )


def _connections(status: PoolStatus) -> Counts:
    yield status.idle, {"db.client.connection.state": "idle"}
    yield status.in_use, {"db.client.connection.state": "used"}


def _limit(status: PoolStatus) -> Counts:
    yield status.limit, {}


def _waiting(status: PoolStatus) -> Counts:
    yield status.waiting, {}


def _observing(
    key: MeterProvider | None, count: Callable[[PoolStatus], Counts]
) -> Callable[[CallbackOptions], Iterator[Observation]]:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        if not any(_key_of(each.meter_provider) is key for each in _in_effect):
            return
        try:
            settings, status = current_database().settings, pool_status()
        except NotConnectedError:
            return
        name = f"{settings.address}/{_namespace(settings.database)}"
        for number, attributes in count(status):
            yield Observation(number, {"db.client.connection.pool.name": name, **attributes})

    return observe


def _key_of(meter_provider: MeterProvider | None) -> MeterProvider | None:
    """Return the provider, or `None` for the global one, which may not be set yet."""
    return None if meter_provider is get_meter_provider() else meter_provider
