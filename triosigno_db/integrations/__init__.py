"""Integrations with other libraries, each an extra: `fastapi`, `flask`, `opentelemetry`."""
