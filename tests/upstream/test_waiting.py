"""How long an attempt is waited for, and whose fault it is when that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from router.upstream.waiting import DeadlineOver, Limits, Waiting
from router.wire.faults import Fault, Kind

LONG_S = 30.0
SHORT_S = 0.02


def limits(attempt_s: float = LONG_S, first_byte_s: float = LONG_S, *, is_deadline: bool = False) -> Limits:
    return Limits(attempt_s, first_byte_s, LONG_S, is_deadline=is_deadline)


async def waited(bound: Limits, begin: Callable[[Waiting], None] = lambda _: None, *, is_started: bool = True) -> None:
    """Sleep in it for so long that only a timer can be the end."""
    async with asyncio.timeout(10):
        with Waiting(bound, is_started=is_started) as waiting:
            begin(waiting)
            await asyncio.sleep(LONG_S)


async def test_an_attempt_that_takes_too_long_is_the_vendors_fault() -> None:
    """Whether the request is out or not."""
    with pytest.raises(Fault) as late:
        await waited(limits(attempt_s=SHORT_S))
    assert late.value.kind is Kind.TIMEOUT

    with pytest.raises(Fault):
        await waited(limits(attempt_s=SHORT_S), Waiting.request_is_sent)


async def test_the_first_byte_is_waited_for_from_when_the_request_is_out() -> None:
    """Until then an attempt has all of its time: the upload takes as long as it takes."""
    with pytest.raises(Fault):
        await waited(limits(first_byte_s=SHORT_S), Waiting.request_is_sent)

    with Waiting(limits(first_byte_s=SHORT_S)) as waiting:
        await asyncio.sleep(4 * SHORT_S)
    assert waiting

    with Waiting(limits(first_byte_s=5 * SHORT_S)) as waiting:
        await asyncio.sleep(3 * SHORT_S)
        waiting.request_is_sent()
        await asyncio.sleep(3 * SHORT_S)


async def test_a_deadline_is_nobodys_fault() -> None:
    """But a first byte that does not come is the vendor's, whatever else would have ended the call later."""
    with pytest.raises(DeadlineOver):
        await waited(limits(attempt_s=SHORT_S, is_deadline=True))
    with pytest.raises(DeadlineOver):
        await waited(limits(attempt_s=SHORT_S, is_deadline=True), Waiting.request_is_sent)
    with pytest.raises(Fault):
        await waited(limits(first_byte_s=SHORT_S, is_deadline=True), Waiting.request_is_sent)


async def test_what_has_not_started_is_waited_for_without_end() -> None:
    """The client's upload is not the vendor's time; what follows it is."""
    bound = limits(attempt_s=SHORT_S, first_byte_s=SHORT_S)
    with Waiting(bound, is_started=False):
        await asyncio.sleep(4 * SHORT_S)
    with pytest.raises(Fault):
        await waited(bound, Waiting.starts, is_started=False)
    with pytest.raises(Fault):
        await waited(limits(first_byte_s=SHORT_S), Waiting.request_is_sent, is_started=False)


async def test_a_library_that_gives_up_by_itself_was_late_too() -> None:
    """Its own TimeoutError is told as ours."""
    with pytest.raises(Fault) as late, Waiting(limits()):
        raise TimeoutError
    assert late.value.kind is Kind.TIMEOUT


async def test_who_is_cancelled_from_outside_stays_cancelled() -> None:
    """By a client that leaves, even in the moment in which the time is over; and no other failure is told as late."""
    work = asyncio.ensure_future(waited(limits()))
    await asyncio.sleep(SHORT_S)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    async def both() -> None:
        task = asyncio.current_task()
        assert task
        with Waiting(limits(attempt_s=SHORT_S)) as waiting:
            asyncio.get_running_loop().call_later(SHORT_S, task.cancel)
            while task.cancelling() != 2:
                try:
                    await asyncio.sleep(SHORT_S)
                except asyncio.CancelledError:
                    continue
            assert waiting
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(both())

    with pytest.raises(LookupError), Waiting(limits()):
        raise LookupError


async def test_nothing_rings_afterwards() -> None:
    """What has ended is neither cancelled nor blamed, and a late word of it starts nothing."""
    with Waiting(limits(attempt_s=SHORT_S)) as waiting:
        pass
    waiting.request_is_sent()
    waiting.starts()
    await asyncio.sleep(4 * SHORT_S)

    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_who_goes_on_after_a_timeout_is_not_cancelled_any_more() -> None:
    """The next target has its own time."""
    for _ in range(2):
        with pytest.raises(Fault):
            await waited(limits(attempt_s=SHORT_S))
    async with asyncio.timeout(10):
        await asyncio.sleep(SHORT_S)
