"""The studio: a web interface to the data, for developers and operators.

Flask-Admin shows the models' tables. This package adds access control and hides secret columns.
"""

from triosigno_db.studio.app import create_studio

__all__ = ["create_studio"]
