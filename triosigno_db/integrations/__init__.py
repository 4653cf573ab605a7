"""The library beside others: `fastapi`, `flask`, `opentelemetry`, each with the extra of its name."""
