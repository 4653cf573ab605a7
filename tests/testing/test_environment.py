"""The variables of the environment, which are for another server than a throwaway one."""

import os
from collections.abc import Iterator

import psycopg
import pytest

import triosigno_db as db
from tests.hostile_environment import hostile_value
from triosigno_db.testing import ThrowawayPostgres
from triosigno_db.testing.environment import LIBPQ_VARIABLES, connection_variables

SETTINGS = [f"TRIOSIGNO_DB_{name.upper()}" for name in db.Settings.model_fields]


@pytest.fixture(scope="module")
def throwaway() -> Iterator[ThrowawayPostgres]:
    with ThrowawayPostgres(in_memory=True) as server:
        yield server


@pytest.fixture
def _hostile_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*LIBPQ_VARIABLES, *SETTINGS):
        monkeypatch.setenv(name, hostile_value(name))


def test_every_variable_of_libpq_is_known() -> None:
    of_libpq = {
        option.envvar.decode() for option in psycopg.pq.Conninfo.get_defaults() if option.envvar
    }
    assert of_libpq - {*LIBPQ_VARIABLES} == set()


@pytest.mark.usefixtures("_hostile_environment")
def test_a_throwaway_server_ignores_all_variables() -> None:
    before = dict(os.environ)
    with ThrowawayPostgres(in_memory=True) as server:
        server.create_database("one")
        server.restart()
        server.drop_database("one")
    assert dict(os.environ) == before


@pytest.mark.parametrize("name", [*LIBPQ_VARIABLES, *SETTINGS])
def test_a_throwaway_server_ignores_each_variable(
    name: str, throwaway: ThrowawayPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, hostile_value(name))
    assert throwaway.is_server_available()


@pytest.mark.usefixtures("_hostile_environment")
def test_limits_and_sizes_do_not_describe_a_connection() -> None:
    settings = {name for name in connection_variables() if name in SETTINGS}
    left = {name.removeprefix("TRIOSIGNO_DB_").lower() for name in set(SETTINGS) - settings}
    assert left == {
        "schema_name", "connection_limit", "pool_timeout", "max_lifetime", "connect_timeout",
        "statement_timeout", "lock_timeout", "idle_transaction_timeout", "network_timeout",
        "slow_statement", "idle_check_after", "application_name", "statement_cache_size",
        "password_cost", "cursor_secret", "content_cache_seconds", "content_cache_url",
        "replica_max_lag",
    }  # fmt: skip
