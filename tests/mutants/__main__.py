"""Change the code in many places, one at a time, and see whether the tests notice.

    python -m tests.mutants --seed 2026 --mutants 200 --jobs 2

A survivor is a change that no test notices. The exit code is 1 if more than 5 % survive that
`equivalent.toml` does not list, or if that file lists what is not in the code.

No library does this for the package: mutmut changes no function that has a decorator, which leaves
out all statements; cosmic-ray changes the files in place, and runs the same tests for each change;
pytest-gremlins has a fixed set of operators. None of them changes SQL, drops a `where`, or draws a
sample by a seed.
"""

import argparse
import ast
import hashlib
import json
import random
import secrets
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.choosing import Chooser, Coverage
from tests.mutants.operators import Mutation, defaults_of, mutations_of
from tests.mutants.running import Outcome, ProjectCopy

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".mutants" / "coverage.json"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
MUTATED = ("repositories", "database", "migrator", "records")
KILLED_SHARE = 0.95

Key = tuple[str, str, str, str]


def key_of(mutation: Mutation) -> Key:
    """What identifies a mutation wherever its line stands."""
    return mutation.file, mutation.source, mutation.operator, mutation.change


def read_equivalent() -> dict[Key, str]:
    """Read the mutations that change nothing that can be seen, and why."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutation", [])
    return {
        (each["file"], each["line"], each["operator"], each["change"]): each["reason"]
        for each in entries
    }


def read_coverage(copy: ProjectCopy, tests: list[str], jobs: int) -> Coverage:
    """Read which tests run which lines; record it first if the package or a test has changed."""
    digest = hashlib.sha256(json.dumps(tests).encode())
    for path in sorted(copy.folder.rglob("*.py")):
        if "mutants" not in path.relative_to(copy.folder).parts:
            digest.update(path.read_bytes())
    version = digest.hexdigest()
    stored = json.loads(CACHE.read_text(encoding="utf-8")) if CACHE.is_file() else {}
    if stored.get("version") != version:
        print("recording which tests run which lines", flush=True)
        stored = {"version": version, **copy.record(tests, jobs).to_json()}
        CACHE.parent.mkdir(exist_ok=True)
        CACHE.write_text(json.dumps(stored), encoding="utf-8")
    return Coverage.from_json(stored)


def try_all(
    mutations: list[Mutation], chooser: Chooser, copies: list[ProjectCopy]
) -> list[tuple[Mutation, int, Outcome]]:
    """Try each mutation, in as many threads as there are copies; return how many tests ran."""
    free: SimpleQueue[ProjectCopy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def try_one(mutation: Mutation) -> tuple[Mutation, int, Outcome]:
        tests, copy, start = chooser.choose(mutation), free.get(), time.monotonic()
        try:
            outcome = copy.run_mutated(mutation, tests, chooser.seconds_of(tests))
        finally:
            free.put(copy)
        word = "killed" if outcome.is_killed else "SURVIVED"
        print(
            f"{time.monotonic() - start:5.0f} s  {word}  {str(mutation)[:200]}\n"
            f"         {len(tests)} tests: {outcome.detail[:200]}",
            flush=True,
        )
        return mutation, len(tests), outcome

    with ThreadPoolExecutor(len(copies)) as executor:
        try:
            return list(executor.map(try_one, mutations))
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


def main() -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--mutants", type=int, default=200, help="how many mutations to draw")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at a time")
    parser.add_argument("--within", default="", help="mutate only files whose path starts so")
    parser.add_argument("tests", nargs="*", default=["tests"], help="the tests to choose from")
    given = parser.parse_args()

    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "triosigno_db").rglob("*.py"))
    }
    trees = {file: ast.parse(text) for file, text in texts.items()}
    defaults = defaults_of(trees.values())
    known = [
        mutation
        for file, text in texts.items()
        if file.split("/")[1] in MUTATED
        for mutation in mutations_of(file, text, defaults)
    ]
    equivalent = read_equivalent()
    stale = equivalent.keys() - {key_of(mutation) for mutation in known}
    candidates = [mutation for mutation in known if mutation.file.startswith(given.within)]
    count = min(given.mutants, len(candidates))
    print(f"seed {given.seed}: {count} of {len(candidates)} mutations", flush=True)
    drawn = random.Random(given.seed).sample(candidates, count)
    listed = [mutation for mutation in drawn if key_of(mutation) in equivalent]

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [ProjectCopy(ROOT, Path(folder, str(number))) for number in range(given.jobs)]
        coverage = read_coverage(copies[0], given.tests, given.jobs)
        tried = [mutation for mutation in drawn if mutation not in listed]
        results = try_all(tried, Chooser(trees, coverage), copies)

    survivors = [result for result in results if not result[2].is_killed]
    for key in sorted(stale):
        print(f"not in the code, though {EQUIVALENT.name} lists it: {key}")
    for mutation in listed:
        print(f"equivalent  {mutation}\n            {equivalent[key_of(mutation)]}")
    for mutation, tests, _ in survivors:
        print(f"survived    {mutation}\n            {tests} tests; {mutation.source}")
    share = 1 - len(survivors) / len(drawn)
    print(
        f"seed {given.seed}: {len(results) - len(survivors)} killed, {len(listed)} equivalent, "
        f"{len(survivors)} survived: {share:.1%} accounted for"
    )
    return int(share < KILLED_SHARE or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
