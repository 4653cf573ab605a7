"""The test kit as a service's own test suite uses it: pytest in a process and folder of its own."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent

import psycopg2
import pytest

from tests.hostile_environment import hostile_value
from tests.processes import Process
from tests.sampling import mostly_slow
from tests.testing.service import COMMAND, RunTests
from triosigno_db.testing import DatabaseServer, ThrowawayPostgres, available_versions
from triosigno_db.testing.environment import LIBPQ_VARIABLES

ISOLATED = """
    import os, threading
    from concurrent.futures import ThreadPoolExecutor

    import pytest
    import triosigno_db as db
    from triosigno_db.testing import factories

    @pytest.mark.parametrize("number", range(4))
    def test_each_test_begins_with_no_rows(triosigno_db, number):
        assert db.count_users() == 0
        with db.transaction():
            factories.make_user(email="same@example.org")
        with ThreadPoolExecutor(8) as threads:
            users = list(threads.map(lambda _: factories.make_user(), range(8)))
        assert db.count_users() == 9
        assert os.environ["DATABASE_URL"] == triosigno_db.url

    def test_the_history_is_applied(triosigno_db):
        from triosigno_db import migrator
        assert migrator.status().exit_code == 0

    def test_code_that_connects_by_itself_finds_the_same_database(triosigno_db):
        factories.make_user()
        db.connect()
        assert db.count_users() == 1
        db.disconnect()

    def test_a_block_left_open_harms_no_other_test(triosigno_db):
        db.transaction().__enter__()
        factories.make_user()
"""


def test_the_variables_of_another_server_are_ignored(
    run_tests: RunTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LIBPQ_VARIABLES:
        monkeypatch.setenv(name, hostile_value(name))
    for name in ("PORTS", "SSLMODE", "SSLCERT", "PGBOUNCER", "TARGET_SESSION_ATTRS"):
        monkeypatch.setenv(f"TRIOSIGNO_DB_{name}", "/there/is/no/such")
    monkeypatch.setenv("TRIOSIGNO_DB_CONNECTION_LIMIT", "3")
    outcome = run_tests(
        """
        import triosigno_db as db

        def test_code_that_connects_by_itself(triosigno_url):
            db.connect(triosigno_url)
            assert db.count_users() == 0
            # What says nothing of the server is the service's own.
            assert db.pool_status().limit == 3
        """
    )
    assert outcome.returncode == 0, outcome.stdout


def test_each_test_has_a_database_of_its_own(run_tests: RunTests) -> None:
    outcome = run_tests(ISOLATED)
    assert outcome.returncode == 0, outcome.stdout
    assert "7 passed" in outcome.stdout


UNCONNECTED = """
    from urllib.parse import urlsplit

    import pytest
    import triosigno_db as db
    from triosigno_db import migrator

    def test_nothing_is_connected_to_it(triosigno_url):
        with pytest.raises(db.NotConnectedError):
            db.count_users()
        db.connect(triosigno_url)
        assert db.count_users() == 0
        assert migrator.status().exit_code == 0

    def test_what_was_left_connected_is_connected_no_more(triosigno_url):
        with pytest.raises(db.NotConnectedError):
            db.count_users()

    def test_it_is_the_database_of_the_other_fixture(triosigno_url, triosigno_db):
        assert triosigno_db.url == triosigno_url
        assert urlsplit(triosigno_url).path == f"/{triosigno_db.name}"

    @pytest.fixture(scope="module")
    def shared(triosigno_server, triosigno_template):
        name = triosigno_server.new_name()
        yield triosigno_server.create_database(name, template=triosigno_template)
        triosigno_server.drop_database(name)

    @pytest.mark.parametrize("number", range(2))
    def test_a_database_of_another_scope_is_a_copy_as_well(shared, number):
        db.connect(shared)
        db.create_module(db.NewModule(title="m", description=""))
        assert len(db.list_modules().items) == number + 1
        db.disconnect()
