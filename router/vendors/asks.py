"""The call as one target may see it: what a vendor file's function gets, and nothing else.

What lives here: frozen values. Who fills them in: `routing.fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from router.wire.calls import Turn
from router.wire.languages import code_of
from router.wire.upload import Upload

__all__ = ["Ask", "ChatAsk", "ListenAsk", "SoundAsk", "SpeechAsk"]


class Ask(Struct, frozen=True, kw_only=True):
    """What the model does not honour is None already, numbers are clamped, voice and format are the vendor's words.

    `as_events`: the answer is to come as a stream of events, which this model `gives`. `options`: what the target and
    the client say in the vendor's own words; most are sent as they are, and a file looks here only for what decides
    where or how it asks.
    """

    model: str
    language: str | None = None
    as_events: bool = False
    options: Mapping[str, Any] = {}

    @property
    def language_code(self) -> str | None:
        """ISO 639-1 of the language, however the client has written it (`de-AT`, `German`)."""
        return code_of(self.language) if self.language else None


class SpeechAsk(Ask, frozen=True, kw_only=True):
    """Text to be spoken. `format` is the value the vendor's `formats` table has for it.

    `turns`: of a dialogue, where the model has such; their voices are the vendor's, and `text` is all they say.
    """

    text: str
    voice: str
    format: Any
    turns: tuple[Turn, ...] = ()
    speed: float | None = None
    instructions: str | None = None


class ListenAsk(Ask, frozen=True, kw_only=True):
    """Audio to be written down, or translated. `wants` is a subset of what the model `gives`.

    `languages`: those that may be spoken, where the client named several and therefore no `language`.
    """

    audio: Upload
    wants: frozenset[str] = frozenset()
    languages: tuple[str, ...] | None = None
    prompt: str | None = None
    keywords: tuple[str, ...] | None = None
    temperature: float | None = None


class SoundAsk(Ask, frozen=True, kw_only=True):
    """A sound effect or music, as `text` describes it; `duration` in seconds. `format` as in speech."""

    text: str
    format: Any
    duration: float | None = None
    seed: int | None = None
    lyrics: str | None = None
    instrumental: bool | None = None


class ChatAsk(Ask, frozen=True, kw_only=True):
    """A text to be answered by a chat model, and what it is told to do with it."""

    system: str
    user: str
