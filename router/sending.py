"""One request to one vendor, as the call was fitted to it, and what kind of answer comes.

What lives here: the way from a fitted call to an answer that has begun. When it is asked for and what is made of it:
`attempt`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from hashlib import sha256

import msgspec

from router.routing.fit import Fitted
from router.upstream.answers import Answer, read_answer
from router.upstream.conversation import Conversations
from router.upstream.documents import Bounds
from router.upstream.dress import digest
from router.upstream.keeping import NOBODY, Course, Keeper
from router.upstream.talk import Side
from router.upstream.transport import Patience, Transport
from router.upstream.waiting import Limits

__all__ = ["Sender", "recording_key"]


class Sender:
    """Sends for all calls of a process."""

    def __init__(self, transports: Mapping[str, Transport]) -> None:
        self._transports = transports
        self._conversations = Conversations()

    async def send(
        self,
        fitted: Fitted,
        limits: Limits,
        course: Course,
        on_sent: Callable[[], None],
        opened: AsyncExitStack,
        keeper: Keeper = NOBODY,
    ) -> Answer:
        """Send the vendor's own request, or its steps, and read what kind of answer comes. Raises `Fault`."""
        outlet = fitted.target.outlet
        transport = self._transports[outlet.facts.transport]
        bounds = Bounds(outlet.limits.max_document, outlet.limits.max_reply)
        side = Side(fitted.target.name, outlet.facts, outlet.settings, fitted.extras, transport, bounds)
        patience = Patience(connect_s=limits.connect_s, silence_s=limits.silence_s)
        told = await self._conversations.begun(fitted.request(), side, patience, course, on_sent, opened, keeper)
        due = fitted.operation, outlet.facts, outlet.settings, fitted.wants
        answer = await read_answer(
            told.response,
            *due,
            as_events=fitted.ask.as_events,
            language=fitted.ask.language,
            bounds=bounds,
        )
        for unit, amount in told.units.items():
            answer.units.setdefault(unit, amount)
        return answer

    async def close(self) -> None:
        """Let what has still to be said to vendors be said."""
        await self._conversations.close()


def recording_key(fitted: Fitted, owner: str | None) -> str:
    """What tells a recording from all others: what the vendor is sent, what becomes of it, whose it is."""
    facts = fitted.target.outlet.facts
    pieces = fitted.pieces()
    requests = digest((piece.draft() for piece in pieces), facts, fitted.extras)
    steps = sha256(msgspec.json.encode([piece.ask for piece in pieces]))  # the first of several may not say it all
    return f"{requests.hex()}:{steps.hexdigest()}:{fitted.target.outlet.name}:{fitted.source}:{fitted.wanted}:{owner!r}"
