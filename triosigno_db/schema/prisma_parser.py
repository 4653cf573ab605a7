"""Parse a `schema.prisma`: models, enums, fields and attributes, with their places in the text.

A declaration ends at the end of its line, and a block at a brace that begins a line; only a comment
between `/*` and `*/` goes over several lines. Offsets count characters, so that a text can be
edited without changing any other character. What the parser does not know is skipped and listed.

https://github.com/prisma/prisma-engines/blob/main/psl/schema-ast/src/parser/datamodel.pest
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from triosigno_db.schema.prisma_nodes import (
    Argument,
    Attribute,
    Comment,
    Config,
    Enum,
    EnumValue,
    Field,
    Model,
    PrismaSchema,
    Skipped,
    Span,
    split_commas,
)

UNKNOWN_ATTRIBUTE = "the attribute is not known"
"""Why an attribute is listed that is parsed like others, but is none of Prisma's."""

NO_END = "a block has no closing brace"
"""Why the rest of a text is a part of its last block."""

_STRING = r'"(?:\\.|[^"\\\x00-\x1f])*"'
_NAME = r"[^\W_][\w-]*"
_SPACE = r"[^\S\r\n]"
_BLANK = re.compile(r"[\s\ufeff]+")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(_STRING)
_STRING_OR_COMMENT_START = re.compile(r'"|//|/\*')
_END_OF_LINE = re.compile(r"\r\n|\r|\n|\Z")
_OPENING = re.compile(rf"(?:(?P<keyword>{_NAME}){_SPACE}+)?(?P<name>{_NAME}){_SPACE}*\{{{_SPACE}*")
_FIELD = re.compile(
    rf"""
    (?P<name>{_NAME})(?:\s*:\s*|\s+)
    (?P<type>Unsupported\(\s*{_STRING}\s*\)|{_NAME})\s*
    (?P<list>\[\s*\])?\s*(?P<optional>\?)?
    """,
    re.VERBOSE,
)
_VALUE = re.compile(rf"(?P<name>{_NAME})")
_SETTING = re.compile(rf"(?P<name>{_NAME})\s*=\s*(?P<value>.*\S)", re.DOTALL)
_ATTRIBUTE = re.compile(rf"\s*(?P<at>@@?)\s*(?P<name>{_NAME}(?:\.{_NAME})*)")
_OPENING_BRACKET = re.compile(r"\s*\(")
_BRACKET = re.compile(rf"{_STRING}|(?P<open>\()|(?P<close>\))")
_ARGUMENT = re.compile(rf"(?:(?P<name>{_NAME})\s*:\s*)?(?P<value>.*)", re.DOTALL)

_KNOWN = {
    "@": {"id", "unique", "default", "map", "relation", "updatedAt", "ignore"},
    "@@": {"id", "unique", "index", "map", "ignore", "schema"},
}


class _Line(NamedTuple):
    """A declaration: its text, with spaces for the comments, and its offset."""

    text: str
    start: int


class _Declaration(NamedTuple):
    """What stands before the attributes of a line, the attributes, and where both stand."""

    match: re.Match[str]
    attributes: tuple[Attribute, ...]
    span: Span


def parse_prisma(text: str) -> PrismaSchema:
    """Parse a `schema.prisma`.

    Args:
        text: The whole text, with its line endings as they are. Any text can be parsed.

    Returns:
        The blocks, the comments, and what was skipped.
    """
    return _Parser(text).parse()


