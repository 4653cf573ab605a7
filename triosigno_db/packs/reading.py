"""Read a pack from a JSON or YAML file; errors name the line."""

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel, to_snake

from triosigno_db.errors import FieldError, InvalidInputError
from triosigno_db.packs.pack import PROBLEMS, ContentPack, Location, Problem, write_location

MAX_BYTES = 64 * 1024 * 1024
"""The maximum size of a file in bytes: some 200,000 signs."""

MAX_LEVELS = 100
"""The maximum nesting of a file; a pack has seven levels."""

YAML_SUFFIXES = (".yaml", ".yml")

YAML_MISSING = "YAML needs an extra: run pip install 'triosigno-db[cli]'"

_INTEGER = re.compile(r"[-+]?\d{1,19}")
_NULL = ("", "~", "null", "Null", "NULL")


class _DuplicateKeyError(ValueError):
    """A JSON object has a duplicate key."""


def read_pack(path: Path) -> ContentPack:
    """Read a pack from a file: YAML if its name ends in .yaml or .yml, else JSON.

    In YAML all values are strings, except integers and null. Anchors and aliases are not allowed.

    Args:
        path: The file, in UTF-8.

    Returns:
        The validated pack.

    Raises:
        InvalidInputError: The file cannot be read or is invalid; the error names the line of every
            invalid value.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as exc:
        raise InvalidInputError(str(path), f"cannot be read: {exc.strerror}") from exc
    if size > MAX_BYTES:
        raise InvalidInputError(str(path), f"is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise InvalidInputError(str(path), f"is not valid UTF-8 at byte {exc.start}") from exc
    return parse_pack(text, str(path))


def starter_pack() -> ContentPack:
    """Read the pack that ships with the package.

    Returns:
        The manual alphabet, numbers, greetings, family, colours and days of LSF.
    """
    name = "starter.json"
    return parse_pack(resources.files(__package__).joinpath(name).read_text("utf-8"), name)


def parse_pack(text: str, name: str) -> ContentPack:
    """Read a pack from a string.

    Args:
        text: JSON or YAML.
        name: The file's name, whose suffix selects the format.

    Returns:
        The validated pack.

    Raises:
        InvalidInputError: The text is invalid; the error names the line of every invalid value.
    """
    try:
        is_yaml = name.endswith(YAML_SUFFIXES)
        content = _parse_yaml(text, name) if is_yaml else _parse_json(text, name)
    except RecursionError:
        content = None
    if content is None:
        raise InvalidInputError(name, "contains no pack or is nested too deeply")
    problems: list[Problem] = []
    pack = None
    try:
        pack = ContentPack.model_validate(content, context={PROBLEMS: problems})
    except ValidationError as exc:
        for error in exc.errors(include_input=False, include_url=False, include_context=False):
            why = error["msg"].removeprefix("Value error, ")
            problems.append(Problem(tuple(error["loc"]), why))
    source = _Source(text, name)
    if pack is None or problems:
        first, *others = (FieldError(source.describe(each.location), each.why) for each in problems)
        # Raised outside of the handler, because pydantic's error contains the whole file.
        raise InvalidInputError(*first, *others)
    pack._describe = source.describe
    return pack


class _Source:
    """The text of a pack, used to find the lines of errors."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._root: Any = None

    def describe(self, location: Location) -> str:
        """Describe a location by its file, line and expression."""
        place = write_location(tuple(to_snake(p) if isinstance(p, str) else p for p in location))
        line = self._line_of(location)
        where = self._name if line is None else f"{self._name}, line {line}"
        return f"{where}: {place}" if place else where

    def _line_of(self, location: Location) -> int | None:
        yaml = import_yaml()
        if yaml is None:
            return None
        if self._root is None:
            # The structure of JSON is valid YAML, too.
            try:
                self._root = _compose(yaml, self._text.replace("\t", " "))
            except (yaml.YAMLError, RecursionError):
                return None
        return _find_line(self._root, location)


def _find_line(node: Any, location: Location) -> int:
    """Follow a location from the root as far as it exists, and return the line."""
    line = int(node.start_mark.line)
    for part in location:
        steps = dict(_steps(node))
        step = to_camel(part) if isinstance(part, str) else part
        if step not in steps:
            break
        line, node = steps[step]
    return line + 1


def _steps(node: Any) -> Iterator[tuple[str | int, tuple[int, Any]]]:
    if node.id == "sequence":
        for number, item in enumerate(node.value):
            yield number, (item.start_mark.line, item)
    elif node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar":
                # A file may use both `video_url` and `videoUrl`.
                yield to_camel(key.value), (key.start_mark.line, value)


def _parse_json(text: str, name: str) -> Any:
    def check_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            raise _DuplicateKeyError(next(key for key in keys if keys.count(key) > 1))
        return found

    try:
        return json.loads(text, object_pairs_hook=check_duplicates)
    except json.JSONDecodeError as exc:
        raise InvalidInputError(
            f"{name}, line {exc.lineno}", f"is not valid JSON: {exc.msg}"
        ) from exc
    except _DuplicateKeyError as exc:
        raise InvalidInputError(name, f"has the key {str(exc)!r} twice in one object") from exc
    except ValueError as exc:
        # A number with more digits than Python converts.
        raise InvalidInputError(name, f"is not valid JSON: {exc}") from exc


def _parse_yaml(text: str, name: str) -> Any:
    yaml = import_yaml()
    if yaml is None:
        raise InvalidInputError(name, YAML_MISSING)
    try:
        root = _compose(yaml, text, name)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = name if mark is None else f"{name}, line {mark.line + 1}"
        why = getattr(exc, "problem", None) or str(exc)
        raise InvalidInputError(where, f"is not valid YAML: {why}") from exc
    return None if root is None else _construct(root, name)


def _compose(yaml: Any, text: str, name: str = "") -> Any:
    """Parse a text into a tree of nodes, without anchors and with a maximum depth.

    libyaml before 0.2.6 has no limit of its own, and would crash.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_loader(yaml)):
        if getattr(event, "anchor", None) is not None:
            line = event.start_mark.line + 1
            raise InvalidInputError(
                f"{name}, line {line}", "has an anchor or an alias, which is not allowed"
            )
        is_start = isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent)
        is_end = isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent)
        depth += is_start - is_end
        if depth > MAX_LEVELS:
            raise RecursionError
    return yaml.compose(text, Loader=_loader(yaml))


def _construct(node: Any, name: str) -> Any:
    if node.id == "sequence":
        return [_construct(each, name) for each in node.value]
    if node.id == "mapping":
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.id != "scalar" or key.value in found:
                why = "has a key twice" if key.id == "scalar" else "has a key that is not a string"
                raise InvalidInputError(f"{name}, line {key.start_mark.line + 1}", why)
            found[key.value] = _construct(value, name)
        return found
    # PyYAML's two loaders represent a plain scalar differently.
    is_plain = not node.style
    if is_plain and node.value in _NULL:
        return None
    if is_plain and _INTEGER.fullmatch(node.value):
        return int(node.value)
    return node.value


def import_yaml() -> Any:
    """Import PyYAML.

    Returns:
        The package, or `None` if it is not installed.
    """
    try:
        import yaml  # noqa: PLC0415 (an extra, not needed for JSON)
    except ImportError:
        return None
    return yaml


def _loader(yaml: Any) -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
