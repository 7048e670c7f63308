"""The call as one target may see it: what a vendor file's function gets, and nothing else.

What lives here: frozen values. Who fills them in: `routing.fit`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from router.wire.upload import Upload

__all__ = ["Ask", "ChatAsk", "ListenAsk", "SpeechAsk"]


class Ask(Struct, frozen=True, kw_only=True):
    """What the model does not honour is None already, numbers are clamped, voice and format are the vendor's words.

    `as_events`: the answer is to come as a stream of events, which this model `gives`.
    """

    model: str
    language: str | None = None
    as_events: bool = False


class SpeechAsk(Ask, frozen=True, kw_only=True):
    """Text to be spoken. `format` is the value the vendor's `formats` table has for it."""

    text: str
    voice: str
    format: Any
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


class ChatAsk(Ask, frozen=True, kw_only=True):
    """A text to be answered by a chat model, and what it is told to do with it."""

    system: str
    user: str
