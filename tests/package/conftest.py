"""The distributions, built once, and the index that serves them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.package.environments import Environment, simple_index
from tests.processes import run_process

MakeEnvironment = Callable[[str], Environment]


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheel and the sdist; the wheel is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    built = run_process(command, capture_output=True, text=True, check=False, timeout=300)
    assert built.returncode == 0, built.stdout + built.stderr
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def wheel(distributions: list[Path]) -> Path:
    (found,) = [path for path in distributions if path.suffix == ".whl"]
    return found


@pytest.fixture(scope="session")
def sdist(distributions: list[Path]) -> Path:
    (found,) = [path for path in distributions if path.name.endswith(".tar.gz")]
    return found


@pytest.fixture(scope="session")
def index(wheel: Path, sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an index with the library in it, and nothing else."""
    with simple_index(tmp_path_factory.mktemp("index"), [wheel, sdist]) as url:
        yield url


@pytest.fixture
def make_environment(index: str, tmp_path: Path) -> MakeEnvironment:
    """Make a virtual environment with an interpreter."""
    return lambda python: Environment(tmp_path / "environment", python, index)
