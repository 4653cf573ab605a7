"""Modules: created, each after the last."""

import pytest

from tests.content import make_module

pytestmark = pytest.mark.usefixtures("database")


def test_a_module_without_an_order_comes_after_the_last() -> None:
    assert [make_module().order, make_module().order] == [1, 2]
    assert make_module(order=40).order == 40
    assert make_module(order=0).order == 0
    assert make_module().order == 41
