"""What the typed transcripts of `openai` and of `groq`, which is made by the same generator, say in our words.

What lives here: attributes of the SDKs' objects in, a `Transcript` out; none of the router's own reading is used.
"""

from __future__ import annotations

from typing import Any

from router.wire.transcripts import Segment, Token, Transcript, Word

MEASURES = ("avg_logprob", "no_speech_prob", "compression_ratio", "temperature")


def heard(result: Any) -> Transcript:
    """A transcript, whichever type the SDK has for it; what a type does not have is absent."""
    languages = getattr(result, "languages", None) or []
    return Transcript(
        result.text,
        getattr(result, "language", None) or next((one.code for one in languages), None),
        getattr(result, "duration", None),
        words=[Word(*fields(one, "word", "start", "end")) for one in getattr(result, "words", None) or ()],
        segments=[_segment(one) for one in getattr(result, "segments", None) or ()],
        tokens=[
            Token(one.token, one.logprob, bytes(map(int, one.bytes))) for one in getattr(result, "logprobs", None) or ()
        ],
    )


def _segment(one: Any) -> Segment:
    text, start, end, speaker, *measured = fields(one, "text", "start", "end", "speaker", *MEASURES)
    return Segment(text.strip(), start, end, speaker, **dict(zip(MEASURES, measured, strict=True)))


def fields(one: Any, *names: str) -> list[Any]:
    """The fields of an object, or of a dict where the SDK has no type for it."""
    return [one.get(name) if isinstance(one, dict) else getattr(one, name, None) for name in names]
