"""Random histories: what both sides do in any order, and what must be true after each step.

A failure prints the steps and the seed; `HISTORIES_SEED` makes the same histories again.
"""

import os
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import triosigno_db as db
from tests.interop import brake
from tests.interop.both_sides import BothSides
from tests.interop.deployments import SIDES, Deployment, deploy_by
from tests.interop.evolutions import EVOLUTIONS, Evolution
from tests.interop.next_versions import NEXT, write_version
from tests.interop.node import NEEDS_NODE
from tests.interop.node_side import NodeSide
from tests.interop.prisma_process import PrismaProcess
from tests.interop.truths import assert_developers_go_on, assert_true
from triosigno_db.migrator import (
    baseline,
    deploy,
    export,
    history,
    read_history,
    resolve_applied,
    rollback,
)
from triosigno_db.testing import DatabaseServer

pytestmark = NEEDS_NODE

SEED = int(os.environ.get("HISTORIES_SEED", "0")) or secrets.randbits(32)
EXAMPLES = 3
SOAK_EXAMPLES = int(os.environ.get("HISTORIES", "100"))

SHIPPED = history.shipped_history()
OLDER, YOUNGER = "20250301120000", "20260901120000"
pauses = st.sampled_from([timedelta(seconds=1), timedelta(days=1), timedelta(days=150)])
evolutions = st.sampled_from(EVOLUTIONS)
sides = st.sampled_from(SIDES)


class Environment(NamedTuple):
    """What all histories of a test share."""

    server: DatabaseServer
    packages: Path
    prisma: PrismaProcess
    set_history: Callable[[Path], None]
    say: Callable[[str], None]
    is_thorough: bool


