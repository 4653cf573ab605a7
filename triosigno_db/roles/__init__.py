"""Roles of the server: one that migrates, one for services, one that only reads.

`role_script` writes the SQL, `apply_roles` runs it, `check_roles` lists what a role may do beyond
its purpose, and what it can't do that it should.
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
