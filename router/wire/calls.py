"""A client's request in our terms, whichever door it came through.

What lives here: the frozen values that travel from door to vendor. Decoding them from JSON and forms is `api`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from router.wire.audio import Format
from router.wire.upload import Upload

__all__ = ["LONGEST_MODEL", "NOT_FOR_VENDORS", "OPENAI_VOICES", "Call", "CallKind", "ListenCall", "SpeechCall"]

CallKind = Literal["speech", "transcription", "translation"]

OPENAI_VOICES = frozenset(
    ("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar")
)


LONGEST_MODEL = 256
"""Characters of a model's name: it goes into events, messages and headers."""


NOT_FOR_VENDORS = frozenset({"route"})
"""Fields that a client may send to the router itself."""


class Call(Struct, frozen=True, kw_only=True):
    """What every call has.

    `tunables`: parameters that may be dropped where a vendor lacks them (speed, instructions, language, prompt,
    temperature, keywords). `extras`: fields that OpenAI does not know, under the names the client gave them.
    `as_events`: the client wants the answer as a stream of events, from vendors that stream and from those that do not.
    """

    kind: CallKind
    model: str
    tunables: Mapping[str, Any] = {}
    extras: Mapping[str, Any] = {}
    as_events: bool = False


class SpeechCall(Call, frozen=True, kw_only=True):
    """Text to be spoken in `voice`, to go out as `format`."""

    kind: CallKind = "speech"
    text: str
    voice: str
    format: Format


class ListenCall(Call, frozen=True, kw_only=True):
    """Audio to be written down, or translated to English. `wants`: of `words segments speakers logprobs`."""

    audio: Upload
    wants: frozenset[str] = frozenset()