class Histories(RuleBasedStateMachine):
    """The steps of both sides."""

    environment: Environment

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.folder = Path(self.resources.enter_context(TemporaryDirectory(prefix="histories-")))
        self.version = 0
        self.steps: list[str] = []
        self.environment.set_history(SHIPPED)

    def teardown(self) -> None:
        self.resources.close()
        # Hypothesis itself shows no steps that end in another way when they are made again.
        failure = sys.exception()
        if isinstance(failure, Exception):
            self.environment.say("".join(traceback.format_exception(failure)))
        if isinstance(failure, Exception) or self.environment.is_thorough:
            self.environment.say("; ".join(self.steps))

    def new_database(self) -> str:
        server = self.environment.server
        name = server.new_name()
        self.resources.callback(server.drop_database, name)
        return server.create_database(name)

    # -- the beginning ----------------------------------------------------------------------

    @initialize(
        maker=st.sampled_from(["node", "node", "deploy", "create_schema"]),
        first=st.sampled_from([YOUNGER, None, OLDER]),
    )
    def begin(self, maker: str, first: str | None) -> None:
        self._begin_step("begin", maker, first)
        url, mirror = self.new_database(), self.new_database()
        brake.install(url)
        node = NodeSide(self.folder / "prisma", self.environment.prisma, url, first)
        self.sides = BothSides(url, mirror, node, self.environment.prisma)
        db.connect(url, password_cost=4)
        self.resources.callback(db.disconnect)
        if maker == "node":
            self._begin_with_node()
        else:
            self._begin_with_library(maker)
        self.sides.fill()
        self._check()

    def _begin_with_node(self) -> None:
        """Prisma has made the tables, and the library adopts them."""
        sides, init = self.sides, self.sides.history[0].name
        sides.node.begin()
        self.deploy_by_prisma()
        assert baseline() == (init,)
        sides.provided.add(init)
        sides.made.append(init)
        # The folder's newest migration is not in the database when the library deploys.
        sides.node.evolve(EVOLUTIONS[0])
        self.deploy_by_library()
        export(sides.node.folder, url_or_settings=sides.url)
        assert not self._take_names_of_folder()

    def _begin_with_library(self, maker: str) -> None:
        """The library has made the tables, and the Node side takes over."""
        sides = self.sides
        if maker == "create_schema":
            for url in (sides.mirror, sides.url):
                db.connect(url, password_cost=4)
                db.create_schema()
            sides.made = [*baseline()]
            sides.marked = {*sides.made}
        deploy()
        export(sides.node.folder)
        sides.run_on_mirror(sides.pending(in_folder=False))
        sides.node.take_over()
        self.deploy_by_prisma()

    # -- the steps --------------------------------------------------------------------------

    @rule(evolution=evolutions, pause=pauses)
    def evolve(self, evolution: Evolution, pause: timedelta) -> None:
        self._begin_step("evolve", evolution.name, pause)
        self.sides.node.pause = pause
        self.sides.node.evolve(evolution)
        self._check()

    @rule(side=sides)
    def deploy(self, side: str) -> None:
        self._begin_step("deploy", side)
        may_differ = not self.sides.names_agree
        {
            "library": self.deploy_by_library,
            "folder": self.deploy_by_folder,
            "prisma": self.deploy_by_prisma,
        }[side]()
        assert not self._take_names_of_folder() or may_differ
        self._check()

    @precondition(lambda self: self.sides.names_agree)
    @rule(chosen=st.sets(sides, min_size=2))
    def deploy_at_once(self, chosen: set[str]) -> None:
        self._begin_step("deploy_at_once", *sorted(chosen))
        sides = self.sides
        pending = sides.pending(in_folder=False) if "library" in chosen else []
        if chosen != {"library"}:
            pending += [name for name in sides.pending(in_folder=True) if name not in pending]
        with (
            PrismaProcess(self.environment.packages) as prisma,
            ThreadPoolExecutor(len(chosen)) as threads,
        ):
            done = [*threads.map(lambda side: deploy_by(sides, side, prisma), sorted(chosen))]
        own = sides.own_names()
        applied = [own.get(name, name) for names in done for name in names]
        assert sorted(applied) == sorted(pending)
        sides.run_on_mirror(pending)
        assert not self._take_names_of_folder()
        self._check()

    @rule(
        side=sides,
        command=st.integers(1, 15),
        what=st.sampled_from(["backend", "process"]),
        resolve=st.sampled_from(["library", "prisma"]),
    )
    def kill(self, side: str, command: int, what: str, resolve: str) -> None:
        """Kill a deployment, and resolve what it leaves as the messages say."""
        self._begin_step("kill", side, command, what, resolve)
        if what == "process" and side == "library" and self.version:
            what = "backend"  # the command has the shipped history
        deployment = Deployment(self.sides, side, self.environment.packages)
        with deployment.in_process() if what == "process" else deployment.in_thread() as kill:
            is_stopped = brake.stop_at(self.sides.url, command, deployment.run, kill)
        assert is_stopped or deployment.succeeded
        self.steps[-1] += " (stopped)" * is_stopped
        self.sides.recover(resolve)
        self._take_names_of_folder()
        self._check()

    @rule()
    def export(self) -> None:
        self._begin_step("export")
        sides = self.sides
        breaks = any(each.breaks for each in sides.node.active_evolutions())
        before = sides.node.scripts()
        try:
            export(sides.node.folder, history=self._history(), url_or_settings=sides.url)
        except db.SchemaMismatchError:
            assert breaks
            assert sides.node.scripts() == before
        else:
            assert not breaks
            assert not sides.pending_export()
        assert not self._take_names_of_folder()
        self._check()

    @precondition(lambda self: self.version < len(NEXT))
    @rule()
    def upgrade(self) -> None:
        """Another version of the library is installed."""
        self._begin_step("upgrade")
        self.version += 1
        self.environment.set_history(self._history())
        self.sides.history = read_history()
        self._check()

    @rule(steps=st.integers(1, 2))
    def roll_back(self, steps: int) -> None:
        self._begin_step("roll_back", steps)
        sides = self.sides
        ours = [each for each in sides.history if each.name in {*sides.made} - sides.provided]
        chosen = ours[::-1][:steps]
        if chosen and chosen[-1] is sides.history[0]:
            return  # all rows would be lost
        if any(each.name in sides.marked for each in chosen):
            with pytest.raises(db.MigrationError, match="Only marked as applied"):
                rollback(steps=steps)
        else:
            assert rollback(steps=steps) == tuple(each.name for each in chosen)
            for each in chosen:
                sides.run_back_on_mirror(each)
        self._check()

    # -- deployments ------------------------------------------------------------------------

    def deploy_by_library(self) -> None:
        pending = self.sides.pending(in_folder=False)
        assert deploy() == tuple(pending)
        self.sides.run_on_mirror(pending)

    def deploy_by_folder(self) -> None:
        self._assert_applied(deploy(history=self.sides.node.migrations))

    def deploy_by_prisma(self) -> None:
        self._assert_applied(deploy_by(self.sides, "prisma", self.environment.prisma))

    def _assert_applied(self, names: tuple[str, ...]) -> None:
        scripts = self.sides.node.scripts()
        pending = self.sides.pending(in_folder=True)
        assert [self.sides.key(name, scripts[name]) for name in names] == pending
        self.sides.run_on_mirror(pending)

    def _begin_step(self, *step: object) -> None:
        self.steps.append(" ".join(map(str, step)))

    # -- what is checked --------------------------------------------------------------------

    def _history(self) -> Path:
        folder = self.folder / f"version-{self.version}"
        return folder if folder.exists() else write_version(folder, self.version)

    def _take_names_of_folder(self) -> list[str]:
        """Give the ledger the names of the folder, where they differ."""
        sides = self.sides
        recorded = sides.recorded()
        names = [
            name
            for name, script in sides.node.scripts().items()
            if sides.key(name, script) in sides.made and name not in recorded
        ]
        for name in names:
            resolve_applied(name, history=sides.node.migrations)
        return names

    def _check(self) -> None:
        assert_true(self.sides)
        if self.environment.is_thorough:
            assert_developers_go_on(self.sides)


@pytest.fixture(scope="module")
def prisma_process(node_folder: Path) -> Iterator[PrismaProcess]:
    with PrismaProcess(node_folder) as process:
        yield process


Run = Callable[..., None]


@pytest.fixture
def run(
    triosigno_server: DatabaseServer,
    node_folder: Path,
    prisma_process: PrismaProcess,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run random histories."""

    def set_history(folder: Path) -> None:
        monkeypatch.setattr(history, "shipped_history", lambda: folder)

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    def run(examples: int, steps: int, *, is_thorough: bool) -> None:
        say(f"HISTORIES_SEED={SEED}")
        machine = type("Histories", (Histories,), {})
        machine.environment = Environment(
            triosigno_server, node_folder, prisma_process, set_history, say, is_thorough
        )
        run_state_machine_as_test(
            seed(SEED)(machine),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # an example takes seconds: it is not made smaller
                suppress_health_check=[*HealthCheck],
            ),
        )

    return run


@pytest.mark.slow
def test_some_histories(run: Run) -> None:
    run(EXAMPLES, steps=8, is_thorough=False)


@pytest.mark.soak
def test_many_histories(run: Run) -> None:
    run(SOAK_EXAMPLES, steps=20, is_thorough=True)
