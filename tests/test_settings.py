"""Settings: from arguments, the URL and the environment, in this order."""

from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database.connector import connection_parameters
from triosigno_db.database.execution import run_sql
from triosigno_db.settings import Settings
from triosigno_db.testing import DatabaseServer

URL = "postgresql://learner:geheim@db.example.org:5433/triosigno"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_the_url_gives_the_address() -> None:
    settings = Settings.load(URL)
    assert (settings.host, settings.port, settings.user) == ("db.example.org", 5433, "learner")
    assert settings.password is not None
    assert settings.password.get_secret_value() == "geheim"
    assert (settings.database, settings.schema_name) == ("triosigno", "public")


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = Settings.load("postgres://localhost/triosigno")
    limits = (
        settings.connect_timeout,
        settings.pool_timeout,
        settings.statement_timeout,
        settings.lock_timeout,
        settings.idle_transaction_timeout,
    )
    assert limits == (10, 10, 30, 10, 60)
    assert (settings.port, settings.connection_limit, settings.pgbouncer) == (5432, 10, False)


@pytest.mark.parametrize(
    ("parameter", "name", "value"),
    [
        ("schema=other", "schema_name", "other"),
        ("connection_limit=3", "connection_limit", 3),
        ("pool_timeout=4", "pool_timeout", 4),
        ("pool_timeout=0", "pool_timeout", 0),
        ("connect_timeout=5", "connect_timeout", 5),
        ("socket_timeout=6", "statement_timeout", 6),
        ("sslmode=require", "sslmode", "require"),
        ("sslcert=%2Fetc%2Fssl%2Fca.pem", "sslcert", "/etc/ssl/ca.pem"),
        ("application_name=my%20service", "application_name", "my service"),
        ("pgbouncer=true", "pgbouncer", True),
        ("host=%2Fvar%2Frun%2FpostgreSQL", "host", "/var/run/postgreSQL"),
        ("target_session_attrs=standby", "target_session_attrs", "standby"),
    ],
)
def test_prisma_s_parameters_are_read(parameter: str, name: str, value: Any) -> None:
    assert getattr(Settings.load(f"{URL}?{parameter}"), name) == value


