"""How much of what vendors bill by is in a call: counted, or foreseen from what is known of speech. Pure.

What lives here: amounts. What they cost: `pricing`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from router.routing.fit import Fitted
from router.vendors.spec import ChatAsk, ListenAsk, Sound, SoundAsk, SpeechAsk, Unit

__all__ = ["counted", "spoken_s"]

CHARACTERS_PER_SECOND = 15.0
"""Of English speech: OpenAI's longest text, 4,096 characters, is 268 s of gpt-4o-mini-tts (measured, November 2025)."""
WIDE_PER_SECOND = 5.0
"""Chinese, Japanese and Korean characters: a syllable or more each."""
CHARACTERS_PER_TOKEN = 4.5  # the same text is 877 tokens; a wide character is about one
AUDIO_OUT_TOKENS_PER_SECOND = 20.0  # OpenAI: gpt-4o-mini-tts is about $0.015 a minute at $12 for 1M
TRANSCRIPT_TOKENS_PER_SECOND = 200 / 60  # 150 words a minute
AUDIO_IN_TOKENS_PER_SECOND = 1_600 / 60
"""OpenAI: gpt-4o-transcribe is about $0.006 a minute, mini $0.003, at $2.50 and $1.25 for 1M tokens of input and four
times that for output (prices of November 2026): what is left for the input when the transcript is paid."""
LEAST_SPEED = 0.1
MOST_STEPS = 10_000  # no model takes that many; what a client says must stay a price

_WIDE = re.compile(
    r"[\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003fffd]"
)


def counted(unit: Unit, asked: Fitted, seconds: float | None, answer: str | None) -> float | None:
    match asked.ask:
        case SpeechAsk() as ask:
            return _of_speech(unit, ask, asked, seconds)
        case ListenAsk() as ask:
            known = (seconds, asked.seconds, ask.audio.seconds)  # the last by whoever had to know it
            return _of_listening(unit, next((one for one in known if one is not None), None))
        case ChatAsk() as ask:
            return _of_chat(unit, ask, answer)
        case SoundAsk() as ask:
            return _of_sound(unit, ask, asked, seconds)
        case _:
            return None


def _of_speech(unit: Unit, ask: SpeechAsk, asked: Fitted, seconds: float | None) -> float | None:
    count = _SPEECH.get(unit)
    return count(ask, asked, seconds) if count else None


def _of_sound(unit: Unit, ask: SoundAsk, asked: Fitted, seconds: float | None) -> float | None:
    match unit:
        case Unit.SECOND:
            return ask.duration if seconds is None else seconds
        case Unit.STEP:
            return _steps(asked)
        case Unit.CHARACTER:
            return float(len(ask.text) + len(ask.lyrics or ""))
        case _:
            return None


def _seconds_of(ask: SpeechAsk, _asked: Fitted, seconds: float | None) -> float:
    return spoken_s(ask) if seconds is None else seconds


def _text_tokens_of(ask: SpeechAsk, _asked: Fitted, _seconds: float | None) -> float:
    return _tokens(ask.text) + _tokens(ask.instructions or "")


_SPEECH: Mapping[Unit, Callable[[SpeechAsk, Fitted, float | None], float | None]] = {
    Unit.CHARACTER: lambda ask, _asked, _seconds: float(len(ask.text)),
    Unit.BYTE: lambda ask, _asked, _seconds: float(len(ask.text.encode(errors="replace"))),
    Unit.SECOND: _seconds_of,
    Unit.OUTPUT_TOKEN: lambda ask, asked, seconds: _seconds_of(ask, asked, seconds) * AUDIO_OUT_TOKENS_PER_SECOND,
    Unit.INPUT_TOKEN: _text_tokens_of,
    Unit.INPUT_TEXT_TOKEN: _text_tokens_of,
    Unit.STEP: lambda _ask, asked, _seconds: _steps(asked),
}


def _of_listening(unit: Unit, seconds: float | None) -> float | None:
    if unit is Unit.INPUT_TEXT_TOKEN:
        return 0.0  # but for a prompt
    per_second = {
        Unit.SECOND: 1.0,
        Unit.INPUT_TOKEN: AUDIO_IN_TOKENS_PER_SECOND,
        Unit.INPUT_AUDIO_TOKEN: AUDIO_IN_TOKENS_PER_SECOND,
        Unit.OUTPUT_TOKEN: TRANSCRIPT_TOKENS_PER_SECOND,
    }.get(unit)
    return None if per_second is None or seconds is None else seconds * per_second


def _of_chat(unit: Unit, ask: ChatAsk, answer: str | None) -> float | None:
    match unit:
        case Unit.INPUT_TOKEN | Unit.INPUT_TEXT_TOKEN:
            return _tokens(ask.system) + _tokens(ask.user)
        case Unit.OUTPUT_TOKEN:
            return _tokens(ask.user if answer is None else answer)  # a translation is about as long
        case Unit.CHARACTER:
            return float(len(ask.user))
        case _:
            return None


def spoken_s(ask: SpeechAsk) -> float:
    wide = _wide_in(ask.text)
    seconds = wide / WIDE_PER_SECOND + (len(ask.text) - wide) / CHARACTERS_PER_SECOND
    return seconds / max(ask.speed or 1.0, LEAST_SPEED)


def _tokens(text: str) -> float:
    wide = _wide_in(text)
    return float(math.ceil(wide + (len(text) - wide) / CHARACTERS_PER_TOKEN))


def _wide_in(text: str) -> int:
    return 0 if text.isascii() else sum(1 for _ in _WIDE.finditer(text))


def _steps(asked: Fitted) -> float | None:
    """Steps of a diffusion model, as the call or the target says, else as many as the model takes by itself."""
    usual = asked.operation.steps if isinstance(asked.operation, Sound) else None
    steps = asked.extras.get("steps", usual)
    if isinstance(steps, bool) or not isinstance(steps, int | float) or not 0 < steps <= MOST_STEPS:
        return None
    return float(steps)
