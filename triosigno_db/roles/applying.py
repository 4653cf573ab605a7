"""Creating the roles in the database that the process is connected to."""

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.transactions import transaction
from triosigno_db.roles.checking import RoleFinding, check_roles
from triosigno_db.roles.purposes import RoleNames, check_names
from triosigno_db.roles.script import role_script


def apply_roles(names: RoleNames | None = None) -> tuple[RoleFinding, ...]:
    """Create the roles and grant each its privileges, in one transaction.

    `role_script` says what is done. It can be repeated; after migrations it should be. The role
    that is connected must be a superuser, or own the database and be allowed to create roles.

    Args:
        names: The names of the roles; those of `RoleNames()` without it.

    Returns:
        What is still not as it should be, as `check_roles` finds it: what counts for the whole
        server is a person's to change.

    Raises:
        InvalidInputError: A name can't be one, or two roles have the same.
        QueryTimeoutError: A migration, or another transaction on a table that changes its owner,
            held a lock for too long; nothing was changed.
        PermissionDeniedError: The connected role may not do this; nothing was changed.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    names = check_names(names or RoleNames())
    script = role_script(names, schema_name=current_database().settings.schema_name)
    with transaction():
        run_sql(script)
        return check_roles(names)
