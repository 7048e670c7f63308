"""Plans and calls for tests of pure decisions: real tables, real vendor files, no socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.config import parse
from router.routing.compiling import compile_plan
from router.routing.history import History
from router.routing.plan import Plan
from router.routing.select import Selection, select
from router.vendors import find_vendor, vendor_names
from router.wire.audio import MP3, Format
from router.wire.calls import Call, ListenCall, SpeechCall
from router.wire.upload import Upload

ALL_KEYS = {
    "OPENAI_API_KEY": "sk-openai",
    "ELEVENLABS_API_KEY": "sk-eleven",
    "DEEPGRAM_API_KEY": "sk-deepgram",
    "GROQ_API_KEY": "sk-groq",
}
VENDORS = """
vendors:
  openai: {api_key: "${OPENAI_API_KEY}"}
  elevenlabs: {api_key: "${ELEVENLABS_API_KEY}"}
  deepgram: {api_key: "${DEEPGRAM_API_KEY}"}
  groq: {api_key: "${GROQ_API_KEY}"}
  local: {}
"""


def plan_from(text: str, environment: Mapping[str, str] = ALL_KEYS, *, is_installed: bool = True) -> Plan:
    return compile_plan(
        parse(text, "routes.yaml", environment), find_vendor, vendor_names(), is_installed=lambda _name: is_installed
    )


def choose(plan: Plan, call: Call, history: History | None = None, now: float = 0.0, draw: float = 0.5) -> Selection:
    """What a call would be tried at, with nothing known of the past unless a test says so."""
    return select(plan, call, history or History(), now, draw)


def names(selection: Selection) -> list[str]:
    return [fitted.target.name for fitted in selection.able]


def speech(
    model: str = "m", text: str = "Hello", voice: str = "alloy", format: Format = MP3, **rest: Any
) -> SpeechCall:
    extras, route = rest.pop("extras", {}), rest.pop("route", None)
    return SpeechCall(model=model, text=text, voice=voice, format=format, tunables=rest, extras=extras, route=route)


def listen(
    model: str = "m", wants: str = "", audio: bytes = b"RIFF", kind: Any = "transcription", **rest: Any
) -> ListenCall:
    upload, seconds = Upload("a.wav", "audio/wav", audio), rest.pop("seconds", None)
    asked = frozenset(wants.split())
    return ListenCall(kind=kind, model=model, audio=upload, wants=asked, tunables=rest, seconds=seconds)
