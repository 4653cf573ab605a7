"""The parts of a `schema.prisma`: blocks, fields and attributes, and where each stands.

https://www.prisma.io/docs/orm/reference/prisma-schema-reference
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_LIST = re.compile(r"\[(.*)\]", re.DOTALL)
_NAME = re.compile(r"[^\W_][\w-]*")
_PART = re.compile(r'"(?:\\.|[^"\\])*"|[\[({]|[\])}]|,|[^"\[({\])},]+|.', re.DOTALL)
_OPENING = "[({"
_CLOSING = "])}"


class Span(NamedTuple):
    """A part of the text.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last character.
        line: The line of its first character, from 1.
    """

    start: int
    end: int
    line: int


class Argument(NamedTuple):
    """An argument of an attribute.

    Attributes:
        name: The name before the colon, such as `map`; `None` without one.
        value: The expression as it is written, such as `[userId, signId]`.
    """

    name: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a field or of a block.

    Attributes:
        name: The name without `@`, such as `id`, `index` or `db.VarChar`.
        arguments: The arguments, in their order.
        span: From its first `@` to its last character.
    """

    name: str
    arguments: tuple[Argument, ...]
    span: Span

    def value(self, name: str | None = None) -> str | None:
        """Return the expression of an argument.

        Args:
            name: The argument's name; `None` for the first argument without a name.

        Returns:
            The expression as it is written, or `None` if there is no such argument.
        """
        return next((each.value for each in self.arguments if each.name == name), None)

    @property
    def text(self) -> str | None:
        """The string of the argument `name` or of the one without a name, as in `@map("users")`."""
        return unquote(self.value("name") or self.value() or "")

    @property
    def items(self) -> tuple[str, ...]:
        """The items of the argument `fields` or of the one without a name, as they are written.

        Each may have arguments of its own, as `createdAt(sort: Desc)`.
        """
        return list_items(self.value("fields") or self.value() or "")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields in `items`, without the arguments."""
        return tuple(match[0] for item in self.items if (match := _NAME.match(item)))


class _HasAttributes:
    """The attributes of a field, an enum's value or a block.

    Attributes:
        attributes: The attributes in their order.
    """

    __slots__ = ()
    name: str
    attributes: tuple[Attribute, ...]
    span: Span

    def attribute(self, name: str) -> Attribute | None:
        """Return the first attribute of this name.

        Args:
            name: The name without `@`.

        Returns:
            The attribute, or `None`.
        """
        return next((each for each in self.attributes if each.name == name), None)

    @property
    def database_name(self) -> str:
        """The name in the database: that of `@map` or `@@map`, else the name in the schema."""
        mapped = self.attribute("map")
        return (mapped.text if mapped else None) or self.name

    @property
    def is_ignored(self) -> bool:
        """Whether `@ignore` or `@@ignore` hides it from Prisma's client."""
        return self.attribute("ignore") is not None


@dataclass(frozen=True, slots=True)
class Field(_HasAttributes):
    """A field of a model.

    Attributes:
        name: The name in the schema; `database_name` is that of the column.
        type: The type without `?` and `[]`, such as `String`, `UserRole` or `Unsupported("point")`.
        is_optional: Whether a `?` follows the type.
        is_list: Whether `[]` follows the type.
        attributes: The attributes, such as those of `@id`, `@default(now())` and `@db.VarChar(80)`.
        span: From the name to the last attribute.
    """

    name: str
    type: str
    is_optional: bool
    is_list: bool
    attributes: tuple[Attribute, ...]
    span: Span

    @property
    def default(self) -> str | None:
        """The expression of `@default`, as it is written, or `None`."""
        found = self.attribute("default")
        return (found.value() or found.value("value")) if found else None

    @property
    def native_type(self) -> Attribute | None:
        """The attribute of the column's type, such as `db.VarChar`, or `None`."""
        return next((each for each in self.attributes if "." in each.name), None)


