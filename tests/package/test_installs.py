"""The library, installed from an index into environments of its own."""

import math
import os
import re
import resource
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.request import urlopen

import pytest
from packaging.version import Version

from tests.benchmarks.imports import IMPORTED
from tests.docs.pages import ROOT, write_files
from tests.package.conftest import MakeEnvironment
from tests.package.environments import OLDEST, PROJECT, interpreters
from tests.processes import run_process
from tests.programs import find_program
from tools.lowest_versions import lowest_versions
from triosigno_db import __version__

pytestmark = pytest.mark.slow

TUTORIAL_TESTS_RATIO = 8
"""What the tutorial's tests may cost, a server of their own included, in starts of its service."""

ALL_TESTS_SECONDS = 3600

# 1.20 to 1.26 were measured on a machine that was busy with other tests.
IMPORT_RATIO = 1.3

INTERPRETERS = interpreters()
LOWEST = INTERPRETERS.get(".".join(map(str, OLDEST)))

# What a service does first: migrate, then call the three functions.
FIRST_STEPS = """
import os, sys
import triosigno_db as db
from triosigno_db import aio, migrator
assert db.__file__.startswith(sys.prefix), db.__file__
db.connect(os.environ["DATABASE_URL"], password_cost=4)
assert len(migrator.deploy()) >= 5
user = db.create_user(db.NewUser(email="a@example.org", username="a", password="mot de passe"))
category = db.create_category(db.NewCategory(name="Salutations", description=""))
sign = db.create_sign(db.NewSign(
    name="Bonjour", description="", video_url="https://example.org/v.mp4",
    difficulty=db.DifficultyLevel.BEGINNER, category_id=category.id,
))
module = db.create_module(db.NewModule(title="Premiers pas", description=""))
lesson = db.create_lesson(db.NewLesson(title="Saluer", description="", module_id=module.id))
db.set_lesson_signs(lesson.id, [sign.id])
assert db.get_user_with_preferences(user.id).preferences is not None
assert db.get_module_tree(module.id).lessons[0].lesson_signs[0].sign.name == "Bonjour"
assert db.record_attempt(user.id, sign.id, is_correct=True).mastery_level == 10
assert migrator.diff().is_none
print("done", db.__version__)
"""
VERSIONS = """
import sys
from importlib.metadata import version
print(*map(version, sys.argv[1:]))
"""
PROCESSOR = """
import time
started = time.process_time()
import {}
print(time.process_time() - started)
"""
EVERY_PART = """
import triosigno_db.aio, triosigno_db.packs
import triosigno_db.integrations.fastapi, triosigno_db.integrations.flask
import triosigno_db.integrations.opentelemetry
import triosigno_db.studio, triosigno_db.cli.app, triosigno_db.testing.server
"""


