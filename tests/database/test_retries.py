"""Which statement is sent again after which failure, how often, and after how long."""

import pickle
from typing import Any

import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database.retries import Attempt, RetryPolicy, backoff
from triosigno_db.database.statements import CompiledStatement

LOST = psycopg2.OperationalError("server closed the connection unexpectedly")
URL = "postgresql://learner@127.0.0.1/triosigno"
SEVERAL_HOSTS = "postgresql://learner@127.0.0.1,127.0.0.2/triosigno"


def failure(code: str) -> psycopg2.Error:
    """An error as the server's answer makes it: the code is what a pickle of one holds."""
    error = psycopg2.errors.lookup(code)("refused")
    made, arguments, state = error.__reduce__()[:3]
    again = made(*arguments)
    again.__setstate__({**state, "pgcode": code})
    copy = pickle.loads(pickle.dumps(again))
    assert copy.pgcode == code
    return copy


def policy(*, reads_only: bool = False, idempotent: bool = False, **options: Any) -> RetryPolicy:
    compiled = CompiledStatement("a_statement", reads_only, idempotent, "", None, "", "")
    return RetryPolicy(compiled, db.Settings.load(options.pop("url", URL), **options))


def should_retry(
    policy: RetryPolicy, failure: psycopg2.Error, *, is_sent: bool = True, is_aborted: bool = False
) -> bool:
    attempt = Attempt()
    attempt.is_sent, attempt.is_aborted = is_sent, is_aborted
    return policy.should_retry(failure, attempt)


def error_of_unknown_outcome(policy: RetryPolicy) -> psycopg2.Error | None:
    return policy.unknown_outcome


# -- lost connections --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [{"reads_only": True}, {"idempotent": True}])
def test_what_does_no_harm_is_sent_again_once_after_its_answer_was_lost(
    kind: dict[str, bool],
) -> None:
    tried = policy(**kind)
    assert should_retry(tried, LOST)
    assert not should_retry(tried, LOST)


def test_a_write_whose_answer_was_lost_is_never_sent_again() -> None:
    tried = policy()
    assert not should_retry(tried, LOST)
    assert error_of_unknown_outcome(tried) is LOST


def test_the_outcome_of_a_read_is_no_question() -> None:
    tried = policy(reads_only=True)
    should_retry(tried, LOST)
    assert error_of_unknown_outcome(tried) is None


def test_an_idempotent_write_whose_answer_was_lost_has_an_unknown_outcome() -> None:
    tried = policy(idempotent=True)
    assert should_retry(tried, LOST)
    assert error_of_unknown_outcome(tried) is LOST


def test_a_write_that_an_orderly_shutdown_undid_has_a_known_outcome() -> None:
    tried = policy()
    assert not should_retry(tried, failure("57P01"))
    assert error_of_unknown_outcome(tried) is None


@pytest.mark.parametrize("kind", [{"reads_only": True}, {"idempotent": True}])
def test_what_took_too_long_is_not_tried_again(kind: dict[str, bool]) -> None:
    assert not should_retry(policy(**kind), LOST, is_aborted=True)


def test_what_was_not_sent_is_tried_until_connecting_takes_too_long() -> None:
    patient, hasty = policy(connect_timeout=60), policy(connect_timeout=1)
    assert [should_retry(patient, LOST, is_sent=False) for _ in range(20)] == [True] * 20
    hasty._deadline -= 1
    assert not should_retry(hasty, LOST, is_sent=False)


def test_a_connection_lost_before_the_statement_leaves_its_retry_after_it() -> None:
    tried = policy(reads_only=True)
    assert should_retry(tried, LOST, is_sent=False)
    assert should_retry(tried, LOST)
    assert not should_retry(tried, LOST)


# -- answers of the server ---------------------------------------------------------------------


@pytest.mark.parametrize("code", ["23505", "42P01", "57014", "22001", "53200"])
def test_an_answer_of_the_server_is_final(code: str) -> None:
    tried = policy(reads_only=True)
    assert not should_retry(tried, failure(code))
    assert error_of_unknown_outcome(tried) is None


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_the_server_undid_for_another_is_sent_again_a_few_times(code: str) -> None:
    tried = policy()
    assert [should_retry(tried, failure(code)) for _ in range(6)] == [True] * 4 + [False] * 2
    assert error_of_unknown_outcome(tried) is None


@pytest.mark.parametrize("connections", [1, 3])
def test_each_pooled_connection_may_hold_a_stale_plan(connections: int) -> None:
    tried = policy(connection_limit=connections)
    allowed = [should_retry(tried, failure("26000")) for _ in range(connections + 2)]
    assert allowed == [True] * connections + [False] * 2


def test_a_refused_write_looks_for_the_new_primary_where_there_are_several_servers() -> None:
    assert should_retry(policy(url=SEVERAL_HOSTS), failure("25006"))
    assert not should_retry(policy(), failure("25006"))
    late = policy(url=SEVERAL_HOSTS, connect_timeout=1)
    late._deadline -= 1
    assert not should_retry(late, failure("25006"))


# -- waiting -----------------------------------------------------------------------------------


def test_each_wait_is_longer_up_to_half_a_second() -> None:
    for tries in range(12):
        longest = min(0.05 * 2**tries, 0.5)
        waits = [backoff(tries) for _ in range(200)]
        assert longest / 2 <= min(waits) <= max(waits) <= longest
        assert len(set(waits)) > 1, "callers would come back all at once"


def test_the_first_retry_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("triosigno_db.database.retries.time.sleep", waits.append)
    tried = policy()
    tried.wait()
    assert waits == []
    tried.wait()
    tried.wait()
    assert [0.05 <= waits[0] <= 0.1, 0.1 <= waits[1] <= 0.2] == [True, True]
