"""What is said to one vendor for one call: one request, or the steps of a job up to the one that holds the result.

What lives here: walking the steps. A create is sent once, a poll again when it fails, a result fetched from where it
may lie; a job that nobody waits for any more is taken back. How one request is sent and read: `talk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NoReturn
from urllib.parse import urljoin

from msgspec import Struct, field
from msgspec.structs import replace

from router.upstream.addresses import address_of
from router.upstream.keeping import NOBODY, Course, Keeper, Stage
from router.upstream.lookup import Discreet, units_in
from router.upstream.talk import Kept, Known, Side, Talk, said_once
from router.upstream.transport import Patience, Response
from router.vendors.spec import Draft, Interim, Steps, Unit
from router.wire.faults import Fault, Kind

__all__ = ["Conversations", "Told"]

MOST_FAILED_POLLS = 5
POLL_AGAIN_S = 1.0
LONGEST_PAUSE_S = 30.0
MOST_REDIRECTS = 3
LATE_ANSWER_S = 30.0
"""How long the answer to a create is waited for when nobody else does: the job's id is in it."""
MOVED = frozenset({301, 302, 303, 307, 308})
WORTH_ANOTHER_LOOK = frozenset({404, 408, 425, 429, 500, 502, 503, 504})  # a result that is not there yet
WORTH_ANOTHER_POLL = frozenset({Kind.CONNECT, Kind.TIMEOUT, Kind.BUSY, Kind.TRY_AGAIN, Kind.FAILED, Kind.GARBLED})
ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What vendor files raise for an answer that is not as they read it."""
NOT_MADE = frozenset({Kind.KEY, Kind.QUOTA, Kind.BUSY, Kind.INPUT, Kind.BLOCKED, Kind.NO_MODEL})


class Told(Struct):
    """The answer that holds the result, and what the answers before it have said will be billed."""

    response: Response
    units: dict[Unit, float] = field(default_factory=dict)


class Conversations:
    """Holds all conversations of a process, and the farewells that outlive them."""

    def __init__(self) -> None:
        self._farewells: set[asyncio.Task[None]] = set()
        self._kept: Kept = {}

    async def begun(
        self,
        request: Draft | Steps,
        side: Side,
        patience: Patience,
        course: Course,
        on_sent: Callable[[], None],
        opened: AsyncExitStack,
        keeper: Keeper = NOBODY,
    ) -> Told:
        """The answer that holds the result, which ends with `opened`.

        Raises `Fault`; `course` tells whether a job may be there.
        """
        talk = Talk(side, patience, course, on_sent, keeper, self._kept)
        with Discreet(side.settings):
            if not isinstance(request, Draft):
                return Told(await self._stepped(request, talk, opened), talk.units)
            await keeper.sending(side.target)
            return Told(await opened.enter_async_context(talk.asked(request)), talk.units)

    async def _stepped(self, steps: Steps, talk: Talk, opened: AsyncExitStack) -> Response:
        try:
            result = await _run(steps, talk)
            return Known(result) if isinstance(result, Interim) else await _fetched(result, talk, opened)
        except BaseException as error:
            is_left = isinstance(error, asyncio.CancelledError) and talk.keeper.leaves_jobs()
            if not is_left and talk.course.stage is not Stage.OVER:
                self._take_back(steps, talk)
            elif talk.creating:
                talk.creating.cancel()
            raise

    def _take_back(self, steps: Steps, talk: Talk) -> None:
        """Ask the vendor to stop, without keeping anybody waiting: who left does not wait for it either."""
        task = asyncio.get_running_loop().create_task(_taken_back(steps, talk))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def close(self) -> None:
        """Let the farewells be said."""
        await asyncio.gather(*self._farewells, return_exceptions=True)


async def _taken_back(steps: Steps, talk: Talk) -> None:
    """Say it once, and hear nothing. A create that is under way is heard first: what it made has no name before."""
    undo = talk.undo
    if talk.creating and talk.course.stage is Stage.POSSIBLE:
        try:
            async with asyncio.timeout(LATE_ANSWER_S):
                undo = steps.send(await talk.creating).undo
        except (
            Fault,
            TimeoutError,
            StopIteration,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            ArithmeticError,
        ):
            return
    elif talk.creating:
        talk.creating.cancel()
    if undo is not None:
        await said_once(undo, talk)


async def _run(steps: Steps, talk: Talk) -> Draft | Interim:
    """The steps up to the last, each answered in turn; those that were answered in another life are not sent again."""
    recalled = list(talk.keeper.recalled(talk.side.target))
    answer: Interim | None = None
    while True:
        try:
            draft = next(steps) if answer is None else steps.send(answer)
        except StopIteration as end:
            talk.undo = None  # it is done
            if talk.course.stage is Stage.BEGUN:
                talk.course.stage = Stage.MADE
            return end.value  # type: ignore[no-any-return]  # what the steps return
        except Fault as fault:
            _judge_own(fault, talk)
            raise
        except ODD as error:
            _raise_garbled(error)
        talk.undo = draft.undo
        if draft.progress:
            talk.keeper.progressed(draft.progress)
            await asyncio.sleep(draft.after_s)
            answer = await _asked_again(draft, talk)
        elif recalled:
            answer = _remembered(draft, recalled.pop(0), talk)
        else:
            answer = await (_asked_again(draft, talk) if draft.method == "GET" else _created(draft, talk))
            await talk.keeper.answered(talk.side.target, answer)


def _judge_own(fault: Fault, talk: Talk) -> None:
    """What the vendor file makes of an answer: the job is over by the vendor's own word, or nobody understands it."""
    if fault.is_over:
        talk.course.stage = Stage.OVER
    elif talk.course.may_exist and fault.kind is Kind.INPUT:  # what is wrong then is the vendor's, not the client's
        fault.kind = Kind.GARBLED


