"""Ask whether what the library makes its users install has known vulnerabilities.

    python tools/audit_dependencies.py

Asked about are the versions in this environment of the library's dependencies and of its extras
for users, with all that they bring; nothing else that is installed. The answers come from services
on the network, asked by pip-audit. The exit code is 1 where a vulnerability is known, 2 where the
audit itself is broken, and 0 otherwise: also where no service can be reached or knows the packages,
which is printed plainly, as then nothing was found out.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "triosigno-db"
NOT_FOR_USERS = {"dev", "docs"}
SERVICES = (("--vulnerability-service", "pypi"), ("--vulnerability-service", "osv"))
LONGEST_WAIT = 120

UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ServiceError",
    "SSLError",
    "JSONDecodeError",
    "Could not connect to",
    "is not redirecting properly",
)
"""What the last lines of pip-audit hold where a service is down, cut off, or answers nonsense."""


class AuditBrokenError(Exception):
    """pip-audit has failed by itself, whatever a service says."""


@dataclass(frozen=True)
class Answer:
    """What a service says.

    Attributes:
        vulnerable: One line for each known vulnerability.
        audited: How many packages it answers for.
        unknown: Those that it does not answer for.
    """

    vulnerable: tuple[str, ...]
    audited: int
    unknown: tuple[str, ...]


def users_requirements(package: str = PACKAGE) -> list[str]:
    """List what the package and its extras for users need, pinned to what is installed.

    Args:
        package: The name of an installed package.

    Returns:
        Requirements such as `peewee==4.5.3`, sorted; what is not installed on this platform is
        left out.
    """
    extras = set(distribution(package).metadata.get_all("Provides-Extra") or ()) - NOT_FOR_USERS
    open_ends = [(package, extra) for extra in ("", *sorted(extras))]
    seen = set(open_ends)
    pins: dict[str, str] = {}
    while open_ends:
        name, extra = open_ends.pop()
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if name != package:
            pins[name] = f"{name}=={installed.version}"
        for needed in _needed(installed.requires or (), extra):
            if needed not in seen:
                seen.add(needed)
                open_ends.append(needed)
    return sorted(pins.values())


def _needed(requires: Sequence[str], extra: str) -> Iterator[tuple[str, str]]:
    for text in requires:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            name = canonicalize_name(requirement.name)
            yield from ((name, inner) for inner in ("", *sorted(requirement.extras)))


def ask(requirements: Sequence[str], *service: str) -> Answer | None:
    """Ask a service about packages.

    Args:
        requirements: The packages, each pinned to a version.
        *service: pip-audit's options that choose the service.

    Returns:
        What it says; `None` where it can't be reached.

    Raises:
        AuditBrokenError: pip-audit has failed otherwise.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(requirements) + "\n")
        options = ["--requirement", str(file), "--no-deps", "--disable-pip", "--format", "json"]
        options += ["--progress-spinner", "off", "--timeout", "10", *service]
        try:
            done = subprocess.run(  # noqa: S603 (a program of this environment, names of packages)
                [sys.executable, "-m", "pip_audit", *options],
                capture_output=True,
                text=True,
                timeout=LONGEST_WAIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    return read_answer(done.stdout, done.stderr)


def read_answer(output: str, errors: str) -> Answer | None:
    """Read what pip-audit has printed.

    Args:
        output: Its output, JSON where a service has answered.
        errors: Its messages.

    Returns:
        What the service says; `None` where it can't be reached.

    Raises:
        AuditBrokenError: It is neither.
    """
    if not output.strip():
        last = "\n".join(errors.strip().splitlines()[-3:])
        if any(sign in last for sign in UNREACHABLE):
            return None
        raise AuditBrokenError(errors)
    packages = json.loads(output)["dependencies"]
    asked = [each for each in packages if "skip_reason" not in each]
    vulnerable = [
        f"{each['name']} {each['version']}: {found['id']}"
        f" (fixed in {', '.join(found['fix_versions']) or 'no version yet'})"
        for each in asked
        for found in each["vulns"]
    ]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    return Answer(tuple(vulnerable), len(asked), tuple(unknown))


def audit(requirements: Sequence[str], services: Sequence[Sequence[str]] = SERVICES) -> int:
    """Ask one service after the other until one knows every package, and print what they say.

    Args:
        requirements: The packages, each pinned to a version.
        services: pip-audit's options that choose each service.

    Returns:
        The exit code: 1 where a vulnerability is known, else 0.

    Raises:
        AuditBrokenError: pip-audit has failed by itself.
    """
    left = list(requirements)
    for service in services:
        answer = ask(left, *service)
        if answer is None:
            print(f"audit: {' '.join(service)}: can't be reached, or gives no answer")
            continue
        if answer.vulnerable:
            print("audit: known vulnerabilities:", *answer.vulnerable, sep="\n  ")
            return 1
        told = f"answers for {answer.audited} of {len(left)} packages, none of them vulnerable"
        print(f"audit: {' '.join(service)}: {told}")
        left = [each for each in left if each.partition("==")[0] in answer.unknown]
        if not left:
            return 0
    print(f"audit: NOT AUDITED, as no service answers for these {len(left)}: {', '.join(left)}")
    return 0


def main() -> int:
    """Audit what users install.

    Returns:
        The exit code.
    """
    try:
        return audit(users_requirements())
    except AuditBrokenError as exc:
        print(f"audit: pip-audit has failed:\n{exc}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
