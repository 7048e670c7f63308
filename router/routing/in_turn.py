"""Who may serve a call whose targets are tried as they are written: each is looked at when its turn comes.

What lives here: a sequence that is made as far as it is read. The first target answers nearly every call, and what a
call would be at all the others need not be known then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from router.routing.fit import Fitted

__all__ = ["InTurn"]


class InTurn(Sequence[Fitted]):
    """`each` is asked for the next one when somebody wants it; how many there are, and any but the first, asks for all.

    Raises `StopIteration` where there is none.
    """

    def __init__(self, each: Iterator[Fitted]) -> None:
        self._known = [next(each)]
        self._each = each

    def __iter__(self) -> Iterator[Fitted]:
        at = 0
        while at < len(self._known) or self._is_more():
            yield self._known[at]
            at += 1

    def __len__(self) -> int:
        self._known.extend(self._each)
        return len(self._known)

    @overload
    def __getitem__(self, index: int) -> Fitted: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Fitted]: ...
    def __getitem__(self, index: int | slice) -> Fitted | Sequence[Fitted]:
        if index != 0:
            self._known.extend(self._each)
        return self._known[index]

    def _is_more(self) -> bool:
        for one in self._each:
            self._known.append(one)
            return True
        return False