@dataclass(frozen=True, slots=True)
class EnumValue(_HasAttributes):
    """A value of an enum.

    Attributes:
        name: The name in the schema; `database_name` is the label.
        attributes: The attributes: `@map`.
        span: From the name to the last attribute.
    """

    name: str
    attributes: tuple[Attribute, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Model(_HasAttributes):
    """A model.

    Attributes:
        name: The name in the schema; `database_name` is that of the table.
        fields: The fields in their order, relations included.
        attributes: The block's attributes, such as those of `@@index`, in their order.
        span: From the keyword to the closing brace.
    """

    name: str
    fields: tuple[Field, ...]
    attributes: tuple[Attribute, ...]
    span: Span

    def field(self, name: str) -> Field | None:
        """Return the field of this name.

        Args:
            name: The name in the schema.

        Returns:
            The field, or `None`.
        """
        return next((each for each in self.fields if each.name == name), None)

    @property
    def schema(self) -> str | None:
        """The database schema that `@@schema` names, or `None`."""
        found = self.attribute("schema")
        return found.text if found else None


@dataclass(frozen=True, slots=True)
class Enum(_HasAttributes):
    """An enum.

    Attributes:
        name: The name in the schema; `database_name` is that of the type.
        values: The values in their order.
        attributes: The block's attributes.
        span: From the keyword to the closing brace.
    """

    name: str
    values: tuple[EnumValue, ...]
    attributes: tuple[Attribute, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Config:
    """A datasource or a generator.

    Attributes:
        keyword: `datasource` or `generator`.
        name: Its name.
        settings: The names and the expressions as they are written.
        span: From the keyword to the closing brace.
    """

    keyword: str
    name: str
    settings: dict[str, str]
    span: Span


class Comment(NamedTuple):
    """A comment, from its first slash to its last character."""

    text: str
    span: Span


class Skipped(NamedTuple):
    """What the parser does not know.

    Attributes:
        text: The text: a line, an attribute or a whole block.
        why: What it is.
        span: Where it stands.
    """

    text: str
    why: str
    span: Span


@dataclass(frozen=True, slots=True)
class PrismaSchema:
    """A parsed `schema.prisma`.

    Attributes:
        text: The whole text.
        blocks: The models, enums, datasources and generators, in their order.
        comments: All comments, in their order.
        skipped: What the parser does not know, in its order.
    """

    text: str
    blocks: tuple[Model | Enum | Config, ...]
    comments: tuple[Comment, ...]
    skipped: tuple[Skipped, ...]

    @property
    def models(self) -> tuple[Model, ...]:
        """The models, in their order."""
        return tuple(each for each in self.blocks if isinstance(each, Model))

    @property
    def enums(self) -> tuple[Enum, ...]:
        """The enums, in their order."""
        return tuple(each for each in self.blocks if isinstance(each, Enum))

    @property
    def configs(self) -> tuple[Config, ...]:
        """The datasources and generators, in their order."""
        return tuple(each for each in self.blocks if isinstance(each, Config))


def unquote(expression: str) -> str | None:
    """Return the string of a string literal.

    Args:
        expression: An expression as it is written.

    Returns:
        The string, or `None` if the expression is no string literal.
    """
    if not expression.startswith('"'):
        return None
    try:
        value = json.loads(expression)  # Prisma's string literals are those of JSON.
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def list_items(expression: str) -> tuple[str, ...]:
    """Return the items of a list.

    Args:
        expression: An expression as it is written; one that is no list is its only item.

    Returns:
        The items as they are written.
    """
    match = _LIST.fullmatch(expression.strip())
    return tuple(split_commas(match[1] if match else expression))


def split_commas(text: str) -> Iterator[str]:
    """Split a text at its commas outside of brackets and strings.

    Args:
        text: What stands between a pair of brackets.

    Yields:
        The parts without the spaces around them; empty ones are left out.
    """
    depth, part = 0, ""
    for match in _PART.finditer(text):
        depth += (match[0] in _OPENING) - (match[0] in _CLOSING)
        if match[0] == "," and depth == 0:
            if part.strip():
                yield part.strip()
            part = ""
        else:
            part += match[0]
    if part.strip():
        yield part.strip()
