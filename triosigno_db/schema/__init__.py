"""The physical schema: created, dropped, written as SQL and as Prisma's schema, drawn."""

from triosigno_db.schema.create import create_schema, drop_schema, to_prisma, to_sql, to_svg

__all__ = ["create_schema", "drop_schema", "to_prisma", "to_sql", "to_svg"]
