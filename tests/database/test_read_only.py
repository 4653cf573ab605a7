"""Which threads only read, and what is refused to them before anything is sent."""

import threading

import peewee
import pytest

from triosigno_db.database import read_only
from triosigno_db.errors import ReadOnlyError
from triosigno_db.models import SignCategory


def test_blocks_nest() -> None:
    assert not read_only.is_read_only()
    with read_only.read_only():
        with read_only.read_only():
            assert read_only.is_read_only()
        assert read_only.is_read_only()
    assert not read_only.is_read_only()


def test_a_block_ends_with_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), read_only.read_only():
        1 / 0  # noqa: B018
    assert not read_only.is_read_only()


def test_a_block_is_of_its_thread() -> None:
    seen: list[bool] = []
    with read_only.read_only():
        thread = threading.Thread(target=lambda: seen.append(read_only.is_read_only()))
        thread.start()
        thread.join()
    assert seen == [False]


def test_a_write_is_refused_by_its_name() -> None:
    read_only.refuse_write("create_sign")
    with read_only.read_only(), pytest.raises(ReadOnlyError, match="create_sign writes"):
        read_only.refuse_write("create_sign")


@pytest.mark.parametrize(
    "query",
    [
        SignCategory.insert(name="a", description=""),
        SignCategory.update(name="a"),
        SignCategory.delete(),
        SignCategory.select().for_update(),
        SignCategory.select().for_update("FOR SHARE"),
    ],
    ids=["insert", "update", "delete", "for update", "for share"],
)
def test_a_query_that_writes_or_locks_is_refused(query: peewee.Query) -> None:
    read_only.refuse_writing_query(query)
    with read_only.read_only(), pytest.raises(ReadOnlyError):
        read_only.refuse_writing_query(query)


@pytest.mark.parametrize(
    "query",
    [
        SignCategory.select(),
        SignCategory.select(SignCategory.id) | SignCategory.select(SignCategory.name),
        SignCategory.raw('DELETE FROM "SignCategory"'),
    ],
    ids=["select", "union", "the server judges text"],
)
def test_a_query_that_reads_is_let_through(query: peewee.Query) -> None:
    with read_only.read_only():
        read_only.refuse_writing_query(query)