@pytest.mark.parametrize("parameter", ["conection_limit=3", "pool-size=1", "sslkey=x", "a"])
def test_an_unknown_parameter_is_named(parameter: str) -> None:
    with pytest.raises(db.InvalidInputError, match=parameter.split("=", maxsplit=1)[0]) as caught:
        Settings.load(f"{URL}?{parameter}")
    assert caught.value.field == "url"
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        ("connection_limit=0", "connection_limit"),
        ("connection_limit=many", "connection_limit"),
        ("pool_timeout=-1", "pool_timeout"),
        ("pool_timeout=nan", "pool_timeout"),
        ("sslmode=perhaps", "sslmode"),
        ("pgbouncer=perhaps", "pgbouncer"),
        ("schema=", "schema_name"),
        ("target_session_attrs=master", "target_session_attrs"),
        ("host=one,,two", "host"),
    ],
)
def test_a_wrong_value_names_its_setting(parameter: str, field: str) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        Settings.load(f"{URL}?{parameter}")
    assert caught.value.field == field
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://learner:geheim@localhost/x", "postgresql://"),
        ("learner:geheim@localhost/x", "postgresql://"),
        ("postgresql://learner:geheim@localhost", "has no database"),
        ("postgresql://learner:geheim@localhost:port/x", "invalid host or port"),
        ("postgresql://learner:geheim@[::1/x", "invalid host or port"),
        ("postgresql://learner:ge#heim@localhost/x", "percent-encode"),
        ("postgresql://learner:ge?heim@localhost/x", "percent-encode"),
        ("postgresql://learner:geheim@one:1,two:port/x", "invalid host or port"),
        ("postgresql://learner:geheim@one:1,::1/x", "invalid host or port"),
        ("postgresql://learner:geheim@one,[::1/x", "invalid host or port"),
        ("postgresql://learner:geheim@[one],two/x", "invalid host or port"),
        ("postgresql://learner:geheim@one%2Ctwo/x", "invalid host or port"),
        ("postgresql://learner:geheim@one,two", "has no database"),
        ("postgresql://learner:1/ge?heim@localhost/x", "percent-encode"),
        ("", "is missing"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(url: str, why: str) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        Settings.load(url)
    assert caught.value.field == "url"
    assert why in str(caught.value)
    assert "heim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_percent_encoded_parts_are_decoded() -> None:
    settings = Settings.load("postgresql://le%40rner:p%40ss%3Aw%2F%C3%B6%20%23%25@h/d%2Fb")
    assert settings.password is not None
    assert (settings.user, settings.database) == ("le@rner", "d/b")
    assert settings.password.get_secret_value() == "p@ss:w/ö #%"


def test_an_ipv6_host_stands_in_brackets() -> None:
    settings = Settings.load("postgresql://learner@[2001:db8::1]:5433/triosigno")
    assert (settings.host, settings.port) == ("2001:db8::1", 5433)


def test_several_hosts_have_a_port_each() -> None:
    settings = Settings.load(
        "postgresql://le%40rner:a,b%2C@one:5433,[2001:db8::1],%2Fvar%2Frun:5434/triosigno"
        "?target_session_attrs=read-write"
    )
    assert settings.hosts == (("one", 5433), ("2001:db8::1", 5432), ("/var/run", 5434))
    assert settings.address == "one:5433,2001:db8::1:5432,/var/run:5434"
    assert settings.password is not None
    assert settings.password.get_secret_value() == "a,b,"
    parameters = connection_parameters(settings)
    assert parameters["host"] == "one,2001:db8::1,/var/run"
    assert parameters["port"] == "5433,5432,5434"
    assert "a,b" not in f"{settings!r}"


@pytest.mark.parametrize(
    ("url", "sought"),
    [
        ("postgresql://one/x", "any"),
        ("postgresql://one,two/x", "read-write"),
        ("postgresql://one/x?target_session_attrs=primary", "primary"),
        ("postgresql://one,two/x?target_session_attrs=prefer-standby", "prefer-standby"),
        ("postgresql://localhost/x?host=one,two", "read-write"),
    ],
)
def test_of_several_servers_the_one_that_takes_writes_is_sought(url: str, sought: str) -> None:
    assert connection_parameters(Settings.load(url))["target_session_attrs"] == sought


def test_ports_can_be_given_beside_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"host": "one,two", "ports": [1, 2]}
    assert Settings.load(URL, **options).hosts == (("one", 1), ("two", 2))
    monkeypatch.setenv("TRIOSIGNO_DB_PORTS", "3,4")
    assert Settings.load(URL, host="one,two").hosts == (("one", 3), ("two", 4))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"ports": [1]}, "ports"),
        ({"ports": [1, 2, 3]}, "ports"),
        ({"ports": [1, 70_000]}, "ports.1"),
        ({"ports": "1,x"}, "ports.1"),
        ({"host": "one,"}, "host"),
    ],
)
def test_a_port_for_each_host_or_none(options: dict[str, Any], field: str) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        Settings.load("postgresql://learner:geheim@one:1,two:2/x", **options)
    assert caught.value.field == field
    assert "geheim" not in str(caught.value)


def test_a_replica_is_reached_as_the_database_where_its_url_says_nothing() -> None:
    settings = Settings.load(
        f"{URL}?schema=other&target_session_attrs=primary",
        replica_url="postgresql://replica/triosigno?connection_limit=3",
        statement_timeout=5,
    )
    replica = settings.of_replica()
    assert replica is not None
    assert replica.hosts == (("replica", 5432),)
    assert connection_parameters(replica)["target_session_attrs"] == "any"
    assert (replica.user, replica.password) == (settings.user, settings.password)
    assert (replica.schema_name, replica.statement_timeout) == ("other", 5)
    assert (settings.connection_limit, replica.connection_limit) == (10, 3)
    assert replica.of_replica() is None


def test_a_replica_s_own_role_has_its_own_password() -> None:
    replica = Settings.load(URL, replica_url="postgresql://reader@one:1,two:2/x").of_replica()
    assert replica is not None
    assert (replica.user, replica.password) == ("reader", None)
    assert replica.hosts == (("one", 1), ("two", 2))


