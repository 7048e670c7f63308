"""Uploads that pass through while they arrive: to whom they may, and what becomes of it when the rest is known.

What lives here: the decision, and an early beginning beside the wait for the call's end. Reading the client's body is
`api`'s business, writing it to a vendor `upstream`'s; whom to ask next is the relay's, early or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from router.routing.choosing import chosen, is_length_needed
from router.routing.fit import Fitted
from router.routing.plan import Plan
from router.routing.select import Selection
from router.upstream.waiting import Abandoned
from router.vendors.spec import Draft, ListenAsk, Transcription
from router.wire.arriving import BREAK_BYTES, Arriving
from router.wire.calls import Call, ListenCall
from router.wire.faults import Fault, Kind

__all__ = ["Whole", "arriving_in", "begun_early", "can_begin", "can_pass", "is_of_slow_client", "known"]

SLOW_CLIENT_S = 5.0
"""How long a vendor was kept waiting, in all: then that it hangs up says nothing about it."""
HANGING_UP = frozenset({Kind.CONNECT, Kind.TIMEOUT, Kind.TRY_AGAIN})

Whole = asyncio.Future[ListenCall]
"""The call as it is in the end: the very same one, where what came after its file has not changed it."""

_T = TypeVar("_T")


def arriving_in(fitted: Fitted) -> Arriving | None:
    """The upload of a request, where it is not whole yet."""
    audio = fitted.ask.audio if isinstance(fitted.ask, ListenAsk) else None
    return audio if isinstance(audio, Arriving) and not audio.is_whole else None


def can_pass(fitted: Fitted) -> bool:
    """Whether the upload can pass to a target while it arrives: as the end of the one request that the vendor gets.

    In a form that is so wherever its length is known; without one, and for a body that is the file alone, the vendor
    has to take chunks. Places that are counted are not for waiting in.
    """
    upload, takes_chunked = arriving_in(fitted), getattr(fitted.operation, "takes_chunked", False)
    if upload is None or fitted.target.concurrency or fitted.target.outlet.facts.transport != "http":
        return False
    try:
        draft = fitted.request()
    except Fault:
        return False
    if not isinstance(draft, Draft):
        return False
    is_in_form = draft.form is not None and any(value is upload for value in draft.form.values())
    return takes_chunked if draft.body is upload else is_in_form and (takes_chunked or upload.supposed is not None)


def can_begin(plan: Plan, call: ListenCall, selection: Selection) -> bool:
    """Whether the first target may be asked now. Not where the choice may be another when the file is known whole.

    Nor where a late target is hedged: a slow client would make every target late.
    """
    is_hedged = (
        selection.may_hedge
        and len(selection.able) > 1
        and any(one.target.timing[call.kind].hedge_after_s is not None for one in selection.able)
    )
    return (
        not is_hedged
        and can_pass(selection.able[0])
        and not is_length_needed(plan, call)
        and _is_size_known(plan, call)
    )


def _is_size_known(plan: Plan, call: ListenCall) -> bool:
    """As far as any target's bound makes a difference."""
    assert isinstance(call.audio, Arriving)
    most = call.audio.size
    least = 0 if call.audio.supposed is None else most - BREAK_BYTES
    abilities = (ability for target in chosen(plan, call).targets for ability in target.abilities.values())
    bounds = [one.largest_bytes for one in abilities if isinstance(one, Transcription)]
    return not any(bound is not None and least <= bound < most for bound in bounds)


def is_of_slow_client(fitted: Fitted, fault: Fault) -> bool:
    """Whether a vendor has hung up on an upload that did not come."""
    upload = arriving_in(fitted)
    return upload is not None and fault.kind in HANGING_UP and upload.kept_waiting_s() >= SLOW_CLIENT_S


async def known(whole: Whole) -> ListenCall:
    """The call in the end. Raises what is wrong with it."""
    await asyncio.wait([whole])  # a plain wait: who leaves does not end the reading
    return whole.result()


async def begun_early(
    run: Callable[[AsyncExitStack], Coroutine[Any, Any, _T]],
    call: Call,
    whole: Whole,
    kept: AsyncExitStack,
) -> _T | None:
    """What comes of a run that began before the whole call was known, and `kept` what it has opened.

    None: the call has become another, or the run was abandoned; then nothing is open. Raises what is wrong with the
    call, else what the run raises, in any case not before the whole call is known.
    """
    opened = AsyncExitStack()
    running = asyncio.get_running_loop().create_task(run(opened))
    try:
        if await known(whole) is not call:
            return None
        result = await running
        await kept.enter_async_context(opened.pop_all())
    except Abandoned:
        return None
    else:
        return result
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await opened.aclose()
