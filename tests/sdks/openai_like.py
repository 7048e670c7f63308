"""What the typed transcripts of `openai` and of `groq`, which is made by the same generator, say in our words.

What lives here: attributes of the SDKs' objects in, a `Transcript` out; none of the router's own reading is used.
"""

from __future__ import annotations

from typing import Any

from router.wire.transcripts import Delta, Segment, Token, Transcript, Word

MEASURES = ("avg_logprob", "no_speech_prob", "compression_ratio", "temperature", "seek")


def heard(result: Any) -> Transcript:
    """A transcript, whichever type the SDK has for it; what a type does not have is absent."""
    languages = getattr(result, "languages", None)
    segments = [_segment(one) for one in getattr(result, "segments", None) or ()]
    has_turns = any(one.speaker for one in segments)
    return Transcript(
        " ".join(one.text for one in segments) if has_turns else result.text,
        getattr(result, "language", None) or next((one.code for one in languages or ()), None),
        getattr(result, "duration", None),
        words=[Word(*fields(one, "word", "start", "end")) for one in getattr(result, "words", None) or ()],
        segments=segments,
        tokens=_tokens(result),
        languages=None if languages is None else [one.code for one in languages],
    )


def part(event: Any) -> Delta | Segment:
    """An event of a stream before the last."""
    if event.type == "transcript.text.segment":
        return _segment(event)
    return Delta(event.delta, _tokens(event), event.segment_id)


def _tokens(result: Any) -> list[Token]:
    return [
        Token(one.token, one.logprob, bytes(map(int, one.bytes))) for one in getattr(result, "logprobs", None) or ()
    ]


def _segment(one: Any) -> Segment:
    text, start, end, speaker, name, *measured = fields(one, "text", "start", "end", "speaker", "id", *MEASURES)
    own = name if isinstance(name, str) else None
    numbers = fields(one, "tokens")[0] or []
    return Segment(
        text.strip(), start, end, speaker, **dict(zip(MEASURES, measured, strict=True)), id=own, tokens=numbers
    )


def fields(one: Any, *names: str) -> list[Any]:
    """The fields of an object, or of a dict where the SDK has no type for it."""
    return [one.get(name) if isinstance(one, dict) else getattr(one, name, None) for name in names]
