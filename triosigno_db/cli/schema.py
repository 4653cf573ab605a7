"""`triosigno-db schema`: show the tables as SQL, Prisma schema or diagram."""

from typing import Annotated

import typer

from triosigno_db import schema

app = typer.Typer(help="Show the tables as SQL, schema.prisma or diagram.", no_args_is_help=True)


@app.command()
def sql() -> None:
    """Print the SQL that creates the tables in an empty schema.

    Example: triosigno-db schema sql | psql "$DATABASE_URL"
    """
    print(schema.to_sql(), end="")


@app.command()
def prisma(
    prisma: Annotated[
        int, typer.Option(min=6, max=7, help="The version of Prisma that reads it.")
    ] = 7,
) -> None:
    """Print schema.prisma for the Node backend.

    Example: triosigno-db schema prisma > prisma/schema.prisma
    """
    print(schema.to_prisma(prisma=prisma), end="")


@app.command()
def erd() -> None:
    """Print an entity-relationship diagram as SVG.

    Example: triosigno-db schema erd > schema.svg
    """
    print(schema.to_svg(), end="")
