"""The order of folders is that of JavaScript's `localeCompare`."""

import random

from triosigno_db.migrator.order import prisma_order


def test_names_come_as_prisma_sorts_them() -> None:
    names = ["0_init", "20260101000000_a", "a_b", "a-b", "ab", "aB", "b", "B", "é", "f"]
    shuffled = random.Random(1).sample(names, len(names))
    assert sorted(shuffled, key=prisma_order) == names


def test_the_timestamp_decides_where_there_are_14_digits() -> None:
    names = [f"2026010100000{number}_{word}" for number, word in enumerate(("z", "A", "m-n"))]
    assert prisma_order(names[0]) < prisma_order(names[1]) < prisma_order(names[2])
