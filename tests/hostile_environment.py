"""Variables of libpq whose values prevent a connection to the tests' servers."""

_VALUES = {
    "PGPORT": "1",
    "PGHOSTADDR": "192.0.2.1",
    "PGCONNECT_TIMEOUT": "1",
    "PGSSLMODE": "verify-full",
    "PGREQUIRESSL": "1",
    "PGSSLNEGOTIATION": "direct",
    "PGCHANNELBINDING": "require",
    "PGREQUIREAUTH": "gss",
    "PGGSSENCMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGSSLMINPROTOCOLVERSION": "TLSv1.3",
    "PGSSLMAXPROTOCOLVERSION": "TLSv1",
    "PGOPTIONS": "-c no_such_setting=1",
    "PGCLIENTENCODING": "LATIN1",
}


def hostile_value(name: str) -> str:
    """Give a value of a variable that is wrong for the tests' servers."""
    return _VALUES.get(name, "/there/is/no/such")
