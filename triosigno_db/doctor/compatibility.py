"""Check a database, or a Prisma schema before it is deployed."""

from collections.abc import Iterator
from pathlib import Path

from triosigno_db.compatibility.changes import Compatibility
from triosigno_db.compatibility.expected import expected_structure
from triosigno_db.compatibility.from_catalog import from_catalog
from triosigno_db.compatibility.from_prisma import from_prisma
from triosigno_db.compatibility.judgement import judge
from triosigno_db.compatibility.needs import library_needs
from triosigno_db.errors import InvalidInputError
from triosigno_db.migrator.prisma_8 import find_prisma_8
from triosigno_db.migrator.session import open_reading_session, resolve_settings
from triosigno_db.schema.prisma_parser import parse_prisma
from triosigno_db.settings import Settings

_DEFAULT_SCHEMA: str = Settings.model_fields["schema_name"].default


def check_compatibility(
    url_or_settings: str | Settings | None = None, *, schema: str | Path | None = None
) -> Compatibility:
    """Find what a changed schema breaks: compare it with what the functions need.

    Nothing is written. With a Prisma schema, no database is needed: it tells what a database would
    be like after a migration to it, except for CHECK constraints and indexes on expressions.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one. Of
            a Prisma schema only the models of its database schema count, by default `public`.
        schema: A `schema.prisma`, or a folder of `.prisma` files, to check in place of a database.

    Returns:
        The changes, those that break functions first, and what was skipped of the Prisma schema.

    Raises:
        InvalidInputError: The file cannot be read as UTF-8, the folder has no such file, or the
            URL is invalid.
        NotConnectedError: Neither a database nor a file was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    if schema is not None:
        name = _DEFAULT_SCHEMA
        if url_or_settings is not None:
            name = resolve_settings(url_or_settings).schema_name
        return _check_files(Path(schema), name)
    with open_reading_session(resolve_settings(url_or_settings)) as session:
        found = from_catalog(session.read_catalog())
        prisma_8 = find_prisma_8(session)
    changes = judge(expected_structure(), found, library_needs())
    return Compatibility(changes, prisma_8=prisma_8)


def _check_files(path: Path, schema_name: str) -> Compatibility:
    texts = dict(_read(path))
    skipped = tuple(
        f"{name}, line {each.span.line}: {each.why}: {' '.join(each.text.split())[:60]}"
        for name, text in texts.items()
        for each in parse_prisma(text).skipped
    )
    whole = parse_prisma("\n".join(texts.values()))
    found = from_prisma(whole, schema_name=schema_name)
    return Compatibility(judge(expected_structure(), found, library_needs()), skipped)


def _read(path: Path) -> Iterator[tuple[str, str]]:
    files = sorted(path.rglob("*.prisma")) if path.is_dir() else [path]
    if not files:
        raise InvalidInputError("schema", f"{path} holds no .prisma file")
    for file in files:
        try:
            yield file.name, file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as exc:
            raise InvalidInputError("schema", f"{file} cannot be read: {exc}") from exc
