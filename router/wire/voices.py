"""A voice as lists show it: what people call it, what it was made to speak, how it sounds.

What lives here: the value alone. Which voices there are is the vendors' to say.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Gender", "Voice"]

Gender = Literal["female", "male", "neutral"]


class Voice(Struct, frozen=True):
    """`language`: BCP-47, of its accent (None: any, or not known). `gender`: as the vendor says (None: it does not)."""

    name: str
    language: str | None = None
    gender: Gender | None = None
