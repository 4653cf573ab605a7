"""The library in web frameworks: `fastapi` and `flask`, each with the extra of its name."""
