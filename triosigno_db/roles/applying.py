"""Create the roles in the connected database."""

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.transactions import transaction
from triosigno_db.roles.checking import RoleFinding, check_roles
from triosigno_db.roles.purposes import RoleNames, check_names
from triosigno_db.roles.script import role_script


def apply_roles(names: RoleNames | None = None) -> tuple[RoleFinding, ...]:
    """Create the roles and grant each its privileges, in one transaction.

    It runs the SQL of `role_script`. It can be run repeatedly; run it again after migrations. The
    connected role must be a superuser, or own the database and be allowed to create roles.

    Args:
        names: The names of the roles. The default is `RoleNames()`.

    Returns:
        The remaining findings of `check_roles`, which you must change by hand, because they concern
        the whole server.

    Raises:
        InvalidInputError: A name is invalid, or two roles have the same name.
        QueryTimeoutError: A migration, or another transaction on a table whose owner changes, held
            a lock for too long; nothing was changed.
        PermissionDeniedError: The connected role lacks a privilege; nothing was changed.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    names = check_names(names or RoleNames())
    script = role_script(names, schema_name=current_database().settings.schema_name)
    with transaction():
        run_sql(script)
        return check_roles(names)