"""


def test_a_database_may_be_left_unconnected(run_tests: RunTests) -> None:
    outcome = run_tests(UNCONNECTED)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.slow
def test_it_works_in_parallel_on_a_server_of_ones_own(
    run_tests: RunTests, triosigno_server: DatabaseServer
) -> None:
    before = databases_of(triosigno_server)
    outcome = run_tests(
        ISOLATED, "-n", "2", f"--triosigno-url={triosigno_server.url_for('postgres')}"
    )
    assert outcome.returncode == 0, outcome.stdout
    assert databases_of(triosigno_server) == before


def test_content_is_there_where_it_is_asked_for(run_tests: RunTests) -> None:
    outcome = run_tests(
        """
        import pytest
        import triosigno_db as db

        def test_it_is_there(triosigno_content):
            titles = [module.title for module in triosigno_content]
            assert [module.title for module in db.list_modules().items] == titles != []

        def test_it_is_not_there(triosigno_db):
            assert db.list_modules().items == ()

        def test_it_comes_late(request, triosigno_db):
            assert request.getfixturevalue("triosigno_content") == db.list_module_trees().items

        def test_statements_are_counted_over_a_new_connection(triosigno_db, statement_counter):
            db.count_users()
            db.connect()
            db.count_users()
            assert statement_counter.names == ["count_matching_users", "count_matching_users"]
            statement_counter.reset()
            assert len(statement_counter) == 0
        """
    )
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.slow
def test_the_version_and_the_folder_of_the_server_can_be_chosen(
    run_tests: RunTests, tmp_path: Path
) -> None:
    source = """
        from pathlib import Path
        import psycopg2

        def test_version(triosigno_db):
            with psycopg2.connect(triosigno_db.url) as connection:
                Path("version").write_text(str(connection.server_version // 10_000))
            connection.close()
    """
    oldest, *others = available_versions()
    for wanted in {str(oldest.bin_dir), *(str(each.version) for each in (oldest, *others[-1:]))}:
        outcome = run_tests(source, f"--triosigno-postgres={wanted}")
        assert outcome.returncode == 0, outcome.stdout
        version = str(oldest.version) if "/" in wanted else wanted
        assert (tmp_path / "version").read_text() == version


@pytest.mark.parametrize(
    ("option", "what"),
    mostly_slow(
        [
            ("--triosigno-postgres=9", "PostgreSQL 9 was not found"),
            ("--triosigno-postgres=/nowhere", "/nowhere contains no PostgreSQL"),
            ("--triosigno-url=mysql://x", "must start with postgresql://"),
            ("--triosigno-url=postgresql://nobody:hidden@127.0.0.1:1/x", "Connection refused"),
        ],
        1,
        unpack=True,
    ),
)
def test_a_server_that_is_not_there_is_named(run_tests: RunTests, option: str, what: str) -> None:
    outcome = run_tests("def test_it(triosigno_db): pass", option)
    assert outcome.returncode == 1
    assert what in outcome.stdout
    assert "error" in outcome.stdout.splitlines()[-1]


def test_the_options_are_explained(run_tests: RunTests) -> None:
    shown = run_tests("", "--help").stdout
    assert "--triosigno-url" in shown
    assert "--triosigno-postgres" in shown
    assert "--triosigno-allow" in shown
    fixtures = run_tests("def test_it(): pass", "--fixtures").stdout
    for name in ("triosigno_server", "triosigno_db", "triosigno_content", "statement_counter"):
        assert f"{name}" in fixtures


def test_pytest_runs_where_the_extra_is_not_installed(run_tests: RunTests, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        "for name in ('testing', 'testing.postgresql', 'testing.common.database'):\n"
        "    sys.modules[name] = None\n"
    )
    outcome = run_tests(
        "def test_without(): pass\ndef test_with(triosigno_db): pass\n",
    )
    assert "1 passed, 1 error" in outcome.stdout
    assert "pip install 'triosigno-db[testing]'" in outcome.stdout


WAITING = """
    import os, time
    from pathlib import Path

    def test_it_waits(triosigno_db, triosigno_server):
        Path("ready.part").write_text(triosigno_server.url)
        os.rename("ready.part", "ready")
        time.sleep(600)
"""


@contextmanager
def waiting_tests(folder: Path, *arguments: str) -> Iterator[Process[bytes]]:
    (folder / "test_service.py").write_text(dedent(WAITING))
    process = Process(
        [*COMMAND, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until((folder / "ready").exists)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("ending", mostly_slow([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], 1))
def test_no_database_is_left_on_a_server_of_ones_own(
    tmp_path: Path, triosigno_server: DatabaseServer, ending: signal.Signals
) -> None:
    before = databases_of(triosigno_server)
    with waiting_tests(
        tmp_path, f"--triosigno-url={triosigno_server.url_for('postgres')}"
    ) as process:
        assert len(databases_of(triosigno_server)) > len(before)
        process.send_signal(ending)
        process.wait()
    until(lambda: databases_of(triosigno_server) == before)


@pytest.mark.parametrize("ending", mostly_slow([signal.SIGKILL, signal.SIGINT], 1))
def test_no_throwaway_server_is_left(tmp_path: Path, ending: signal.Signals) -> None:
    with waiting_tests(tmp_path) as process:
        url = (tmp_path / "ready").read_text()
        process.send_signal(ending)
        process.wait()
    until(lambda: not answers(url))


def databases_of(server: ThrowawayPostgres) -> set[str]:
    with closing(psycopg2.connect(server.url_for("postgres"))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'triosigno_test%'")
        return {name for (name,) in cursor.fetchall()}


def answers(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    """Ask again until it is so: what happens in another process tells nobody here."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
