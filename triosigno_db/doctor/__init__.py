"""The doctor: checks of a database, for whoever operates it.

Each check looks at one subject and gives its findings; none needs a superuser.
"""

from triosigno_db.doctor.context import Limits
from triosigno_db.doctor.diagnosis import diagnose
from triosigno_db.doctor.findings import ConstraintReport, Diagnosis, Finding, Level
from triosigno_db.doctor.rows import check_constraints

__all__ = [
    "ConstraintReport",
    "Diagnosis",
    "Finding",
    "Level",
    "Limits",
    "check_constraints",
    "diagnose",
]
