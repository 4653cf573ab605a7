"""Print the lowest versions that pyproject.toml declares, as constraints for pip.

    python -m tools.lowest_versions             # of all that users and developers install
    python -m tools.lowest_versions fastapi     # of the core, and of some extras

The markers are those of the oldest Python that the project supports. `make lowest` installs these
versions and runs the tests on them.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]


class UnboundedError(Exception):
    """A dependency has no lowest version."""


def read_project(root: Path = ROOT) -> dict[str, Any]:
    """Read what pyproject.toml says of the project.

    Args:
        root: The folder of the file.

    Returns:
        The table `project`.
    """
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def oldest_python(project: Mapping[str, Any]) -> str:
    """Return the oldest Python that the project supports.

    Args:
        project: The table `project`.

    Returns:
        The version, such as `3.11`.
    """
    (version,) = re.findall(r">=([\d.]+)", project["requires-python"])
    return str(version)


def lowest_versions(
    project: Mapping[str, Any], extras: Iterable[str] | None = None, python: str | None = None
) -> list[str]:
    """Pin the dependencies to the lowest versions that are declared.

    Args:
        project: The table `project`.
        extras: The extras whose dependencies are pinned beside those of the core; all by default.
        python: The version of Python for which it is; the oldest supported one by default.

    Returns:
        One pin for each package, such as `flask==3.1`, in alphabetical order. Where several
        extras declare one, the highest of their bounds counts, as all of them are to hold.

    Raises:
        UnboundedError: A dependency has no lowest version.
    """
    declared = project["optional-dependencies"]
    wanted = [*project["dependencies"]]
    for extra in declared if extras is None else extras:
        wanted += declared[extra]
    bounds: dict[str, list[Version]] = {}
    for name, versions in _bounds(wanted, python or oldest_python(project)):
        if name != canonicalize_name(project["name"]):
            bounds.setdefault(name, []).extend(versions)
    unbounded = sorted(name for name, versions in bounds.items() if not versions)
    if unbounded:
        raise UnboundedError(f"These have no lowest version: {', '.join(unbounded)}")
    return [f"{name}=={max(versions)}" for name, versions in sorted(bounds.items())]


def _bounds(wanted: Iterable[str], python: str) -> Iterator[tuple[str, list[Version]]]:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    for each in map(Requirement, wanted):
        if each.marker is None or each.marker.evaluate(environment):
            lowest = [Version(one.version) for one in each.specifier if one.operator == ">="]
            yield canonicalize_name(each.name), lowest


def main(extras: Sequence[str] | None = None) -> int:
    """Print the constraints.

    Args:
        extras: The extras to pin; those of the command line by default, else all.

    Returns:
        The exit code.
    """
    chosen = list(sys.argv[1:] if extras is None else extras)
    print("\n".join(lowest_versions(read_project(), chosen or None)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
