"""A vendor's job from its first step to its result, as a script that is kept in a file and can be played.

What lives here: the script, and the transport that plays the vendor's part. It is our real engine that walks the steps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from router.routing.fit import Fitted
from router.upstream import conversation
from router.upstream.answers import Answer, read_answer
from router.upstream.conversation import Conversations, Told
from router.upstream.keeping import NOBODY, Course, Keeper
from router.upstream.talk import Side
from router.upstream.transport import Outgoing, Patience, Response
from tests.vendors.evidence import FIXTURES, Answered, Reply, decoded, key_of

PATIENCE = Patience(connect_s=1, silence_s=1)


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request and its answer. `url` is whole, with the query; `has_key`: it carries ours.

    `body`: as in `evidence.Request`; None where nothing is sent. `headers`: those that matter, beside key and type.
    """

    method: str
    url: str
    has_key: bool = True
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None
    reply: Reply


class Journey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`source`: where the steps and the answers come from."""

    source: str
    steps: list[Step]


def journey_of(vendor: str, name: str) -> Journey:
    return msgspec.json.decode((FIXTURES / vendor / f"{name}.journey.json").read_bytes(), type=Journey)


@asynccontextmanager
async def holding(conversations: Conversations, *said: Any) -> AsyncIterator[Told]:
    """The answer that a conversation ends with; what is `said`: as `begun` takes it, without the stack."""
    async with AsyncExitStack() as opened:
        yield await conversations.begun(*said[:5], opened, *said[5:])


class Played:
    """The vendor's part: answers each request, and finds fault with one that is not the next of the script."""

    def __init__(self, vendor: str, journey: Journey) -> None:
        self._vendor = vendor
        self._left = list(journey.steps)

    @asynccontextmanager
    async def send(self, request: Outgoing, patience: Patience, on_sent: Callable[[], None]) -> AsyncIterator[Response]:
        assert self._left, f"one request too many: {request.method} {request.url}"
        step = self._left.pop(0)
        on_sent()

        assert stepped(self._vendor, request, step.reply, tuple(step.headers)) == step
        yield Answered(step.reply)

    async def close(self) -> None:
        assert self._left == []


def stepped(vendor: str, request: Outgoing, reply: Reply, headers: Sequence[str] = ()) -> Step:
    """A request as a script has it."""
    meant = decoded(request, key_of(vendor))
    sent = {name.lower(): value for name, value in request.headers.items()}
    has_body = bool(request.body)
    return Step(
        method=request.method,
        url=request.url,
        has_key=bool(meant.auth),
        headers={name: sent[name] for name in headers if name in sent},
        body=meant.body if has_body else None,
        reply=reply,
    )


async def played(
    fitted: Fitted, journey: Journey, monkeypatch: pytest.MonkeyPatch, keeper: Keeper = NOBODY
) -> tuple[Answer, bytes | None]:
    """What comes of a call when its vendor answers by the script, without any waiting; and its audio."""

    async def at_once(_seconds: float) -> None:
        """No time passes."""

    monkeypatch.setattr(conversation.asyncio, "sleep", at_once)
    outlet = fitted.target.outlet
    vendor = Played(outlet.name, journey)
    side = Side(fitted.target.name, outlet.facts, outlet.settings, fitted.extras, vendor)
    async with holding(Conversations(), fitted.request(), side, PATIENCE, Course(), lambda: None, keeper) as told:
        answer = await read_answer(told.response, fitted.operation, outlet.facts, outlet.settings, fitted.wants)
        audio = b"".join([chunk async for chunk in answer.audio]) if answer.audio else None
    for unit, amount in told.units.items():
        answer.units.setdefault(unit, amount)
    await vendor.close()
    return answer, audio
