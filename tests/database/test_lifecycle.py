"""connect() and disconnect(): which database the functions reach."""

import pytest

import triosigno_db as db
from tests.database.rows import category_names
from triosigno_db.models import SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category


@pytest.mark.parametrize(
    "call",
    [
        lambda: db.get_module_tree("7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11"),
        lambda: db.create_category(db.NewCategory(name="a", description="")),
        db.create_schema,
        lambda: SignCategory.select().count(),
        lambda: SignCategory.create(name="a", description=""),
    ],
)
def test_before_connect_every_call_says_what_to_do(call: object) -> None:
    with pytest.raises(db.NotConnectedError, match=r"connect\(url\)"):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("block", [db.connection, db.transaction])
def test_before_connect_no_block_can_be_entered(block: object) -> None:
    with pytest.raises(db.NotConnectedError), block():  # type: ignore[operator]
        pytest.fail("the block was entered")


def test_after_disconnect_nothing_is_connected(triosigno_db: IsolatedDatabase) -> None:
    make_category()
    db.disconnect()
    with pytest.raises(db.NotConnectedError):
        make_category()
    db.disconnect()


def test_a_server_that_is_not_there_shows_at_connect() -> None:
    with pytest.raises(db.DatabaseUnavailableError) as caught:
        db.connect("postgresql://learner:geheim@127.0.0.1:1/triosigno")
    assert caught.value.prisma_code == "P1001"
    assert "geheim" not in str(caught.value)


def test_a_failed_connect_leaves_the_earlier_database(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(db.DatabaseUnavailableError):
        db.connect("postgresql://learner@127.0.0.1:1/triosigno")
    make_category()


def test_connecting_again_changes_the_database(
    triosigno_db: IsolatedDatabase, empty_url: str
) -> None:
    make_category()
    db.connect(empty_url)
    db.create_schema()
    assert category_names() == set()


def test_inside_a_block_the_database_can_not_be_changed(triosigno_db: IsolatedDatabase) -> None:
    with db.connection():
        with pytest.raises(db.ConflictError, match="Leave"):
            db.connect(triosigno_db.url)
        with pytest.raises(db.ConflictError, match="Leave"):
            db.disconnect()
        make_category()
