"""What is said to one vendor for one call: a single request, or the steps of a job up to the one that holds the result.

What lives here: running steps. A create is sent once, a poll again when it fails; the job is cancelled at the vendor
when nobody waits for it any more; whoever keeps a call beyond this process (`Keeper`) hears of each step in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NoReturn

from msgspec import Struct, field
from msgspec.structs import replace

from router.upstream.answers import interim_of
from router.upstream.dress import dress
from router.upstream.lookup import units_in
from router.upstream.transport import Outgoing, Patience, Response, Transport
from router.vendors.spec import Draft, Interim, Progress, Steps, Unit, Vendor
from router.wire.faults import Fault, Kind

__all__ = ["NOBODY", "Conversations", "Keeper", "Side", "Told"]

MOST_FAILED_POLLS = 5
POLL_AGAIN_S = 1.0
UNDO_S = 10.0
MOST_REDIRECTS = 3
MOST_KEPT = 64
WORTH_ANOTHER_POLL = frozenset({Kind.CONNECT, Kind.TIMEOUT, Kind.BUSY, Kind.TRY_AGAIN, Kind.FAILED, Kind.GARBLED})
NOT_MADE = frozenset({Kind.KEY, Kind.QUOTA, Kind.BUSY, Kind.INPUT, Kind.BLOCKED, Kind.NO_MODEL})


class Keeper:
    """Who keeps a call beyond the request that brought it, or just watches it: by default nobody does."""

    begun_at: str | None = None
    """The target that has the job already, from another life."""
    leaves_jobs = False
    """A job goes on at the vendor when the process that waits for it ends: somebody will ask for it again."""

    def recalled(self, target: str) -> Sequence[Interim]:  # noqa: ARG002 - of nobody
        """The answers that were `answered` for this target before, in another life."""
        return ()

    async def sending(self, target: str) -> None:
        """Something that must not happen twice is about to be sent."""

    async def answered(self, target: str, answer: Interim) -> None:
        """It was answered; the job is there."""

    async def failed(self, target: str) -> None:
        """Nothing will come of it there."""

    def progressed(self, progress: Progress) -> None:
        """How far it is."""


NOBODY = Keeper()


class Side(Struct, frozen=True):
    """The other side of a conversation, as a table has it."""

    target: str
    facts: Vendor
    settings: Mapping[str, str]
    extras: Mapping[str, Any]
    transport: Transport


class Told(Struct):
    """The answer that holds the result, and what the answers before it have said will be billed."""

    response: Response
    units: dict[Unit, float] = field(default_factory=dict)


class _Known:
    """A whole answer, as a transport opens one."""

    def __init__(self, answer: Interim) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._body = answer.body

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._body:
            yield self._body


class Conversations:
    """Holds all conversations of a process, and the farewells that outlive them."""

    def __init__(self) -> None:
        self._farewells: set[asyncio.Task[None]] = set()
        self._kept: dict[str, tuple[float, Interim]] = {}

    @asynccontextmanager
    async def held(
        self,
        request: Draft | Steps,
        side: Side,
        patience: Patience,
        on_sent: Callable[[], None],
        keeper: Keeper = NOBODY,
    ) -> AsyncIterator[Told]:
        """Open the answer that holds the result. Raises `Fault`; of a job that may exist it says so."""
        talk = _Talk(side, patience, on_sent, keeper, self._kept)
        async with AsyncExitStack() as opened:
            if isinstance(request, Draft):
                response = await self._asked(request, talk, opened)
            else:
                response = await self._stepped(request, talk, opened)
            yield Told(response, talk.units)

    async def _asked(self, draft: Draft, talk: _Talk, opened: AsyncExitStack) -> Response:
        await talk.keeper.sending(talk.side.target)
        request = talk.dressed(draft)
        return await opened.enter_async_context(talk.side.transport.send(request, talk.patience, talk.on_sent))

    async def _stepped(self, steps: Steps, talk: _Talk, opened: AsyncExitStack) -> Response:
        try:
            result = await _run(steps, talk)
            if isinstance(result, Interim):
                return _Known(result)
            return await talk.fetched(result, opened)
        except asyncio.CancelledError:
            if not talk.keeper.leaves_jobs:
                self._take_back(talk)
            raise
        except Fault as fault:
            fault.may_exist = talk.may_exist
            if not talk.has_ended:
                self._take_back(talk)
            raise
        finally:
            steps.close()

    def _take_back(self, talk: _Talk) -> None:
        """Ask the vendor to stop, without keeping anybody waiting: who left does not wait for it either."""
        if talk.undo is not None:
            task = asyncio.get_running_loop().create_task(_undone(talk.undo, talk))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)

    async def close(self) -> None:
        """Let the farewells be said."""
        await asyncio.gather(*self._farewells, return_exceptions=True)


class _Talk:
    """One conversation as far as it is."""

    def __init__(
        self,
        side: Side,
        patience: Patience,
        on_sent: Callable[[], None],
        keeper: Keeper,
        kept: dict[str, tuple[float, Interim]],
    ) -> None:
        self.side = side
        self._kept = kept
        self.patience = patience
        self.keeper = keeper
        self.units: dict[Unit, float] = {}
        self.undo: Draft | None = None
        self.may_exist = False
        self.has_ended = False
        self._on_sent = on_sent
        self._is_sent = False

    def on_sent(self) -> None:
        """The vendor has the first request of all: that is when waiting begins."""
        if not self._is_sent:
            self._is_sent = True
            self._on_sent()

    def dressed(self, draft: Draft) -> Outgoing:
        return dress(draft, self.side.facts, self.side.settings, self.side.extras)

    async def whole(self, draft: Draft, request: Outgoing, on_sent: Callable[[], None]) -> Interim:
        """A whole answer on the way, or what a look-up has found of late. Raises `Fault`."""
        key, now = f"{self.side.facts.name} {request.url}", asyncio.get_running_loop().time()
        until, answer = self._kept.get(key, (0.0, None))
        if answer is not None and now < until and draft.keep_s:
            return answer
        async with self.side.transport.send(request, self.patience, on_sent) as response:
            answer = await interim_of(response, self.side.facts, self.side.settings)
        self.units |= units_in(self.side.facts, answer.json, answer.headers)
        if draft.keep_s:
            self._kept[key] = now + draft.keep_s, answer
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return answer

    async def fetched(self, draft: Draft, opened: AsyncExitStack) -> Response:
        """The result where it lies, also where that is further on, as far as it may lie there."""
        for _ in range(MOST_REDIRECTS + 1):
            response = await opened.enter_async_context(
                self.side.transport.send(self.dressed(draft), self.patience, self.on_sent)
            )
            place = response.headers.get("location")
            if draft.method != "GET" or response.status not in {301, 302, 303, 307, 308} or not place:
                return response
            draft = replace(draft, url=place, query={})
        raise Fault(Kind.GARBLED, f"the result has moved more than {MOST_REDIRECTS} times")


async def _run(steps: Steps, talk: _Talk) -> Draft | Interim:
    """The steps up to the last, each answered in turn; those that were answered in another life are not sent again."""
    recalled = list(talk.keeper.recalled(talk.side.target))
    answer: Interim | None = None
    while True:
        try:
            draft = next(steps) if answer is None else steps.send(answer)
        except StopIteration as end:
            talk.undo = None  # it is done
            return end.value  # type: ignore[no-any-return]  # what the steps return
        except Fault:
            talk.has_ended = True  # by the vendor's own word
            raise
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            _raise_garbled(error)
        talk.undo = draft.undo
        if draft.progress:
            talk.keeper.progressed(draft.progress)
        if draft.after_s:
            await asyncio.sleep(draft.after_s)
        if draft.method == "GET":
            answer = await _polled(draft, talk)
        elif recalled:
            answer = recalled.pop(0)
            talk.may_exist = True
        else:
            answer = await _created(draft, talk)


def _raise_garbled(error: Exception) -> NoReturn:
    raise Fault(Kind.GARBLED, f"unexpected answer on the way: {type(error).__name__}: {error}") from error


async def _created(draft: Draft, talk: _Talk) -> Interim:
    """Sent once: whether it exists is only known where the vendor never got it, or said no."""
    was_sent = False

    def on_sent() -> None:
        nonlocal was_sent
        was_sent = True
        talk.on_sent()

    await talk.keeper.sending(talk.side.target)
    try:
        answer = await talk.whole(draft, replace(talk.dressed(draft), is_once=True), on_sent)
    except Fault as fault:
        talk.may_exist = talk.may_exist or (was_sent and fault.kind not in NOT_MADE)
        raise
    talk.may_exist = True
    await talk.keeper.answered(talk.side.target, answer)
    return answer


async def _polled(draft: Draft, talk: _Talk) -> Interim:
    """Asked again when it fails for a while: the job goes on meanwhile."""
    failures = 0
    while True:
        try:
            return await talk.whole(draft, talk.dressed(draft), talk.on_sent)
        except Fault as fault:
            failures += 1
            if fault.kind not in WORTH_ANOTHER_POLL or failures >= MOST_FAILED_POLLS:
                raise
            await asyncio.sleep(max(fault.retry_after_s or 0.0, POLL_AGAIN_S * 2 ** (failures - 1)))


async def _undone(draft: Draft, talk: _Talk) -> None:
    """Said once, and nobody hears whether it helped."""
    try:
        async with asyncio.timeout(UNDO_S), talk.side.transport.send(talk.dressed(draft), talk.patience, _nothing):
            pass
    except (Fault, TimeoutError):
        return


def _nothing() -> None:
    pass
