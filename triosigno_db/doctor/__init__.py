"""The doctor: a database looked over, for whoever operates it.

Each section looks at one subject and gives its findings; none needs a superuser.
"""

from triosigno_db.doctor.context import Limits
from triosigno_db.doctor.diagnosis import diagnose
from triosigno_db.doctor.findings import CheckReport, Diagnosis, Finding, Level
from triosigno_db.doctor.rows import examine

__all__ = [
    "CheckReport",
    "Diagnosis",
    "Finding",
    "Level",
    "Limits",
    "diagnose",
    "examine",
]
