"""The studio: a browser over the data, for whoever develops or looks after a service.

Flask-Admin shows the models' tables; what is here decides who sees them, and what is never shown.
"""

from triosigno_db.studio.app import create_studio

__all__ = ["create_studio"]
