"""A client's request in our terms, whichever door it came through.

What lives here: the frozen values that travel from door to vendor. Decoding them from JSON and forms is `api`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from router.wire.audio import Format
from router.wire.upload import Upload

__all__ = [
    "LONGEST_MODEL",
    "OPENAI_VOICES",
    "AskedRoute",
    "AskedTarget",
    "Call",
    "CallKind",
    "ListenCall",
    "PolicyName",
    "SoundCall",
    "SpeechCall",
    "Turn",
]

CallKind = Literal["speech", "transcription", "translation", "sound", "music"]
PolicyName = Literal["order", "cost", "latency", "weight"]

OPENAI_VOICES = frozenset(
    ("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar")
)


LONGEST_MODEL = 256
"""Characters of a model's name: it goes into events, messages and headers."""


class AskedTarget(Struct, frozen=True):
    """A target of a client's own chain: `vendor/model`, its share, and what voices are called there."""

    target: str
    weight: float = 1.0
    voices: Mapping[str, str] = {}


class AskedRoute(Struct, frozen=True, kw_only=True):
    """How a client wants its call routed. What it leaves out is as the table has it for the model.

    `max_latency_s`: seconds to the first byte; `max_cost`: US dollars for this call.
    """

    targets: tuple[AskedTarget, ...] = ()
    policy: PolicyName | None = None
    max_latency_s: float | None = None
    max_cost: float | None = None


class Call(Struct, frozen=True, kw_only=True):
    """What every call has.

    `tunables`: parameters that may be dropped where a vendor lacks them (speed, instructions, language, prompt,
    temperature, keywords, seed, duration, instrumental). `extras`: fields that OpenAI does not know, under the names
    the client gave them.
    `as_events`: the client wants the answer as a stream of events, from vendors that stream and from those that do not.
    `route`: a chain or a policy of the client's own. `wait_s`: how long the client can be kept waiting for the first
    byte, over all attempts (None: as long as the table says).
    """

    kind: CallKind
    model: str
    tunables: Mapping[str, Any] = {}
    extras: Mapping[str, Any] = {}
    as_events: bool = False
    route: AskedRoute | None = None
    wait_s: float | None = None


class Turn(Struct, frozen=True):
    """What one voice says in a dialogue."""

    text: str
    voice: str


class SpeechCall(Call, frozen=True, kw_only=True):
    """Text to be spoken in `voice`, to go out as `format`.

    `turns`: of a dialogue, whose voices are several; `text` is then all that they say.
    """

    kind: CallKind = "speech"
    text: str
    voice: str
    format: Format
    turns: tuple[Turn, ...] = ()


class SoundCall(Call, frozen=True, kw_only=True):
    """A sound effect, or music, as `text` describes it, to go out as `format`.

    `lyrics`: what is sung, which is no matter of taste: who cannot sing them cannot serve the call.
    """

    text: str
    format: Format
    lyrics: str | None = None


class ListenCall(Call, frozen=True, kw_only=True):
    """Audio to be written down, or translated to English. `wants`: of `words segments speakers logprobs`.

    `seconds`: how long the audio is, where somebody had to know and it could be told.
    """

    audio: Upload
    wants: frozenset[str] = frozenset()
    seconds: float | None = None
