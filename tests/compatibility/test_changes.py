"""Changes: their effect follows from the functions that they touch."""

from triosigno_db.compatibility.changes import Subject, breaking, harmless
from triosigno_db.compatibility.needs import Need, library_needs
from triosigno_db.doctor import Compatibility

NEEDS = {need.function: need for need in library_needs().functions}


def effect_of(*functions: str) -> str:
    touched: list[Need] = [NEEDS[function] for function in functions]
    return breaking(Subject("column"), "is missing", touched, "Keep it.").effect


def test_the_effect_is_the_worst_of_the_functions() -> None:
    assert effect_of("get_user", "set_role") == "reads break"
    assert effect_of("create_user", "set_role") == "writes break"
    assert effect_of() == "harmless"


def test_functions_are_named_in_order() -> None:
    change = breaking(
        Subject("column"), "is missing", [NEEDS["set_role"], NEEDS["get_user"]], "Keep it."
    )
    assert change.functions == ("get_user", "set_role")
    assert str(change) == "column is missing"
    assert change.advice == "Keep it."


def test_a_change_without_functions_asks_for_nothing() -> None:
    assert breaking(Subject("column"), "is missing", (), "Keep it.").advice == ""


def test_a_result_knows_whether_anything_breaks() -> None:
    broken, fine = (
        breaking(Subject("a"), "b", [NEEDS["get_user"]], "c"),
        harmless(Subject("d"), "is new"),
    )
    both = Compatibility((broken, fine))
    assert both.breaks
    assert both.breaking == (broken,)
    assert both.harmless == (fine,)
    assert not Compatibility((fine,)).breaks
