"""The physical schema: create it, drop it, export it as SQL or a Prisma schema, draw it."""

from triosigno_db.schema.create import create_schema
from triosigno_db.schema.ddl import to_sql
from triosigno_db.schema.diagram import to_svg
from triosigno_db.schema.drop import drop_schema
from triosigno_db.schema.prisma import to_prisma

__all__ = ["create_schema", "drop_schema", "to_prisma", "to_sql", "to_svg"]
