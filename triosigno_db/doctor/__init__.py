"""The doctor: health checks of a database, and of a schema that the Node side has changed.

Each check examines one subject and returns findings. No check needs a superuser.
"""

from triosigno_db.compatibility.changes import Effect, SchemaChange
from triosigno_db.doctor.compatibility import Compatibility, check_compatibility
from triosigno_db.doctor.context import Limits
from triosigno_db.doctor.diagnosis import diagnose
from triosigno_db.doctor.findings import ConstraintReport, Diagnosis, Finding, Level
from triosigno_db.doctor.rows import check_constraints

__all__ = [
    "Compatibility",
    "ConstraintReport",
    "Diagnosis",
    "Effect",
    "Finding",
    "Level",
    "Limits",
    "SchemaChange",
    "check_compatibility",
    "check_constraints",
    "diagnose",
]
