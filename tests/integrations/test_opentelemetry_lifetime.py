"""Spans and metrics begin when asked for, and end; the library itself needs no OpenTelemetry."""

import sys

from tests.integrations.telemetry import Telemetry, points
from tests.processes import run_process
from triosigno_db.testing.factories import make_category


def test_to_begin_twice_doubles_nothing(telemetry: Telemetry) -> None:
    stop = telemetry.instrument()
    assert stop == telemetry.instrument()
    make_category()
    assert telemetry.names == ["insert_row_SignCategory"]
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
    assert (telemetry.names, other.names) == ([], ["insert_row_SignCategory"])
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
    done = run_process(
        [sys.executable, "-W", "error", "-c", source],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_process_s_own_providers_may_be_set_later(triosigno_url: str) -> None:
    measures = [f"connection.{name}" for name in ("count", "max", "pending_requests")]
    told = f"['count_matching_users'] {[*measures, 'operation.duration']}"
    assert run(PROCESS_S_OWN, DATABASE_URL=triosigno_url) == [told, told]


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
        "Spans and metrics need an extra: run pip install 'triosigno-db[opentelemetry]'"
    ]
