"""The library beside others, each with its extra: `fastapi`, `flask`, `opentelemetry`."""
