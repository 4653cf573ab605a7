"""The page of what was measured."""

import json

from tests.faults.environment import Round
from tests.faults.journal import Verdict
from tests.faults.mixed_workload import Sample, growth
from tests.faults.report import PAGE, faults_table, load_table, put_between_markers


def sample(minute: float, **values: float) -> Sample:
    return Sample(minute, 600, 0.5, 2.0, 3.0, 0.25, 80.0, 8, 11, 27)._replace(**values)  # type: ignore[arg-type]


def test_the_rounds_of_a_fault_are_added_up() -> None:
    rounds = {
        "server killed": [
            Round(Verdict(1000, 5, 2, 0, 0), 0.25),
            Round(Verdict(500, 0, 1, 3, 4), 1.5),
        ],
        "never tried": [],
    }
    kept = json.loads(json.dumps({"seed": 7, "rounds": rounds}))
    *_, line, total = faults_table(kept).splitlines()
    assert line == "| server killed | 2 | 1,500 | 5 | 3 | 3 | 4 | 1.50 |"
    assert total == "| **all** | 2 | 1,500 | 5 | 3 | 3 | 4 | 1.50 |"


def test_a_load_is_told_by_its_first_and_its_last_third() -> None:
    samples = [sample(number, p50=float(number)) for number in range(1, 10)]
    table = load_table(json.loads(json.dumps(samples)))
    assert table.startswith("9 minutes, 5,400 calls, no error.")
    assert "| median ms | 2.00 | 8.00 |" in table
    assert "| calls a second | 10 | 10 |" in table


def test_growth_heeds_no_single_sample() -> None:
    samples = [sample(number, memory=80.0 + number) for number in range(10)]
    samples[5] = sample(5, memory=500.0)
    assert growth(samples, lambda each: each.memory) == 9


def test_the_page_has_a_place_for_each_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("faults", "load"):
        once = put_between_markers(page, name, "| a table |")
        assert f"<!-- {name} -->\n\n| a table |\n\n<!-- end of {name} -->" in once
        assert put_between_markers(once, name, "| a table |") == once
