"""HTTP responses for the library's errors: problem details without internals.

The format is `application/problem+json`, RFC 9457: https://www.rfc-editor.org/rfc/rfc9457

    NotFoundError                                    404
    AlreadyExistsError, InUseError, ConflictError    409
    InvalidInputError                                422
    InvalidCredentialsError                          401, with WWW-Authenticate
    AccountInactiveError                             403
    DatabaseUnavailableError, PoolTimeoutError,
    QueryTimeoutError, ReadOnlyError                 503, with Retry-After
    OutcomeUnknownError                              500, with a note that the write may be stored
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
    """The response to a request that failed.

    Attributes:
        status: The HTTP status.
        body: The members of the JSON object.
        headers: Headers to send in addition to `Content-Type`.
    """

    status: HTTPStatus
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    def to_json(self) -> bytes:
        """Serialize the body.

        Returns:
            JSON in UTF-8.
        """
        return json.dumps(self.body, ensure_ascii=False).encode()


def problem_of(error: TrioSignoDBError) -> Problem:
    """Build the response for an error of the library, and log errors with status 5xx.

    Args:
        error: The error.

    Returns:
        The response. It contains no message of the server, no statement and no secret.
    """
    describe = next(each for kind, each in _DESCRIPTIONS.items() if isinstance(error, kind))
    problem = describe(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", type(error).__name__, error, exc_info=error)
    return problem


def invalid_request(errors: Iterable[FieldError]) -> Problem:
    """Build the response for a request with invalid values.

    Args:
        errors: The fields and what is wrong with each.

    Returns:
        The response, with status 422.
    """
    listed = [{"field": field, "message": why} for field, why in errors]
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Some values are invalid.", errors=listed)


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
    return _problem(
        HTTPStatus.NOT_FOUND, f"This {error.entity} does not exist.", entity=error.entity
    )


def _already_exists(error: AlreadyExistsError) -> Problem:
    return _problem(
        HTTPStatus.CONFLICT,
        f"A {error.entity} with this {error.field} already exists.",
        entity=error.entity,
        field=error.field,
    )


def _in_use(error: InUseError) -> Problem:
    return _problem(HTTPStatus.CONFLICT, "Other rows still refer to it.", uses=error.uses)


def _conflict(error: ConflictError) -> Problem:
    # The server's messages mention its processes and tables.
    is_own = not isinstance(error.__cause__, psycopg2.Error)
    detail = str(error) if is_own else "The request conflicts with a concurrent one: try again."
    return _problem(HTTPStatus.CONFLICT, detail)


def _invalid(error: InvalidInputError) -> Problem:
    if isinstance(error.__cause__, psycopg2.Error):
        return invalid_request([FieldError(error.field, "cannot be stored")])
    return invalid_request(error.errors)


def _invalid_credentials(error: InvalidCredentialsError) -> Problem:
    return _problem(HTTPStatus.UNAUTHORIZED, str(error), {"WWW-Authenticate": "Bearer"})


def _inactive(_: AccountInactiveError) -> Problem:
    return _problem(HTTPStatus.FORBIDDEN, "The account is deactivated.")


def _unavailable(_: TrioSignoDBError) -> Problem:
    return _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database is temporarily unavailable.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _outcome_unknown(_: TrioSignoDBError) -> Problem:
    # No Retry-After: a client that retries without checking may store the write twice.
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "It is unknown whether the request was applied: check before you try again.",
    )


def _internal(_: TrioSignoDBError) -> Problem:
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The service has an internal error.")


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
