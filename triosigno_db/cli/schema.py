"""`triosigno-db schema`: show the tables as SQL, Prisma schema or diagram."""

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
def prisma() -> None:
    """Print schema.prisma for the Node backend.

    Example: triosigno-db schema prisma > prisma/schema.prisma
    """
    print(schema.to_prisma(), end="")


@app.command()
def erd() -> None:
    """Print an entity-relationship diagram as SVG.

    Example: triosigno-db schema erd > schema.svg
    """
    print(schema.to_svg(), end="")
