"""What an error of the library looks like to a client over HTTP: a problem, without internals.

The format is `application/problem+json`, RFC 9457: https://www.rfc-editor.org/rfc/rfc9457

    NotFoundError                                    404
    AlreadyExistsError, InUseError, ConflictError    409
    InvalidInputError                                422
    InvalidCredentialsError                          401, with WWW-Authenticate
    AccountInactiveError                             403
    DatabaseUnavailableError, PoolTimeoutError,
    QueryTimeoutError, ReadOnlyError                 503, with Retry-After
    OutcomeUnknownError                              500, and that it may have taken place
    everything else                                  500
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import psycopg2

from triosigno_db.errors import (
    AccountInactiveError,
    AlreadyExistsError,
    ConflictError,
    DatabaseUnavailableError,
    FieldError,
    InUseError,
    InvalidCredentialsError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    PoolTimeoutError,
    QueryTimeoutError,
    ReadOnlyError,
    TrioSignoDBError,
)

logger = logging.getLogger("triosigno_db")

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER_SECONDS = 2


class Problem(NamedTuple):
    """An answer to a request that failed.

    Attributes:
        status: The HTTP status.
        body: What the client is told.
        headers: Headers to send beside `Content-Type`.
    """

    status: HTTPStatus
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    def to_json(self) -> bytes:
        """Write the body.

        Returns:
            JSON in UTF-8.
        """
        return json.dumps(self.body, ensure_ascii=False).encode()


def problem_of(error: TrioSignoDBError) -> Problem:
    """Describe an error of the library to a client, and log what is the service's own fault.

    Args:
        error: The error.

    Returns:
        The answer; it holds no message of the server, no statement and no secret.
    """
    describe = next(each for kind, each in _DESCRIPTIONS.items() if isinstance(error, kind))
    problem = describe(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", type(error).__name__, error, exc_info=error)
    return problem


def invalid_request(errors: Iterable[FieldError]) -> Problem:
    """Describe a request that does not fit what it should hold.

    Args:
        errors: What is wrong with which field.

    Returns:
        The answer, 422.
    """
    listed = [{"field": field, "message": why} for field, why in errors]
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Some values are wrong.", errors=listed)


def _problem(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Problem:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        **members,
    }
    return Problem(status, body, headers or {})


def _not_found(error: NotFoundError) -> Problem:
    return _problem(HTTPStatus.NOT_FOUND, f"There is no such {error.entity}.", entity=error.entity)


def _already_exists(error: AlreadyExistsError) -> Problem:
    return _problem(
        HTTPStatus.CONFLICT,
        f"There is a {error.entity} with this {error.field} already.",
        entity=error.entity,
        field=error.field,
    )


def _in_use(error: InUseError) -> Problem:
    return _problem(HTTPStatus.CONFLICT, "Other rows still need it.", uses=error.uses)


def _conflict(error: ConflictError) -> Problem:
    # The server's own words speak of its processes and tables.
    is_own = not isinstance(error.__cause__, psycopg2.Error)
    detail = str(error) if is_own else "It lost against a concurrent request: repeat it."
    return _problem(HTTPStatus.CONFLICT, detail)


def _invalid(error: InvalidInputError) -> Problem:
    if isinstance(error.__cause__, psycopg2.Error):
        return invalid_request([FieldError(error.field, "can't be stored")])
    return invalid_request(error.errors)


def _invalid_credentials(error: InvalidCredentialsError) -> Problem:
    return _problem(HTTPStatus.UNAUTHORIZED, str(error), {"WWW-Authenticate": "Bearer"})


def _inactive(_: AccountInactiveError) -> Problem:
    return _problem(HTTPStatus.FORBIDDEN, "The account is deactivated.")


def _unavailable(_: TrioSignoDBError) -> Problem:
    return _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database can't answer at present.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _outcome_unknown(_: TrioSignoDBError) -> Problem:
    # No Retry-After: whoever repeats it unseen may do it twice.
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "It is not known whether this took place: look before you repeat it.",
    )


def _internal(_: TrioSignoDBError) -> Problem:
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something is wrong with the service.")


_DESCRIPTIONS: dict[type[TrioSignoDBError], Callable[[Any], Problem]] = {
    NotFoundError: _not_found,
    AlreadyExistsError: _already_exists,
    InUseError: _in_use,
    ConflictError: _conflict,
    InvalidInputError: _invalid,
    InvalidCredentialsError: _invalid_credentials,
    AccountInactiveError: _inactive,
    DatabaseUnavailableError: _unavailable,
    PoolTimeoutError: _unavailable,
    QueryTimeoutError: _unavailable,
    ReadOnlyError: _unavailable,
    OutcomeUnknownError: _outcome_unknown,
    TrioSignoDBError: _internal,
}
