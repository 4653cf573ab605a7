"""What is read through the cache: kept by its arguments and shape, never within a transaction."""

from collections.abc import Callable

import pytest

import triosigno_db as db
from triosigno_db.records import check_shape
from triosigno_db.repositories.caching import cached, cached_page, changing_content
from triosigno_db.testing.factories import make_category

CATEGORY = check_shape(db.CategoryRecord, db.CategoryRecord)


class Name(db.Record):
    name: str


@pytest.fixture
def category(triosigno_url: str) -> db.CategoryRecord:
    """A category, in a database whose content is cached."""
    db.connect(triosigno_url, content_cache_seconds=60, password_cost=4)
    return make_category()


def clear() -> None:
    with changing_content():
        pass


def counting(category: db.CategoryRecord) -> tuple[Callable[[], db.CategoryRecord], list[int]]:
    """A function that loads a category, and counts how often."""
    calls: list[int] = []

    def load() -> db.CategoryRecord:
        calls.append(1)
        return category

    return load, calls


def test_what_was_read_is_given_again(category: db.CategoryRecord) -> None:
    load, calls = counting(category)
    for _ in range(3):
        assert cached(CATEGORY, db.CategoryRecord, ("read", 1), load) == category
    assert len(calls) == 1


def test_other_arguments_and_shapes_are_read_anew(category: db.CategoryRecord) -> None:
    load, calls = counting(category)
    cached(CATEGORY, db.CategoryRecord, ("read", 1), load)
    cached(CATEGORY, db.CategoryRecord, ("read", 2), load)
    cached(CATEGORY, db.CategoryRecord, ("list", 1), load)
    assert len(calls) == 3
    assert cached(
        check_shape(Name, db.CategoryRecord), Name, ("read", 1), lambda: Name(name="a")
    ) == Name(name="a")


def test_a_page_is_kept_as_one_of_its_shape(category: db.CategoryRecord) -> None:
    page = db.Page[db.CategoryRecord](items=(category,), next_cursor="x", has_more=True)
    pages = [page]
    for _ in range(2):
        found = cached_page(CATEGORY, ("list", None), pages.pop)
        assert found == page
        assert isinstance(found.items[0], db.CategoryRecord)


def test_a_transaction_reads_for_itself(category: db.CategoryRecord) -> None:
    load, calls = counting(category)
    cached(CATEGORY, db.CategoryRecord, ("read", 1), load)
    with db.transaction():
        cached(CATEGORY, db.CategoryRecord, ("read", 1), load)
    assert len(calls) == 2


def test_what_is_cleared_is_read_anew_once_the_transaction_is_committed(
    category: db.CategoryRecord,
) -> None:
    load, calls = counting(category)

    def read() -> None:
        cached(CATEGORY, db.CategoryRecord, ("read", 1), load)

    read()
    clear()
    read()
    assert len(calls) == 2
    with pytest.raises(ZeroDivisionError), db.transaction():
        clear()
        1 / 0  # noqa: B018
    read()
    assert len(calls) == 2
    with db.transaction():
        clear()
    read()
    assert len(calls) == 3


def test_a_failure_is_not_kept(category: db.CategoryRecord) -> None:
    def fail() -> db.CategoryRecord:
        raise db.NotFoundError("SignCategory", "an id")

    with pytest.raises(db.NotFoundError):
        cached(CATEGORY, db.CategoryRecord, ("read", 1), fail)
    load, _ = counting(category)
    assert cached(CATEGORY, db.CategoryRecord, ("read", 1), load) == category


def test_without_a_cache_each_call_loads(triosigno_url: str) -> None:
    db.connect(triosigno_url, password_cost=4)
    load, calls = counting(make_category())
    for _ in range(2):
        cached(CATEGORY, db.CategoryRecord, ("read", 1), load)
    clear()
    assert len(calls) == 2
