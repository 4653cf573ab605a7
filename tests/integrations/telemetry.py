"""What reached the SDK of OpenTelemetry: its own exporter and reader."""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from triosigno_db.integrations.opentelemetry import instrument

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