def processor_seconds() -> float:
    """Tell what the processes started here have cost: a busy machine makes no difference to it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("version", INTERPRETERS)
def test_it_works_on_each_python(
    version: str, make_environment: MakeEnvironment, empty_url: str
) -> None:
    environment = make_environment(INTERPRETERS[version])
    environment.install(PROJECT["name"])
    said = environment.run("-W", "error", "-c", FIRST_STEPS, DATABASE_URL=empty_url)
    assert said == f"done {__version__}\n"
    needs = environment.run(environment.program("triosigno-db"), "doctor", exit_code=1)
    assert needs == "The command needs an extra: run pip install 'triosigno-db[cli]'\n"


@pytest.mark.skipif(LOWEST is None, reason="the lowest versions are for the oldest Python")
def test_it_works_with_the_lowest_versions(
    make_environment: MakeEnvironment, empty_url: str, tmp_path: Path
) -> None:
    assert LOWEST is not None
    environment = make_environment(LOWEST)
    extras = [name for name in PROJECT["optional-dependencies"] if name not in ("dev", "docs")]
    pins = lowest_versions(PROJECT, extras)
    constraints = tmp_path / "lowest.txt"
    constraints.write_text("\n".join(pins))
    environment.install(f"{PROJECT['name']}[{','.join(extras)}]", constraints=constraints)
    environment.run("-W", "error", "-c", FIRST_STEPS, DATABASE_URL=empty_url)
    environment.run("-c", EVERY_PART)
    names, wanted = zip(*(pin.split("==") for pin in pins), strict=True)
    installed = environment.run("-c", VERSIONS, *names).split()
    assert list(map(Version, installed)) == list(map(Version, wanted))
    (example,) = write_files(ROOT / "README.md", tmp_path)
    told = environment.run("-m", "pytest", "-q", example, cwd=tmp_path)
    assert "1 passed" in told


def test_a_service_is_tested_with_the_extra_alone(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    (name,) = write_files(ROOT / "README.md", tmp_path)
    environment = make_environment(INTERPRETERS[max(INTERPRETERS)])
    environment.install(f"{PROJECT['name']}[testing,postgres]")
    told = environment.run("-W", "error", "-m", "pytest", "-q", name, cwd=tmp_path)
    assert "1 passed" in told


def test_importing_takes_little_more_than_its_dependencies_do(
    make_environment: MakeEnvironment,
) -> None:
    environment = make_environment(INTERPRETERS[max(INTERPRETERS)])
    environment.install(PROJECT["name"])
    least = dict.fromkeys(IMPORTED, math.inf)
    for _ in range(40):  # in turns, until the least of each is told apart from the machine's noise
        for name, modules in IMPORTED.items():
            least[name] = min(least[name], float(environment.run("-c", PROCESSOR.format(modules))))
        dependencies, *ours = least.values()
        if max(ours) <= IMPORT_RATIO * dependencies:
            return
    pytest.fail(f"seconds on the processor: {least}")


def test_a_service_written_from_the_tutorial_works(
    make_environment: MakeEnvironment, tmp_path: Path
) -> None:
    page = ROOT / "docs" / "tutorial.md"
    service = tmp_path / "practice"
    service.mkdir()
    write_files(page, service)
    asked = re.search(r"^\$ pip install (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert asked
    environment = make_environment(INTERPRETERS[max(INTERPRETERS)])
    environment.install(*asked[1].replace("'", "").split())
    before = processor_seconds()
    environment.run("-c", "import fastapi, pytest, triosigno_db", cwd=service)
    start = processor_seconds() - before
    before = processor_seconds()
    assert "3 passed" in environment.run("-m", "pytest", "-q", cwd=service)
    assert processor_seconds() - before < TUTORIAL_TESTS_RATIO * start

    demo = environment.run(environment.program("triosigno-db"), "demo", "--keep", cwd=service)
    url = re.search(r"postgresql://\S+", demo)
    stop = re.search(r"^To stop it: +(.+)$", demo, re.MULTILINE)
    assert url, demo
    assert stop, demo
    command = ["-m", "uvicorn", "service:app", "--port", "0"]
    running = environment.start(*command, cwd=service, DATABASE_URL=url[0])
    try:
        assert running.stdout is not None
        address = next(filter(None, (re.search(r"http://\S+", line) for line in running.stdout)))
        with urlopen(f"{address[0]}/modules", timeout=30) as answer:
            assert "Premiers pas" in answer.read().decode()
    finally:
        running.terminate()
        running.communicate()
        run_process(shlex.split(stop[1]), check=True)


@pytest.mark.skipif(find_program("make") is None, reason="there is no make here")
def test_the_sdist_s_tests_pass_from_the_sdist(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as opened:
        opened.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    outer = ("PYTEST_", "PYTHON", "TRIOSIGNO_DB_", "VIRTUAL_ENV")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(outer)}
    tested = run_process(
        ["make", "test", f"PYTHON={sys.executable}", "ARGS=-q"],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=ALL_TESTS_SECONDS,
    )
    assert tested.returncode == 0, tested.stdout[-20_000:]
