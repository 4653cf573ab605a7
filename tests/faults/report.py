"""What `make soak` measured, as the tables of docs/reliability.md.

The tests keep it in `build/soak`; run as a module, this file writes the page's tables of it.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults.environment import Round
from tests.faults.journal import Verdict
from tests.faults.mixed_workload import Sample

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
KEPT = ROOT / "build" / "soak"

_FAULTS_HEAD = (
    "| fault | rounds | acknowledged | refused | unknown | lost | doubled | back after (s) |",
    "|---|---|---|---|---|---|---|---|",
)
_LOAD_HEAD = ("| | first third | last third |", "|---|---|---|")


def keep_faults(rounds: Mapping[str, Sequence[Round]], seed: int) -> None:
    """Keep the rounds of each fault.

    Args:
        rounds: The rounds by the faults' names.
        seed: What the random choices began with.
    """
    _keep("faults", {"seed": seed, "rounds": rounds})


def keep_load(samples: Sequence[Sample]) -> None:
    """Keep the samples of the mixed load.

    Args:
        samples: The samples in their order.
    """
    _keep("load", samples)


def faults_table(kept: Mapping[str, Any]) -> str:
    """Write the table of the faults.

    Args:
        kept: What `keep_faults` has kept.

    Returns:
        Lines of Markdown: one for each fault that was tried, and one for all.
    """
    lines = [f"Seed {kept['seed']}.", "", *_FAULTS_HEAD]
    all_rounds: list[Round] = []
    for name, results in kept["rounds"].items():
        rounds = [Round(Verdict(*verdict), recovery) for verdict, recovery in results]
        if rounds:
            lines.append(_faults_line(name, rounds))
        all_rounds += rounds
    lines.append(_faults_line("**all**", all_rounds))
    return "\n".join(lines)


def load_table(kept: Sequence[Sequence[Any]]) -> str:
    """Write the table of the mixed load.

    Args:
        kept: What `keep_load` has kept.

    Returns:
        Lines of Markdown: what was measured at its beginning and at its end.
    """
    samples = [Sample(*each) for each in kept]
    minutes, calls = samples[-1].minute, sum(sample.calls for sample in samples)
    third = len(samples) // 3
    thirds = (samples[:third], samples[-third:])
    lines = [f"{minutes:g} minutes, {calls:,} calls, no error.", "", *_LOAD_HEAD]
    for title, field, form in (
        ("calls a second", "calls", "{:,.0f}"),
        ("median ms", "p50", "{:.2f}"),
        ("p95 ms", "p95", "{:.2f}"),
        ("p99 ms", "p99", "{:.2f}"),
        ("median ms of a bare `SELECT 1` beside it", "bare", "{:.2f}"),
        ("memory MB", "memory", "{:.1f}"),
        ("connections", "connections", "{:.0f}"),
        ("threads", "threads", "{:.0f}"),
        ("open files", "files", "{:.0f}"),
    ):
        per = minutes * 60 / len(samples) if field == "calls" else 1
        values = [statistics.median(getattr(each, field) for each in part) for part in thirds]
        lines.append(f"| {title} | " + " | ".join(form.format(v / per) for v in values) + " |")
    return "\n".join(lines)


def put_between_markers(page: str, name: str, table: str) -> str:
    """Put a table in its place on a page.

    Args:
        page: The page's text, which holds `<!-- name -->` and `<!-- end of name -->`.
        name: The table's.
        table: Lines of Markdown.

    Returns:
        The page with the table between the two.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    assert found, f"{end} is missing"
    return f"{before}{begin}\n{table}\n\n{end}{after}"


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, write in (("faults", faults_table), ("load", load_table)):
        kept = KEPT / f"{name}.json"
        if kept.exists():
            page = put_between_markers(page, name, write(json.loads(kept.read_text())))
    PAGE.write_text(page, encoding="utf-8")


def _faults_line(name: str, rounds: Sequence[Round]) -> str:
    total = sum((each.verdict for each in rounds), Verdict())
    longest = max(each.recovery for each in rounds)
    counts = (len(rounds), *total)
    cells = [name, *(f"{count:,}" for count in counts), f"{longest:.2f}"]
    return "| " + " | ".join(cells) + " |"


def _keep(name: str, measured: object) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.json").write_text(json.dumps(measured))


if __name__ == "__main__":
    main()
