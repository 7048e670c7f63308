"""What past calls have taught: who is out, who is quick, what is left for retries. All that a decision remembers.

What lives here: the three memories as one, and how an attempt enters them. Pure; the clock is an argument.
"""

from __future__ import annotations

from router.routing.budget import Budgets
from router.routing.fit import Fitted
from router.routing.health import Health
from router.routing.judge import judge
from router.routing.latency import Latency
from router.wire.faults import Fault, Kind

__all__ = ["History"]


class History:
    """One for a process: plans come and go, what is known of their targets stays."""

    def __init__(self) -> None:
        self.health = Health()
        self.latency = Latency()
        self.budgets = Budgets()

    def began(self, fitted: Fitted, now: float) -> None:
        """An attempt begins."""
        self.health.began(fitted.target, now)
        self.latency.began(fitted, now)

    def spoke(self, fitted: Fitted, began: float, now: float) -> None:
        """The first byte of an attempt is here."""
        self.health.spoke(fitted.target, began)
        self.latency.spoke(fitted, now - began, now)

    def succeeded(self, fitted: Fitted, began: float, now: float) -> None:
        """An attempt went well to its end, or as long as somebody listened."""
        self.health.succeeded(fitted.target, began, now)

    def blamed(self, fitted: Fitted, fault: Fault, began: float, now: float) -> None:
        """Hold a fault against its target, as far as it is to blame.

        What fails at once says nothing about how quick its target is, what ran out of time does.
        """
        self.health.failed(fitted.target, judge(fault).blame, began, now, fault.retry_after_s)
        if fault.kind is Kind.TIMEOUT:
            self.latency.kept_silent(fitted, now - began, now, is_late=True)

    def let_go_of(self, fitted: Fitted) -> None:
        """An attempt was given up before its vendor had the whole request: no word on the target."""
        self.health.gave_up(fitted.target)

    def abandoned(self, fitted: Fitted, began: float, now: float, *, is_late: bool) -> None:
        """An attempt was given up before its first byte: another was quicker, the client or the deadline was over.

        `is_late`: it had been waited for as long as it may take.
        """
        self.health.gave_up(fitted.target)
        self.latency.kept_silent(fitted, now - began, now, is_late=is_late)
