"""A call that is committed to one target: what goes out, what it is made of, what it costs.

What lives here: values, and what is told of their cost. How they come about: `attempt`; what becomes of them: `relay`,
and the doors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from router.media.length import length_of
from router.routing.fit import Fitted
from router.routing.pricing import Bill, Cost, basis_of, estimate, is_by_length, settle, total
from router.telemetry import CallRecord
from router.vendors.spec import Heard, ListenAsk, Unit
from router.wire.flows import is_spent
from router.wire.transcripts import Transcript

__all__ = ["Audio", "Reply", "measure", "settled", "tell_cost"]


class Audio(Struct):
    """Speech that has begun: its first bytes, and the rest as it arrives (raises `Fault` when it breaks off)."""

    first: bytes
    rest: AsyncIterator[bytes]

    @property
    def is_whole(self) -> bool:
        """Whether the first bytes are all there is, as far as is known without waiting."""
        return is_spent(self.rest)


class Reply(Struct):
    """A call that is committed to one target. Exactly one of `audio`, `transcript`, `heard`.

    `heard` are the parts of a transcript as the vendor makes them, the whole of it last; it raises `Fault` when it
    breaks off. `bills`: one for each of the requests, of which there will be `requests`; what they say of a stream is
    complete at its end. `began`: the attempt, by the relay's clock. `cache`: for a route that keeps recordings, `hit`,
    `joined` (a twin's, that was under way) or `miss`.
    """

    fitted: Fitted
    record: CallRecord
    bills: list[Bill]
    began: float
    requests: int = 1
    cache: str | None = None
    audio: Audio | None = None
    transcript: Transcript | None = None
    heard: AsyncIterator[Heard] | None = None
    text: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the vendor was asked because of this call."""
        return self.cache in (None, "miss")

    @property
    def units(self) -> dict[Unit, float]:
        """What will be billed, as far as vendors have said so."""
        reports = [bill.reported for bill in self.bills]
        return {unit: sum(one.get(unit, 0.0) for one in reports) for report in reports for unit in report}

    def cost(self) -> Cost | None:
        """What it has cost, as far as is known; what has still to be asked for is estimated."""
        if len(self.bills) < self.requests:
            return estimate(self.fitted)
        return total(map(settle, self.bills))


async def measure(reply: Reply, given_up: Sequence[Fitted]) -> None:
    """Find out how long the audio is that was listened to, where that is billed and nobody has said it."""
    ask = reply.fitted.ask
    bills = [*reply.bills, *(Bill(asked, {}) for asked in given_up)]
    if isinstance(ask, ListenAsk) and any(is_by_length(bill.asked, bill.reported) for bill in bills):
        await length_of(ask.audio)


def settled(reply: Reply | None, record: CallRecord, given_up: Sequence[Fitted]) -> Cost | None:
    """What it has all cost in the end. Where every attempt failed that is nothing, as far as vendors bill no errors."""
    cost = total([*map(settle, reply.bills if reply is not None else ()), *map(estimate, given_up)])
    return Cost(cost.usd, is_exact=False) if cost and reply is None and record.attempts else cost


def tell_cost(record: CallRecord, cost: Cost | None) -> None:
    """Put a cost into the call's record."""
    record.cost_usd, record.cost_basis = None if cost is None else cost.usd, basis_of(cost)
