"""One side of a conversation: a draft becomes a request, and its answer is opened or read whole.

What lives here: what one conversation knows as it goes. Which step comes next: `conversation`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from router.upstream.answers import interim_of
from router.upstream.documents import USUAL, Bounds
from router.upstream.dress import dress
from router.upstream.keeping import Course, Keeper
from router.upstream.lookup import units_in
from router.upstream.transport import Outgoing, Patience, Response, Transport
from router.vendors.spec import Draft, Interim, Unit, Vendor
from router.wire.faults import Fault

__all__ = ["Kept", "Known", "Side", "Talk", "said_once"]

STEP_SILENCE_S = 30.0
"""How long an answer on the way may be silent: a poll that hangs is asked again instead."""
FAREWELL_S = 10.0
MOST_KEPT = 64

Kept = dict[str, tuple[float, Interim]]
"""What look-ups have found: until when it holds, by the loop's clock, and the answer."""


class Side(Struct, frozen=True):
    """The other side of a conversation, as a table has it."""

    target: str
    facts: Vendor
    settings: Mapping[str, str]
    extras: Mapping[str, Any]
    transport: Transport
    bounds: Bounds = USUAL

    def __repr__(self) -> str:
        """Without our key, which tracebacks may show."""
        return f"Side({self.target!r})"


class Known:
    """A whole answer, as a transport opens one."""

    def __init__(self, answer: Interim) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._body = answer.body

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, at once."""
        if self._body:
            yield self._body


class Talk:
    """One conversation as far as it is.

    `undo`: what takes the job back; `creating`: the create that is under way; `units`: what has been told of billing.
    """

    def __init__(
        self,
        side: Side,
        patience: Patience,
        course: Course,
        on_sent: Callable[[], None],
        keeper: Keeper,
        kept: Kept,
    ) -> None:
        self.side = side
        self.course = course
        self.keeper = keeper
        self.units: dict[Unit, float] = {}
        self.undo: Draft | None = None
        self.creating: asyncio.Task[Interim] | None = None
        self._patience = patience
        self._kept = kept
        self._on_sent = on_sent
        self._is_sent = False

    def on_sent(self) -> None:
        """The vendor has the first request of all: that is when waiting begins."""
        if not self._is_sent:
            self._is_sent = True
            self._on_sent()

    def dressed(self, draft: Draft) -> Outgoing:
        """The finished request."""
        return dress(draft, self.side.facts, self.side.settings, self.side.extras)

    def asked(self, draft: Draft) -> AbstractAsyncContextManager[Response]:
        """The answer, opened."""
        return self.side.transport.send(self.dressed(draft), self._patience, self.on_sent)

    async def whole(self, draft: Draft, request: Outgoing, on_sent: Callable[[], None]) -> Interim:
        """A whole answer on the way, or what a look-up has found of late. Raises `Fault`."""
        key, now = f"{self.side.facts.name} {request.url}", asyncio.get_running_loop().time()
        until, answer = self._kept.get(key, (0.0, None))
        if answer is not None and now < until and draft.keep_s:
            return answer
        silence_s = self._patience.silence_s if request.is_once else min(self._patience.silence_s, STEP_SILENCE_S)
        patience = replace(self._patience, silence_s=silence_s)
        async with self.side.transport.send(request, patience, on_sent) as response:
            answer = await interim_of(response, self.side.facts, self.side.settings, self.side.bounds)
        self.units |= units_in(self.side.facts, answer.json, answer.headers)
        if draft.keep_s:
            self._keep(key, now + draft.keep_s, answer)
        return answer

    def _keep(self, key: str, until: float, answer: Interim) -> None:
        self._kept[key] = until, answer
        while len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))


async def said_once(draft: Draft, talk: Talk) -> None:
    """Say it, and hear nothing."""
    try:
        async with asyncio.timeout(FAREWELL_S), talk.asked(draft):
            pass
    except (Fault, TimeoutError):
        return
