"""A test kit for projects that use the library: databases, row factories, statement counter.

The fixtures are in `plugin`, which pytest loads whenever the package is installed, even without the
extra `testing`. For this reason the names below are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triosigno_db.testing import factories
    from triosigno_db.testing.counter import StatementCounter, counting_statements
    from triosigno_db.testing.databases import DatabaseServer
    from triosigno_db.testing.plugin import IsolatedDatabase
    from triosigno_db.testing.server import (
        ServerInstallation,
        ThrowawayPostgres,
        ThrowawayPostgresError,
        available_versions,
    )

__all__ = [
    "DatabaseServer",
    "IsolatedDatabase",
    "ServerInstallation",
    "StatementCounter",
    "ThrowawayPostgres",
    "ThrowawayPostgresError",
    "available_versions",
    "counting_statements",
    "factories",
]

_MODULE_OF = {
    "DatabaseServer": "databases",
    "IsolatedDatabase": "plugin",
    "StatementCounter": "counter",
    "counting_statements": "counter",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "factories":
        return import_module(f"{__name__}.factories")
    try:
        module = import_module(f"{__name__}.{_MODULE_OF.get(name, 'server')}")
    except ModuleNotFoundError as exc:
        if exc.name and exc.name.startswith("triosigno_db"):
            raise
        raise ModuleNotFoundError(
            f"The test kit needs {exc.name}: run pip install 'triosigno-db[testing]'", name=exc.name
        ) from exc
    return getattr(module, name)