class _Parser:
    """Reads a text from its start to its end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.last_comment_end = text.rfind("*/")
        self.line_ends = [match.end() for match in _END_OF_LINE.finditer(text)][:-1]
        self.comments: list[Comment] = []
        self.skipped: list[Skipped] = []

    def parse(self) -> PrismaSchema:
        blocks = tuple(self._blocks())
        skipped = tuple(sorted(self.skipped, key=lambda each: each.span))
        return PrismaSchema(self.text, blocks, tuple(self.comments), skipped)

    def _blocks(self) -> Iterator[Model | Enum | Config]:
        while self._has_more():
            opening = _OPENING.match(self.text, self.offset)
            if opening is None:
                self._skip(self._read_line(), "it is no block")
            elif (block := self._block(opening)) is not None:
                yield block

    def _block(self, opening: re.Match[str]) -> Model | Enum | Config | None:
        self._leave_opening_line(opening.end())
        lines = self._read_body()
        span = self._span(opening.start(), self.offset)
        name, keyword = opening["name"], opening["keyword"]
        match keyword:
            case "model":
                fields, attributes = self._members(lines, _FIELD)
                return Model(name, tuple(map(_to_field, fields)), attributes, span)
            case "enum":
                values, attributes = self._members(lines, _VALUE)
                return Enum(name, tuple(map(_to_value, values)), attributes, span)
            case "datasource" | "generator":
                return Config(keyword, name, self._settings(lines), span)
        why = f"it is a {keyword}" if keyword else "it is a block without a keyword"
        self.skipped.append(Skipped(self.text[span.start : span.end], why, span))
        return None

    def _leave_opening_line(self, end: int) -> None:
        """Go on after the line of a brace that opens; Prisma ignores what follows that brace."""
        comment = _COMMENT.match(self.text, end)
        if comment is not None and comment[0].startswith("//"):
            self.comments.append(Comment(comment[0], self._span(*comment.span())))
        self.offset = self._end_of_line(end)

    def _read_body(self) -> list[_Line]:
        """Read the declarations of a block, and go on after its closing brace."""
        lines: list[_Line] = []
        start = self.offset
        while self._has_more():
            if self.text[self.offset] == "}":
                self.offset += 1
                return lines
            lines.append(self._read_line())
        self.skipped.append(Skipped("", NO_END, self._span(start, start)))
        return lines

    def _has_more(self) -> bool:
        """Go on to the next character outside of comments and spaces, if there is one."""
        while self.offset < len(self.text):
            if self._read_comment():
                continue
            if blank := _BLANK.match(self.text, self.offset):
                self.offset = blank.end()
            else:
                return True
        return False

    def _read_comment(self) -> str:
        """Go on after the comment that begins here, if one does.

        Returns:
            The comment, or nothing.
        """
        is_open = self.text.startswith("/*", self.offset)
        if is_open and self.last_comment_end < self.offset:  # searched for once, not each time
            return ""
        comment = _COMMENT.match(self.text, self.offset)
        if comment is None:
            return ""
        self.comments.append(Comment(comment[0], self._span(*comment.span())))
        self.offset = comment.end()
        return comment[0]

    def _read_line(self) -> _Line:
        """Read to the end of the line, and further where a comment ends on a later one."""
        start, shown = self.offset, ""
        end = self._end_of_line(start)
        while opening := _STRING_OR_COMMENT_START.search(self.text, self.offset, end):
            shown += self.text[self.offset : opening.start()]
            self.offset = opening.start()
            if comment := self._read_comment():
                shown += " " * len(comment)
            else:
                found = _QUOTED.match(self.text, self.offset) or opening
                shown += found[0]
                self.offset = found.end()
            if self.offset > end:  # the comment ends on a later line
                end = self._end_of_line(self.offset)
        shown += self.text[self.offset : end]
        self.offset = end
        return _Line(shown.rstrip(), start)

    def _end_of_line(self, offset: int) -> int:
        match = _END_OF_LINE.search(self.text, offset)
        return match.end() if match else len(self.text)

    def _members(
        self, lines: list[_Line], pattern: re.Pattern[str]
    ) -> tuple[list[_Declaration], tuple[Attribute, ...]]:
        """Parse the lines of a model or an enum.

        Returns:
            The fields or values, and the attributes of the block.
        """
        members: list[_Declaration] = []
        of_block: list[Attribute] = []
        for line in lines:
            start = pattern.match(line.text)
            attributes = self._attributes(line, start.end() if start else 0)
            if attributes is None:
                self._skip(line, "it is no field and no attribute")
            elif start is not None:
                span = self._span(line.start, line.start + len(line.text))
                members.append(_Declaration(start, attributes, span))
            else:
                of_block += attributes
        return members, tuple(of_block)

    def _attributes(self, line: _Line, offset: int) -> tuple[Attribute, ...] | None:
        """Parse attributes up to the end of the line: those of a field, or one of a block.

        Returns:
            The attributes, or `None` if there is anything else.
        """
        expected = "@" if offset else "@@"
        attributes: list[Attribute] = []
        while offset < len(line.text):
            match = _ATTRIBUTE.match(line.text, offset)
            if match is None or match["at"] != expected or (expected == "@@" and attributes):
                return None
            arguments = _arguments(line.text, match.end())
            if arguments is None:
                return None
            inside, offset = arguments
            span = self._span(line.start + match.start("at"), line.start + offset)
            attributes.append(Attribute(match["name"], inside, span))
            if "." not in match["name"] and match["name"] not in _KNOWN[expected]:
                text = self.text[span.start : span.end]
                self.skipped.append(Skipped(text, UNKNOWN_ATTRIBUTE, span))
        return tuple(attributes)

    def _settings(self, lines: list[_Line]) -> dict[str, str]:
        settings = {}
        for line in lines:
            if match := _SETTING.fullmatch(line.text):
                settings[match["name"]] = match["value"]
            else:
                self._skip(line, "it is no setting")
        return settings

    def _skip(self, line: _Line, why: str) -> None:
        span = self._span(line.start, line.start + len(line.text))
        self.skipped.append(Skipped(self.text[span.start : span.end], why, span))

    def _span(self, start: int, end: int) -> Span:
        return Span(start, end, bisect_right(self.line_ends, start) + 1)


def _arguments(text: str, offset: int) -> tuple[tuple[Argument, ...], int] | None:
    """Parse the arguments of an attribute, if there are any.

    Returns:
        The arguments and the offset after them, or `None` without a closing bracket.
    """
    opening = _OPENING_BRACKET.match(text, offset)
    if opening is None:
        return (), offset
    depth = 1
    for match in _BRACKET.finditer(text, opening.end()):
        depth += (match["open"] is not None) - (match["close"] is not None)
        if depth == 0:
            inside = text[opening.end() : match.start()]
            return tuple(map(_to_argument, split_commas(inside))), match.end()
    return None


def _to_argument(text: str) -> Argument:
    match = _ARGUMENT.fullmatch(text)
    return Argument(match["name"], match["value"]) if match else Argument(None, text)


def _to_field(declaration: _Declaration) -> Field:
    match, attributes, span = declaration
    is_optional, is_list = match["optional"] is not None, match["list"] is not None
    return Field(match["name"], match["type"], is_optional, is_list, attributes, span)


def _to_value(declaration: _Declaration) -> EnumValue:
    match, attributes, span = declaration
    return EnumValue(match["name"], attributes, span)
