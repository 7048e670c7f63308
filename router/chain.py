"""What a call goes through: the targets to try, and each try at one of them, as far as it is.

What lives here: values. What is done in an attempt: `attempt`; which comes next: `relay`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from router.config import CacheEntry
from router.media.length import length_of
from router.passing import arriving_in
from router.routing.choosing import is_length_needed
from router.routing.fit import Fitted
from router.routing.plan import Plan, Target
from router.routing.select import Selection
from router.telemetry import AttemptRecord, milliseconds, unquoted
from router.upstream.keeping import NOBODY, Course, Keeper
from router.upstream.waiting import Limits
from router.wire.calls import Call, CallKind, ListenCall
from router.wire.faults import Fault

__all__ = ["Attempt", "Chain", "Since", "chain_of", "with_length"]


class Since(Struct):
    """Since when a call is waited for: from when all of it is here."""

    at: float


class Chain(Struct, frozen=True):
    """The targets to try, how often each, and until when. `is_of_client`: what they are asked is the client's own.

    `retry_share`: of calls, that a target may be asked once more. `given_up`: requests that were sent and then left,
    which vendors may bill all the same. `cache`: how long a recording is kept, for `owner` alone or for all. `keeper`:
    who keeps the call beyond this process, or watches it. `wait_s`: as in `Call`.
    `resumes`, `translators`: as in `Selection`. `may_hedge`: False where no target has a time after which the next is
    started beside it.
    """

    able: Sequence[Fitted]
    is_direct: bool
    kind: CallKind
    tries: int
    began: Since
    retry_share: float
    given_up: list[Fitted]
    is_of_client: bool = True
    cache: CacheEntry | None = None
    owner: str | None = None
    keeper: Keeper = NOBODY
    wait_s: float | None = None
    resumes: bool = False
    translators: Sequence[Target] = ()
    may_hedge: bool = True

    def limits(self, fitted: Fitted, now: float) -> Limits:
        """The time of the next attempt: its own, within what the deadline of the call leaves.

        None of it is over while the upload arrives.
        """
        passed_s = 0.0 if arriving_in(fitted) else now - self.began.at
        timing = fitted.target.timing[self.kind]
        bounds = [bound for bound in (timing.deadline_s, self.wait_s) if bound is not None]
        left_s = max(0.0, min(bounds) - passed_s) if bounds else math.inf
        is_deadline = left_s < timing.timeout_s
        attempt_s = min(timing.timeout_s, left_s)
        return Limits(attempt_s, timing.first_byte_s, timing.timeout_s, timing.connect_s, is_deadline=is_deadline)

    def hedge_after_s(self, fitted: Fitted) -> float | None:
        """Seconds until the next target is started beside this one; None: never."""
        return fitted.target.timing[self.kind].hedge_after_s

    @property
    def is_hedged(self) -> bool:
        """Whether two attempts may run side by side."""
        return (
            self.may_hedge
            and not self.keeper.is_lasting
            and len(self.able) > 1
            and any(self.hedge_after_s(fitted) is not None for fitted in self.able)
        )


class Attempt(Struct):
    """One try at one target: since when it has been waited for, and whether the vendor has the whole request.

    `is_asked`: the vendor is, because of it; else it waits for a place, or hears what another call has asked for.
    `is_late`: it has taken as long as it may before the next target is started beside it. `course`: how far a job is.
    """

    fitted: Fitted
    began: float
    is_asked: bool = False
    is_sent: bool = False
    is_late: bool = False
    course: Course = field(default_factory=Course)

    @property
    def is_early(self) -> bool:
        """Whether its upload is still arriving."""
        return arriving_in(self.fitted) is not None

    def told(self, outcome: str, now: float, fault: Fault | None = None) -> AttemptRecord:
        """What is recorded of it."""
        record = AttemptRecord(self.fitted.target.name, outcome, milliseconds(now - self.began))
        if fault:
            said = unquoted(fault.message, self.fitted.ask, self.fitted.extras)
            record.status, record.message = fault.status, said
        return record


def chain_of(
    selection: Selection,
    call: Call,
    plan: Plan,
    began: Since,
    given_up: list[Fitted],
    owner: str | None,
    keeper: Keeper,
) -> Chain:
    """The chain that a selection makes of a call."""
    defaults = plan.table.defaults
    return Chain(
        selection.able,
        is_direct=selection.is_direct,
        kind=call.kind,
        tries=1 + defaults.retries,
        began=began,
        retry_share=defaults.retry_budget,
        given_up=given_up,
        cache=selection.cache if call.kind == "speech" else None,
        owner=owner,
        keeper=keeper,
        wait_s=call.wait_s,
        resumes=selection.resumes,
        translators=selection.translators,
        may_hedge=selection.may_hedge,
    )


async def with_length(call: Call, plan: Plan) -> Call:
    """The call, and how long its audio is where that decides who may answer it."""
    if not isinstance(call, ListenCall) or not is_length_needed(plan, call):
        return call
    return replace(call, seconds=await length_of(call.audio))