def _raise_garbled(error: Exception) -> NoReturn:
    raise Fault(Kind.GARBLED, f"unexpected answer on the way: {type(error).__name__}: {error}") from error


def _remembered(draft: Draft, answer: Interim, talk: Talk) -> Interim:
    talk.units |= units_in(talk.side.facts, answer.json, {})
    if draft.method != "GET":
        talk.course.stage = Stage.BEGUN
    return answer


async def _created(draft: Draft, talk: Talk) -> Interim:
    """Sent once: whether it exists is only known where the vendor never got it, or said no.

    Once it is written it is heard to its end, whoever leaves meanwhile.
    """
    await talk.keeper.sending(talk.side.target)
    before = talk.course.stage

    def on_sent() -> None:
        talk.course.stage = Stage.POSSIBLE
        talk.on_sent()

    request = replace(talk.dressed(draft), is_once=True)
    talk.creating = asyncio.get_running_loop().create_task(talk.whole(draft, request, on_sent))
    try:
        answer = await asyncio.shield(talk.creating)
    except Fault as fault:
        if fault.kind in NOT_MADE:
            talk.course.stage = before
        talk.creating = None
        raise
    talk.creating = None
    talk.course.stage = Stage.BEGUN
    return answer


async def _asked_again(draft: Draft, talk: Talk) -> Interim:
    """Asked until it is answered, or that is no use: a job goes on meanwhile."""
    failures = 0
    while True:
        try:
            return await talk.whole(draft, talk.dressed(draft), talk.on_sent)
        except Fault as fault:
            failures += 1
            if not _is_worth_another(fault, failures, talk):
                if fault.kind is Kind.NO_MODEL and talk.course.may_exist:
                    fault.kind = Kind.FAILED  # it is the job that is gone
                raise
            await asyncio.sleep(_pause_s(fault, failures))


def _is_worth_another(fault: Fault, failures: int, talk: Talk) -> bool:
    if not talk.course.may_exist:
        return fault.kind in WORTH_ANOTHER_POLL and failures < MOST_FAILED_POLLS
    if talk.keeper.is_lasting and fault.kind is not Kind.NO_MODEL:
        return True  # until the time of the attempt is over
    return fault.kind in WORTH_ANOTHER_POLL | {Kind.NO_MODEL} and failures < MOST_FAILED_POLLS


def _pause_s(fault: Fault, failures: int) -> float:
    own: float = min(POLL_AGAIN_S * 2 ** min(failures - 1, 10), LONGEST_PAUSE_S)
    return max(fault.retry_after_s or 0.0, own)


async def _fetched(draft: Draft, talk: Talk, opened: AsyncExitStack) -> Response:
    """The result where it lies, also where that is further on, as far as it may lie there.

    A download is asked for again where it is not there yet. Another host's refusal is no word on our account.
    """
    if draft.method != "GET":
        return await opened.enter_async_context(talk.asked(draft))
    failures = moves = 0
    while True:
        async with AsyncExitStack() as tried:
            try:
                response = await tried.enter_async_context(talk.asked(draft))
                place = response.headers.get("location")
                if response.status in MOVED and place:
                    moves += 1
                    draft = _moved(draft, place, moves, talk)
                    continue
                if response.status not in WORTH_ANOTHER_LOOK or failures + 1 >= MOST_FAILED_POLLS:
                    _check_place(draft, response, talk)
                    await opened.enter_async_context(tried.pop_all())
                    return response
            except Fault as fault:
                if fault.kind not in (Kind.CONNECT, Kind.TIMEOUT) or failures + 1 >= MOST_FAILED_POLLS:
                    raise
            failures += 1
        await asyncio.sleep(min(POLL_AGAIN_S * 2 ** (failures - 1), LONGEST_PAUSE_S))


def _moved(draft: Draft, place: str, moves: int, talk: Talk) -> Draft:
    if moves > MOST_REDIRECTS:
        raise Fault(Kind.GARBLED, f"the result has moved more than {MOST_REDIRECTS} times")
    return replace(draft, url=urljoin(address_of(draft.url, talk.side.facts).url, place), query={})


def _check_place(draft: Draft, response: Response, talk: Talk) -> None:
    if response.status >= 300 and not address_of(draft.url, talk.side.facts).is_vendors:
        raise Fault(Kind.FAILED, f"where the result lies answered with status {response.status}")
