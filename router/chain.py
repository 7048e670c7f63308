"""The targets of one call, in the order in which they are tried, and what holds for each attempt.

What lives here: values, and the time an attempt has. Who tries them: `relay`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from router.config import CacheEntry
from router.routing.fit import Fitted
from router.routing.plan import Plan
from router.routing.select import Selection
from router.upstream.keeping import NOBODY, Keeper
from router.upstream.waiting import Limits
from router.wire.calls import Call, CallKind

__all__ = ["Chain", "chain_of"]


class Chain(Struct, frozen=True):
    """The targets to try, how often each, and until when. `is_of_client`: what they are asked is the client's own.

    `retry_share`: of calls, that a target may be asked once more. `given_up`: requests that were sent and then left,
    which vendors may bill all the same. `cache`: how long a recording is kept, for `owner` alone or for all. `keeper`:
    who keeps the call beyond this process, or watches it. `wait_s`: as in `Call`. `may_hedge`: False where no target
    has a time after which the next is started beside it.
    """

    able: Sequence[Fitted]
    is_direct: bool
    kind: CallKind
    tries: int
    began: float
    retry_share: float
    given_up: list[Fitted]
    is_of_client: bool = True
    cache: CacheEntry | None = None
    owner: str | None = None
    keeper: Keeper = NOBODY
    wait_s: float | None = None
    may_hedge: bool = True

    def limits(self, fitted: Fitted, now: float) -> Limits:
        """The time of the next attempt: its own, within what the deadline of the call leaves."""
        timing = fitted.target.timing[self.kind]
        bounds = [bound for bound in (timing.deadline_s, self.wait_s) if bound is not None]
        left_s = max(0.0, self.began + min(bounds) - now) if bounds else math.inf
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


def chain_of(
    selection: Selection,
    call: Call,
    plan: Plan,
    began: float,
    given_up: list[Fitted],
    owner: str | None,
    keeper: Keeper,
) -> Chain:
    """The chain of a call, as it was decided."""
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
        may_hedge=selection.may_hedge,
    )
