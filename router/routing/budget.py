"""How many more attempts than calls a target may be asked for: what keeps retries and hedges from becoming the load.

Pure. Moving on to the next target is not counted: the chain bounds that.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Budgets"]

FREE = 10.0
"""Attempts that a target may always be asked for once more, in a row: a share of few calls is none."""
MOST_NAMES = 10_000


class Budgets:
    """A bucket of tokens for each target: full at first, filled by a share of one with a call, emptied by a retry."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, float] = OrderedDict()

    def called(self, target: str, share: float) -> None:
        """A call goes to a target: it may have that `share` of a retry more."""
        left = self._left.pop(target, FREE)
        self._left[target] = min(left + share, FREE)
        if len(self._left) > MOST_NAMES:
            self._left.popitem(last=False)

    def allows(self, target: str, share: float) -> bool:
        """Whether the target may be asked once more, which it then has been; with no `share` at all it never may."""
        left = self._left.get(target, FREE)
        if share == 0 or left < 1:
            return False
        self._left[target] = left - 1
        return True
