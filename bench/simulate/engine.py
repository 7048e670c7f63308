"""The data path of calls, played in virtual time: attempts, hedges, time that runs out, the commit, the stream.

What lives here: what `router.relay` does, event by event, without a socket. Who is asked is the rule's; what is learnt
goes into the router's own `History`, how long is waited is the router's own `Chain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from math import inf
from operator import length_hint

from bench.simulate.rules import Rule, decider
from bench.simulate.tally import Tally
from bench.simulate.traffic import MOST, Arrival, arrivals
from bench.simulate.vendors import SimulatedVendor, opened
from bench.simulate.world import compiled, table_of
from router.chain import Chain, Since
from router.relay import SIDE_BY_SIDE
from router.routing.fit import Fitted
from router.routing.history import History
from router.routing.judge import judge
from router.wire.audio import MP3
from router.wire.calls import SpeechCall
from router.wire.faults import Fault, Kind

__all__ = ["simulate"]

WORDS = ("Nobody who waits for a voice cares which of five vendors it comes from. " * (MOST // 60))[:MOST]


class _Walk:
    """A call on its way: its chain, which targets are left of it, the attempts under way, what it cost so far."""

    __slots__ = ("arrival", "asked", "chain", "has_hedged", "left", "under_way", "usd")

    def __init__(self, arrival: Arrival, chain: Chain) -> None:
        self.arrival = arrival
        self.chain = chain
        self.left: Iterator[Fitted] = iter(list(chain.able) if chain.is_hedged else chain.able)  # as the relay does
        self.under_way: list[_Attempt] = []
        self.asked: list[SimulatedVendor] = []
        self.has_hedged = False
        self.usd = 0.0


class _Attempt:
    """One try at one target. `more`: how many further ones the same target may have."""

    __slots__ = ("answer", "began", "fitted", "is_late", "is_over", "more", "vendor", "walk")

    def __init__(self, walk: _Walk, fitted: Fitted, more: int, vendor: SimulatedVendor, began: float) -> None:
        walk.under_way.append(self)
        walk.asked.append(vendor)
        self.walk = walk
        self.fitted = fitted
        self.more = more
        self.vendor = vendor
        self.began = began
        self.answer = vendor.asked(walk.arrival, walk.asked.count(vendor), began)
        self.is_late = False
        self.is_over = False


_Happening = Callable[[_Attempt, float], None]


def simulate(rule: Rule, calls: int, seed: int) -> Tally:
    """A day of that many calls under one rule."""
    return _Day(rule, calls, seed).lived()


class _Day:
    def __init__(self, rule: Rule, calls: int, seed: int) -> None:
        plan = compiled(table_of())
        self._defaults = plan.table.defaults
        self._arrivals = arrivals(calls, seed)
        self._route = rule.route
        self._decide = decider(rule, plan)
        self._vendors = {vendor.profile.name: vendor for vendor in opened(calls, seed)}
        self._history = History()
        self._agenda: list[tuple[float, int, _Happening, _Attempt]] = []
        self._order = count()
        self._tally = Tally()

    def lived(self) -> Tally:
        """Everything in the order of its happening."""
        for arrival in self._arrivals:
            self._until(arrival.at)
            self._arrives(arrival)
        self._until(inf)
        return self._tally

    def _until(self, now: float) -> None:
        agenda = self._agenda
        while agenda and agenda[0][0] <= now:
            at, _, happening, attempt = heappop(agenda)
            happening(attempt, at)

    def _at(self, when: float, happening: _Happening, attempt: _Attempt) -> None:
        heappush(self._agenda, (round(when, 6), next(self._order), happening, attempt))

    # ------------------------------------------------------------------ up to the commit

    def _arrives(self, arrival: Arrival) -> None:
        call = SpeechCall(model=self._route, text=WORDS[: arrival.characters], voice=arrival.voice, format=MP3)
        chain = Chain(
            self._decide(call, self._history, arrival.at, arrival.draw),
            is_direct=False,
            kind=call.kind,
            tries=1 + self._defaults.retries,
            began=Since(arrival.at),
            retry_share=self._defaults.retry_budget,
            given_up=[],
        )
        self._try_next(_Walk(arrival, chain), arrival.at)

    def _try_next(self, walk: _Walk, now: float) -> None:
        """Try the next target; when nobody is left, and nobody is being waited for, the call has failed."""
        if (fitted := next(walk.left, None)) is not None:
            self._history.budgets.called(fitted.target.name, walk.chain.retry_share)
            self._try(walk, fitted, walk.chain.tries - 1, now)
        elif not walk.under_way:
            self._fails(walk)

    def _try(self, walk: _Walk, fitted: Fitted, more: int, now: float) -> None:
        """Ask a target; what will come of it is known at once, and happens when it is due."""
        self._history.began(fitted, now)
        attempt = _Attempt(walk, fitted, more, self._vendors[fitted.target.outlet.name], now)
        limits = walk.chain.limits(fitted, now)
        patience_s = min(limits.first_byte_s, limits.attempt_s)
        after_s = attempt.answer.after_s
        if after_s < patience_s:
            self._at(now + after_s, self._answered, attempt)
        elif limits.is_deadline and limits.attempt_s <= limits.first_byte_s:
            self._at(now + patience_s, self._deadline_is_over, attempt)
        else:
            self._at(now + patience_s, self._timed_out, attempt)
        hedge_after_s = walk.chain.hedge_after_s(fitted)
        if hedge_after_s is not None and hedge_after_s < min(after_s, patience_s):
            self._at(now + hedge_after_s, self._is_late, attempt)

    def _is_late(self, attempt: _Attempt, now: float) -> None:
        walk = attempt.walk
        if attempt.is_over:
            return
        attempt.is_late = True
        if len(walk.under_way) < SIDE_BY_SIDE and length_hint(walk.left) and self._may_ask_again(attempt):
            walk.has_hedged = True
            self._try_next(walk, now)

    def _answered(self, attempt: _Attempt, now: float) -> None:
        if attempt.is_over:
            return
        if attempt.answer.fault:
            self._failed(attempt, attempt.answer.fault, now)
        else:
            self._commits(attempt, now)

    def _timed_out(self, attempt: _Attempt, now: float) -> None:
        if not attempt.is_over:
            attempt.walk.usd += attempt.answer.usd
            self._failed(attempt, Fault(Kind.TIMEOUT, "no answer in time"), now)

    def _deadline_is_over(self, attempt: _Attempt, now: float) -> None:
        if not attempt.is_over:
            walk = attempt.walk
            attempt.is_late = True
            self._give_up(walk, now)
            self._fails(walk)

    def _failed(self, attempt: _Attempt, fault: Fault, now: float) -> None:
        """Hold it against the target, and go on: with the same one, where it may be asked again, or with the next."""
        self._ends(attempt)
        self._history.blamed(attempt.fitted, fault, attempt.began, now)
        if attempt.more and judge(fault).same_again and self._may_ask_again(attempt):
            self._try(attempt.walk, attempt.fitted, attempt.more - 1, now)
        else:
            self._try_next(attempt.walk, now)

    def _may_ask_again(self, attempt: _Attempt) -> bool:
        return self._history.budgets.allows(attempt.fitted.target.name, attempt.walk.chain.retry_share)

    def _give_up(self, walk: _Walk, now: float) -> None:
        """Leave whoever is still being waited for: they are paid for what they would have said."""
        for attempt in [*walk.under_way]:
            self._ends(attempt)
            walk.usd += attempt.answer.usd
            self._history.abandoned(attempt.fitted, attempt.began, now, is_late=attempt.is_late)

    def _ends(self, attempt: _Attempt) -> None:
        attempt.is_over = True
        attempt.vendor.waiting -= 1
        attempt.walk.under_way.remove(attempt)

    def _fails(self, walk: _Walk) -> None:
        self._tally.ended("failed", walk.usd, len(walk.asked), has_hedged=walk.has_hedged)

    # ------------------------------------------------------------------ from the commit on

    def _commits(self, attempt: _Attempt, now: float) -> None:
        walk, answer = attempt.walk, attempt.answer
        self._ends(attempt)
        walk.usd += answer.usd
        self._history.spoke(attempt.fitted, attempt.began, now)
        self._give_up(walk, now)
        if answer.breaks_s is not None:
            self._at(now + answer.breaks_s, self._breaks, attempt)
        else:
            self._tally.spoke(walk.arrival.at, now - walk.arrival.at)
            self._at(now + answer.stream_s, self._is_complete, attempt)

    def _breaks(self, attempt: _Attempt, now: float) -> None:
        walk = attempt.walk
        self._history.blamed(attempt.fitted, Fault(Kind.GARBLED, "the connection broke"), attempt.began, now)
        self._tally.ended("interrupted", walk.usd, len(walk.asked), has_hedged=walk.has_hedged)

    def _is_complete(self, attempt: _Attempt, now: float) -> None:
        walk = attempt.walk
        self._history.succeeded(attempt.fitted, attempt.began, now)
        self._tally.ended("ok", walk.usd, len(walk.asked), has_hedged=walk.has_hedged)
