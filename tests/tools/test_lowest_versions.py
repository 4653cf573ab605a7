"""The lowest versions that are declared, as pins."""

from typing import Any

import pytest

from tools.lowest_versions import (
    UnboundedError,
    lowest_versions,
    main,
    oldest_python,
    read_project,
)

SHOP: dict[str, Any] = {
    "name": "shop",
    "requires-python": ">=3.11",
    "dependencies": [
        "Driver_Binary>=2.9.10; python_version < '3.14'",
        "driver-binary>=2.9.11; python_version >= '3.14'",
        "framework[sql]>=1.5,<2",
    ],
    "optional-dependencies": {
        "web": ["shop[cache]", "server>=3"],
        "cache": ["store>=4"],
        "dev": ["shop[web]", "framework>=1.6", "server<3.5"],
    },
}


def test_each_package_is_pinned_to_its_lower_bound() -> None:
    assert lowest_versions(SHOP, []) == ["driver-binary==2.9.10", "framework==1.5"]
    assert lowest_versions(SHOP, ["web"])[2:] == ["server==3"]


def test_of_several_bounds_the_highest_counts() -> None:
    assert "framework==1.6" in lowest_versions(SHOP)
    assert "server==3" in lowest_versions(SHOP)


def test_the_markers_are_those_of_the_oldest_python_or_another() -> None:
    assert oldest_python(SHOP) == "3.11"
    assert "driver-binary==2.9.11" in lowest_versions(SHOP, [], "3.14")


def test_a_dependency_without_a_lower_bound_is_named() -> None:
    with pytest.raises(UnboundedError, match="lamp, rug"):
        lowest_versions(SHOP | {"dependencies": ["rug", "lamp<2"]}, [])


def test_every_dependency_of_this_project_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    pins = capsys.readouterr().out.split()
    assert pins == lowest_versions(read_project())
    assert {"peewee", "pytest", "flask"} <= {pin.partition("==")[0] for pin in pins}


def test_the_driver_is_one_with_wheels_for_each_python() -> None:
    for python, driver in (
        ("3.11", "psycopg2-binary==2.9.10"),
        ("3.14", "psycopg2-binary==2.9.11"),
    ):
        assert driver in lowest_versions(read_project(), [], python)
