"""The names of indexes and constraints; tests/interop/test_names.py asks Prisma for the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triosigno_db.models.names import MAX_NAME_BYTES, is_too_long, prisma_name, with_suffix

SUFFIXES = ("pkey", "key", "idx", "fkey")


def test_a_short_name_is_whole() -> None:
    assert prisma_name("User", ["role", "createdAt"], "idx") == "User_role_createdAt_idx"
    assert prisma_name("User", (), "pkey") == "User_pkey"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_long_name_keeps_its_suffix(suffix: str) -> None:
    stem = "x" * (MAX_NAME_BYTES - 1 - len(suffix))
    assert prisma_name("x" * 80, (), suffix) == f"{stem}_{suffix}"
    assert prisma_name(stem, (), suffix) == f"{stem}_{suffix}"
    assert prisma_name("x", ["y" * 80], suffix).startswith("x_yyy")


@given(st.text(min_size=1), st.lists(st.text(), max_size=4), st.sampled_from(SUFFIXES))
def test_a_name_is_what_postgresql_stores(table: str, columns: list[str], suffix: str) -> None:
    name = prisma_name(table, columns, suffix)
    assert name.endswith(f"_{suffix}")
    assert not is_too_long(name)
    assert "_".join((table, *columns)).startswith(name.removesuffix(f"_{suffix}"))


def test_bytes_count_and_not_characters() -> None:
    assert not is_too_long("x" * 63)
    assert is_too_long("x" * 64)
    assert is_too_long("é" * 32)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Level", "Level_old"), ("E" * 63, "E" * 59 + "_old"), ("é" * 31, "é" * 29 + "_old")],
)
def test_a_suffix_is_kept_where_the_name_is_too_long(name: str, expected: str) -> None:
    assert with_suffix(name, "_old") == expected
    assert len(expected.encode()) <= 63
