"""Turns of speakers, as diarized_json and its stream write them: numbered, and each speaker under a name of its own.

What lives here: what must be remembered from one segment to the next. One object a transcript.
"""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from router.wire.transcripts import Segment

__all__ = ["Turns"]

_NUMBERED = re.compile(r"(speaker[ _-]?)?\d+", re.IGNORECASE)


class Turns:
    """Writes segments in order. A vendor's numbers become `A`, `B`, … in order of appearance; names are kept."""

    def __init__(self) -> None:
        self._count = 0
        self._names: dict[str | None, str] = {}
        self._taken: set[str] = set()
        self._letters = map(_letters, count())  # those not yet tried: a name once taken is never free again

    def written(self, segment: Segment) -> dict[str, Any]:
        """The next segment: an item of diarized_json, and an event of its stream."""
        self._count += 1
        return {
            "type": "transcript.text.segment",
            "id": segment.id or f"seg_{self._count:03}",
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "speaker": self._name(segment.speaker),
        }

    def _name(self, label: str | None) -> str:
        if label not in self._names:
            is_number = label is None or _NUMBERED.fullmatch(label)
            self._names[label] = self._free_letter() if is_number else str(label)
            self._taken.add(self._names[label])
        return self._names[label]

    def _free_letter(self) -> str:
        return next(letters for letters in self._letters if letters not in self._taken)


def _letters(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else _letters(index // 26 - 1) + _letters(index % 26)
