"""Context managers that end even if an exception comes just before they are left."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.interrupting import InterruptionError, interrupted_at
from triosigno_db.database.blocks import Block, block


class Ledger:
    """What blocks have done."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    @block
    def entered(self, name: str, *, swallows: bool = False) -> Iterator[str]:
        self.steps.append(f"enter {name}")
        try:
            yield name
        except ValueError:
            if not swallows:
                raise
        finally:
            self.steps.append(f"leave {name}")


def test_it_runs_what_stands_before_and_after_yield() -> None:
    ledger = Ledger()
    with ledger.entered("outer") as outer, ledger.entered("inner") as inner:
        ledger.steps.append(f"{outer}, {inner}")
    assert ledger.steps == [
        "enter outer",
        "enter inner",
        "outer, inner",
        "leave inner",
        "leave outer",
    ]


def test_an_exception_of_the_block_reaches_the_generator() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match="wrong"), ledger.entered("a"):
        raise ValueError("wrong")
    with ledger.entered("b", swallows=True):
        raise ValueError("wrong")
    assert ledger.steps == ["enter a", "leave a", "enter b", "leave b"]


def test_each_call_of_a_decorated_function_has_a_block_of_its_own() -> None:
    ledger = Ledger()

    @ledger.entered("call")
    def double(number: int) -> int:
        ledger.steps.append(str(number))
        return 2 * number

    assert [double(1), double(number=2)] == [2, 4]
    assert ledger.steps == ["enter call", "1", "leave call", "enter call", "2", "leave call"]


def test_an_exit_stack_leaves_it() -> None:
    ledger = Ledger()
    with ExitStack() as stack:
        assert stack.enter_context(ledger.entered("a")) == "a"
        assert ledger.steps == ["enter a"]
    assert ledger.steps == ["enter a", "leave a"]


def test_it_ends_although_an_exception_comes_as_it_is_left() -> None:
    ledger = Ledger()
    with pytest.raises(InterruptionError) as caught, interrupted_at(Block.leave):  # noqa: SIM117
        with ledger.entered("a"):
            pass
    # The traceback is still referred to.
    assert caught.tb is not None
    assert ledger.steps == ["enter a", "leave a"]


def test_it_ends_although_an_exception_comes_as_another_leaves_it() -> None:
    ledger = Ledger()
    with pytest.raises(InterruptionError) as caught, interrupted_at(Block.leave):  # noqa: SIM117
        with ledger.entered("a"):
            raise ValueError
    assert isinstance(caught.value.__context__, ValueError)
    assert ledger.steps == ["enter a", "leave a"]


def test_it_is_not_entered_if_an_exception_comes_before() -> None:
    ledger = Ledger()
    with pytest.raises(InterruptionError), interrupted_at(Block.__enter__):  # noqa: SIM117
        with ledger.entered("a"):
            pass
    assert ledger.steps == []
