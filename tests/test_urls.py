"""Connection URLs: taken apart as libpq and Prisma do, and never quoted where they are wrong."""

import pytest

from triosigno_db.errors import InvalidInputError
from triosigno_db.urls import ConnectionUrl, read_url


def test_every_part_is_read() -> None:
    url = "postgresql://lea:geheim@db.example.org:5433/triosigno?schema=public&sslmode=require"
    assert read_url(url) == ConnectionUrl(
        user="lea",
        password="geheim",
        hosts=(("db.example.org", 5433),),
        database="triosigno",
        parameters=(("schema", "public"), ("sslmode", "require")),
    )


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "POSTGRESQL"])
def test_what_is_missing_is_none(scheme: str) -> None:
    assert read_url(f" {scheme}:///triosigno\n") == ConnectionUrl(
        user=None, password=None, hosts=((None, None),), database="triosigno", parameters=()
    )


def test_parts_are_percent_decoded() -> None:
    url = read_url("postgresql://l%C3%A9a%40home:p%2F%3F%23%40%25@%2Fvar%2Frun/caf%C3%A9%20%2F1")
    assert (url.user, url.password) == ("léa@home", "p/?#@%")
    assert url.hosts == (("/var/run", None),)
    assert url.database == "café /1"


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("db", (("db", None),)),
        ("db:", (("db", None),)),
        (":5433", ((None, 5433),)),
        ("[::1]", (("::1", None),)),
        ("[2001:db8::1]:5433", (("2001:db8::1", 5433),)),
        ("a,b:1,[::1]:2", (("a", None), ("b", 1), ("::1", 2))),
    ],
)
def test_hosts_are_read(hosts: str, expected: tuple[tuple[str | None, int | None], ...]) -> None:
    assert read_url(f"postgresql://lea@{hosts}/triosigno").hosts == expected


@pytest.mark.parametrize(
    ("hosts", "address"),
    [
        ("", {}),
        ("db", {"host": "db"}),
        ("db:5433", {"host": "db", "port": 5433}),
        ("a,b:1", {"host": "a,b", "ports": (5432, 1)}),
    ],
)
def test_an_address_holds_what_the_url_names(hosts: str, address: dict[str, object]) -> None:
    assert read_url(f"postgresql://{hosts}/triosigno").address == address


def test_a_password_may_hold_an_at_sign() -> None:
    url = read_url("postgresql://lea:geheim@1@db/triosigno")
    assert (url.password, url.hosts) == ("geheim@1", (("db", None),))


def test_parameters_keep_their_order_and_empty_values() -> None:
    url = read_url("postgresql:///triosigno?b=2&a=&b=%26")
    assert url.parameters == (("b", "2"), ("a", ""), ("b", "&"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "geheim",
        "mysql://lea:geheim@db/triosigno",
        "postgresql:/lea:geheim@db/triosigno",
        "postgresql://lea:geheim@db",
        "postgresql://lea:geheim@db/",
        "postgresql://lea:geheim@db:port/triosigno",
        "postgresql://lea:geheim@db:123456/triosigno",
        "postgresql://lea:geheim@[::1/triosigno",
        "postgresql://lea:geheim@[db]/triosigno",
        "postgresql://lea:geheim@::1/triosigno",
        "postgresql://lea:geheim@a%2Cb/triosigno",
        "postgresql://lea:geheim#1@db/triosigno",
        "postgresql://lea:geheim?1@db/triosigno",
        "postgresql://lea:geheim/1@db/triosigno",
    ],
)
def test_a_wrong_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_url(url, "replica_url")
    assert caught.value.field == "replica_url"
    assert "geheim" not in str(caught.value)
