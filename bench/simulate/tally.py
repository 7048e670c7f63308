"""What a day came to under a rule: counts, times to first audio, dollars.

What lives here: sums. How they are shown: `results`, `picture`.
"""

from __future__ import annotations

import math
from array import array
from typing import Literal

from bench.simulate.world import DAY_S

__all__ = ["SLOT_S", "Outcome", "Tally", "percentile"]

Outcome = Literal["ok", "failed", "interrupted"]
SLOT_S = 600


class Tally:
    """Sums over calls. `slots`: seconds to first audio of the calls that came in each ten minutes and were answered."""

    def __init__(self) -> None:
        self.outcomes: dict[Outcome, int] = {"ok": 0, "failed": 0, "interrupted": 0}
        self.usd = 0.0
        self.attempts = 0
        self.hedged = 0
        self.slots = [array("d") for _ in range(DAY_S // SLOT_S)]

    def spoke(self, came_at: float, first_s: float) -> None:
        """A call that came in at that second of the day had its first audio after so many, and will have the rest."""
        self.slots[int(came_at // SLOT_S)].append(first_s)

    def ended(self, outcome: Outcome, usd: float, attempts: int, *, has_hedged: bool) -> None:
        """A call is over."""
        self.outcomes[outcome] += 1
        self.usd += usd
        self.attempts += attempts
        self.hedged += has_hedged

    @property
    def calls(self) -> int:
        """How many have ended."""
        return sum(self.outcomes.values())

    def share(self, outcome: Outcome) -> float:
        """Of all calls."""
        return self.outcomes[outcome] / self.calls

    def first_s(self) -> list[float]:
        """Seconds to first audio of all calls that succeeded, sorted."""
        return sorted(seconds for slot in self.slots for seconds in slot)


def percentile(ordered: list[float], share: float) -> float:
    """The nearest rank; NaN of nothing."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan
