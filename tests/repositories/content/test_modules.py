"""Modules: created, each after the last."""

import pytest

from triosigno_db.testing.factories import make_module

pytestmark = pytest.mark.usefixtures("triosigno_db")


def test_a_module_without_an_order_comes_after_the_last() -> None:
    assert [make_module(lessons=0).order, make_module(lessons=0).order] == [1, 2]
    assert make_module(lessons=0, order=40).order == 40
    assert make_module(lessons=0, order=0).order == 0
    assert make_module(lessons=0).order == 41