@pytest.mark.parametrize(
    "replica_url",
    [
        "mysql://reader:geheim@replica/x",
        "postgresql://reader:geheim@replica",
        "postgresql://reader:geheim@replica:port/x",
        "postgresql://reader:geheim@replica:70000/x",
        "postgresql://reader:geheim@replica/x?connection_limit=0",
        "postgresql://reader:geheim@replica/x?pool=1",
        "postgresql://reader:geheim@replica/x?schema=other",
    ],
)
def test_a_replica_s_wrong_url_is_told_without_its_password(replica_url: str) -> None:
    settings = Settings.load(URL, replica_url=replica_url)
    assert "geheim" not in f"{settings!r}"
    with pytest.raises(db.InvalidInputError) as caught:
        settings.of_replica()
    assert caught.value.field == "replica_url"
    assert "geheim" not in str(caught.value)
    assert caught.value.__context__ is None


def test_without_a_url_the_environment_s_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(db.InvalidInputError, match="DATABASE_URL"):
        db.connect()
    monkeypatch.setenv("DATABASE_URL", URL)
    assert Settings.load().host == "db.example.org"


def test_arguments_come_before_the_url_and_the_url_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIOSIGNO_DB_POOL_TIMEOUT", "1")
    assert Settings.load(URL).pool_timeout == 1
    assert Settings.load(f"{URL}?pool_timeout=2").pool_timeout == 2
    assert Settings.load(f"{URL}?pool_timeout=2", pool_timeout=3).pool_timeout == 3


def test_an_unknown_argument_is_named() -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        db.connect(URL, pool_size=3)
    assert caught.value.field == "pool_size"


def test_settings_show_no_password() -> None:
    settings = Settings.load(URL)
    assert "geheim" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_a_password_of_any_characters_logs_in(
    triosigno_server: DatabaseServer, empty_url: str
) -> None:
    password = "p@ss:w/ö rd#%?&=+'\"\\"
    connection = psycopg2.connect(empty_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS difficult")
        cursor.execute("CREATE ROLE difficult LOGIN PASSWORD %s", (password,))
    connection.close()
    encoded = "".join(f"%{byte:02X}" for byte in password.encode())
    db.connect(
        empty_url.replace(empty_url.split("@", maxsplit=1)[0], f"postgresql://difficult:{encoded}")
    )
    assert run_sql("SELECT current_user") == [("difficult",)]


def test_the_limits_hold_on_the_server(empty_url: str) -> None:
    db.connect(
        f"{empty_url}?socket_timeout=2&application_name=a%20%5C%20b",
        lock_timeout=3,
        idle_transaction_timeout=0.5,
    )
    with db.connection():
        shown = {
            name: run_sql(f"SHOW {name}")[0][0]
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "application_name",
                "search_path",
            )
        }
    assert shown == {
        "statement_timeout": "2s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "500ms",
        "application_name": r"a \ b",
        "search_path": '"public"',
    }


@pytest.mark.parametrize(
    "url",
    [5, 0, False, [], NotImplemented, b"postgresql://localhost/x", ["postgresql://localhost/x"]],
)
def test_a_url_is_a_text(url: Any) -> None:
    with pytest.raises(db.InvalidInputError, match="url: must be a string"):
        db.connect(url)


@pytest.mark.parametrize("name", ["host", "user", "password", "database", "application_name"])
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_libpq_can_not_hold_is_named(name: str, text: str) -> None:
    with pytest.raises(db.InvalidInputError, match="Unicode text without NUL") as caught:
        db.Settings.load("postgresql://localhost/triosigno", **{name: text})
    assert caught.value.field == name


def test_a_url_with_nul_is_refused() -> None:
    with pytest.raises(db.InvalidInputError, match="without NUL"):
        db.connect("postgresql://user:password@localhost/a%00b")


@pytest.mark.parametrize("long", ["x" * 100_000])
def test_a_name_of_any_length_is_not_given_back_whole(long: str) -> None:
    for call in (
        lambda: db.connect(f"postgresql://localhost/triosigno?{long}=1"),
        lambda: db.connect("postgresql://localhost/triosigno", **{long: 1}),
    ):
        with pytest.raises(db.InvalidInputError) as caught:
            call()
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["user", "database", "schema_name"])
def test_a_name_that_the_server_would_cut_off_is_refused(name: str) -> None:
    url = "postgresql://localhost/triosigno"
    assert getattr(db.Settings.load(url, **{name: "é" * 31}), name) == "é" * 31
    with pytest.raises(db.InvalidInputError, match=name):
        db.Settings.load(url, **{name: "é" * 32})
