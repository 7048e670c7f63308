"""Every kind of fault has a verdict, and all attempts together one reply."""

from __future__ import annotations

import pytest

from router.routing.health import Blame
from router.routing.judge import PUBLIC, VERDICTS, Failure, exhausted, judge
from router.wire.faults import Fault, Kind


def failures(*kinds: Kind, retry_after_s: float | None = None) -> list[Failure]:
    return [Failure("v/m", Fault(kind, "secret words", retry_after_s=retry_after_s)) for kind in kinds]


def test_every_kind_has_a_verdict_and_words_for_the_public() -> None:
    """A new kind cannot be forgotten in either table."""
    assert set(VERDICTS) == set(PUBLIC) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "same_again", "blame"),
    [
        (Kind.CONNECT, True, Blame.COUNT),
        (Kind.FAILED, True, Blame.COUNT),
        (Kind.TRY_AGAIN, True, Blame.NONE),
        (Kind.BUSY, False, Blame.COOL),
        (Kind.KEY, False, Blame.EJECT),
        (Kind.QUOTA, False, Blame.EJECT),
        (Kind.INPUT, False, Blame.NONE),
        (Kind.NO_MODEL, False, Blame.NONE),
    ],
)
def test_the_verdicts_are_those_of_the_table(kind: Kind, same_again: bool, blame: Blame) -> None:
    """Retry and blame, apart from each other."""
    verdict = judge(Fault(kind, ""))

    assert (verdict.same_again, verdict.blame) == (same_again, blame)


def test_a_bare_403_rests_the_target_alone() -> None:
    """It may be about the model; with a code that says "key" it is about the key."""
    assert judge(Fault(Kind.KEY, "", status=403)).blame is Blame.REST
    assert judge(Fault(Kind.KEY, "", status=403, code="invalid_api_key")).blame is Blame.EJECT
    assert judge(Fault(Kind.KEY, "", status=401)).blame is Blame.EJECT


@pytest.mark.parametrize(
    ("kinds", "is_direct", "status"),
    [
        ((Kind.BUSY, Kind.BUSY), False, 429),
        ((Kind.BUSY, Kind.FAILED), False, 502),
        ((Kind.INPUT, Kind.BLOCKED), False, 400),
        ((Kind.INPUT, Kind.KEY), False, 502),
        ((Kind.TIMEOUT, Kind.TIMEOUT), False, 504),
        ((Kind.TIMEOUT, Kind.CONNECT), False, 502),
        ((Kind.NO_MODEL,), True, 404),
        ((Kind.NO_MODEL,), False, 502),
        ((Kind.KEY,), True, 502),
    ],
)
def test_the_reply_is_what_all_attempts_agree_on(kinds: tuple[Kind, ...], is_direct: bool, status: int) -> None:
    """Anything mixed is a 502, and a vendor's 401 never goes out as one."""
    error = exhausted(failures(*kinds), is_direct=is_direct, is_late=False)

    assert error.status == status
    assert ("secret words" in error.message) == (status in {400, 404})


def test_a_call_over_its_deadline_is_a_504_whatever_failed_before() -> None:
    """`is_late` decides alone."""
    assert exhausted(failures(Kind.FAILED), is_direct=False, is_late=True).status == 504


@pytest.mark.parametrize(
    ("waits", "headers"),
    [
        ((3.2, 9.0), {"retry-after": "4"}),
        ((0.0,), {"retry-after": "1"}),
        ((900.0,), {"retry-after": "900", "x-should-retry": "false"}),
        ((), {}),
    ],
)
def test_the_smallest_wait_goes_out_in_a_form_that_sdks_obey(waits: tuple[float, ...], headers: dict[str, str]) -> None:
    """Whole seconds from 1; beyond what the Node SDK obeys, no retry at all instead of one at once."""
    throttled = [one for wait in waits for one in failures(Kind.BUSY, retry_after_s=wait)] or failures(Kind.BUSY)

    assert exhausted(throttled, is_direct=False, is_late=False).headers == headers


def test_what_is_hopeless_is_not_to_be_repeated() -> None:
    """`x-should-retry: false` only where every attempt would fail again."""
    assert exhausted(failures(Kind.KEY, Kind.INPUT), is_direct=False, is_late=False).headers == {
        "x-should-retry": "false"
    }
    assert exhausted(failures(Kind.KEY, Kind.CONNECT), is_direct=False, is_late=False).headers == {}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see http://10.0.0.7:8080/x?y for it", "see … for it"),
        ("the key sk-proj-ab...9z is bad", "the key … is bad"),
        ("key gsk_1234****5678", "key …"),
        ("two\r\nlines\0", "two  lines "),
        ("plain words, e.g. 'voice'", "plain words, e.g. 'voice'"),
    ],
)
def test_a_clients_message_names_no_host_and_no_key(said: str, shown: str) -> None:
    """A vendor's words without addresses, shortened keys and control characters; the log keeps them."""
    for kind, is_direct in ((Kind.INPUT, False), (Kind.NO_MODEL, True)):
        error = exhausted([Failure("v/m", Fault(kind, said))], is_direct=is_direct, is_late=False)

        assert error.message == f"v/m: {shown}"
