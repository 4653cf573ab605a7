"""The server's roles: for migrations, for services and for read access.

`role_script` returns the SQL that creates them, `apply_roles` runs it, and `check_roles` lists
their excess and missing privileges.
"""

from triosigno_db.roles.applying import apply_roles
from triosigno_db.roles.checking import Deviation, RoleFinding, check_roles
from triosigno_db.roles.purposes import RoleNames
from triosigno_db.roles.script import role_script

__all__ = [
    "Deviation",
    "RoleFinding",
    "RoleNames",
    "apply_roles",
    "check_roles",
    "role_script",
]
