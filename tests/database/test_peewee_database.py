"""Peewee's own way to the database: its models and its transactions."""

import threading

import pytest

import triosigno_db as db
from tests.database.rows import category_names
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category


def test_models_join_the_transaction(triosigno_db: IsolatedDatabase) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        SignCategory.create(name="lost", description="")
        1 / 0  # noqa: B018
    assert category_names() == set()


def test_a_transaction_of_peewee_s_own_gives_its_connection_back(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, pool_timeout=0.1)
    done: list[str] = []
    with current_database().atomic() as outer:
        make_category(name="one")
        current_database().after_commit(lambda: done.append("committed"))
        outer.commit()
        make_category(name="two")
    with pytest.raises(ZeroDivisionError), current_database().atomic():
        make_category(name="lost")
        1 / 0  # noqa: B018
    assert done == ["committed"]
    seen: list[set[str]] = []
    other = threading.Thread(target=lambda: seen.append(category_names()))
    other.start()
    other.join()
    assert seen == [{"one", "two"}]
