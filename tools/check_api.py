"""Look for changes of the public API that break services, since the last released version.

    python tools/check_api.py

The last release is the newest tag `v*` that the current commit descends from. Compared are the
public modules, as they are now and as they were then, by griffe; nothing is imported. What breaks
is printed. The exit code is 1 if something breaks although the version allows no breakage, 0
otherwise: also where there is no tag to compare with, which is said.

A version allows breakages if it is a later major version than the tag's or, before 1.0, a later
minor version.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import griffe
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PACKAGE = "triosigno_db"
PUBLIC = (
    "triosigno_db",
    "triosigno_db.aio",
    "triosigno_db.doctor",
    "triosigno_db.extending",
    "triosigno_db.integrations.fastapi",
    "triosigno_db.integrations.flask",
    "triosigno_db.integrations.opentelemetry",
    "triosigno_db.migrator",
    "triosigno_db.models",
    "triosigno_db.packs",
    "triosigno_db.roles",
    "triosigno_db.schema",
    "triosigno_db.studio",
    "triosigno_db.testing",
    "triosigno_db.testing.factories",
)
"""The modules that services may import; docs/reference/public-api.md names them."""

_COLOUR = re.compile(r"\x1b\[\d+m")


def find_last_tag(root: Path) -> str | None:
    """Find the newest release that the current commit descends from.

    Args:
        root: The repository.

    Returns:
        The tag; `None` if there is none, or no repository.
    """
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]
    try:
        done = subprocess.run(  # noqa: S603 (a command without a word from outside)
            command, cwd=root, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def find_breakages(
    root: Path, tag: str, package: str = PACKAGE, public: tuple[str, ...] = PUBLIC
) -> list[str]:
    """Find what breaks services that were written for a release.

    Args:
        root: The repository.
        tag: The release.
        package: The package.
        public: The modules that count.

    Returns:
        One line for each breakage.
    """
    old = griffe.load_git(package, ref=tag, repo=root, resolve_aliases=True, allow_inspection=False)
    new = griffe.load(package, search_paths=[root], resolve_aliases=True, allow_inspection=False)
    for tree in (old, new):
        _hide_internals(tree, public)
    breakages = griffe.find_breaking_changes(old, new)
    return [_COLOUR.sub("", each.explain(griffe.ExplanationStyle.ONE_LINE)) for each in breakages]


def _hide_internals(module: griffe.Object | griffe.Alias, public: tuple[str, ...]) -> None:
    for member in module.modules.values():
        if member.is_alias:
            continue
        member.public = any(f"{name}.".startswith(f"{member.path}.") for name in public)
        if member.public and member.path not in public:
            # A package that is public for what is in it only.
            for inner in member.members.values():
                inner.public = False
        _hide_internals(member, public)


def read_version(module: Path) -> str:
    """Read the version from the package, without importing it.

    Args:
        module: The file that assigns `__version__`.

    Returns:
        The version.

    Raises:
        LookupError: There is none.
    """
    for node in ast.parse(module.read_text("utf-8")).body:
        match node:
            case ast.Assign([ast.Name("__version__")], ast.Constant(str(version))):
                return version
    raise LookupError(f"{module} assigns no __version__")


def allows_breakage(tag: str, version: str) -> bool:
    """Tell whether a version may break what a release promised.

    Args:
        tag: The release's tag, such as `v0.1.0`.
        version: The version that is prepared.

    Returns:
        Whether it is a later major version or, before 1.0, a later minor version.
    """
    old, new = Version(tag.removeprefix("v")), Version(version)
    return new.major > old.major or (new.major == old.major == 0 and new.minor > old.minor)


def check(root: Path = ROOT, package: str = PACKAGE, public: tuple[str, ...] = PUBLIC) -> int:
    """Compare the public API with the last release's, and print what breaks.

    Args:
        root: The repository.
        package: The package.
        public: The modules that count.

    Returns:
        The exit code.
    """
    tag = find_last_tag(root)
    if tag is None:
        print("api: NOT COMPARED: this commit has no release (tag v*) before it")
        return 0
    breakages = find_breakages(root, tag, package, public)
    version = read_version(root / package / "__init__.py")
    allowed = allows_breakage(tag, version)
    print(f"api: {len(breakages)} breaking changes since {tag}", *breakages, sep="\n  ")
    if breakages and not allowed:
        print(f"api: version {version} may not break what {tag} promised")
    return int(bool(breakages) and not allowed)


if __name__ == "__main__":
    sys.exit(check())
