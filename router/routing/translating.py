"""A transcript put into English by a chat model: what the model is told, and what is made of its words.

Pure. Times and segments stay: a segment is a line, and a line is a line again when it comes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from router.wire.languages import code_of
from router.wire.sentences import split
from router.wire.transcripts import Transcript

__all__ = ["asked", "batches", "fewer", "in_english", "is_english", "lines_of", "prepared", "read_lines"]

LONGEST_BATCH = 4_000
"""Characters that one question holds: far within every chat model's answer, few enough to be answered in seconds."""

FEW = 8
"""Lines that are asked for at once when more were too many."""

_FENCE = re.compile(r"\A```\w*\n?|\n?```\Z")

ONE = "You translate speech into English. Answer with the English translation of the user's text and nothing else."
MANY = (
    "You translate speech into English. The user's text is a JSON array of consecutive lines of one transcript. Answer "
    "with a JSON array of their English translations and nothing else: as many lines, in the same order."
)
CONTEXT = "The transcript's context, which is not to be translated: "


def is_english(transcript: Transcript) -> bool:
    """Whether nothing is left to do: the language is English as far as the vendor says, or nobody spoke."""
    return code_of(transcript.language or "") == "en" or not transcript.text.strip()


def prepared(transcript: Transcript, wants: frozenset[str]) -> Transcript:
    """The transcript with the segments that are wanted, and without what belongs to the words that were spoken."""
    segments = [one for one in transcript.timed() if one.text.strip()] if "segments" in wants else ()
    return Transcript(transcript.text, transcript.language, transcript.duration, segments=segments)


def lines_of(transcript: Transcript) -> Sequence[str]:
    """What is translated of a prepared transcript: a line a segment, else the text in parts that fit a question."""
    if transcript.segments:
        return [segment.text for segment in transcript.segments]
    return split(transcript.text.strip(), LONGEST_BATCH)


def in_english(transcript: Transcript, lines: Sequence[str]) -> Transcript:
    """A prepared transcript with its lines replaced; times stay."""
    pairs = zip(transcript.segments, lines, strict=False)  # without segments the lines are the text alone
    segments = [replace(segment, text=line) for segment, line in pairs]
    return replace(transcript, text=" ".join(filter(None, lines)), language="english", segments=segments)


def batches(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Consecutive lines that fit one question; a line that is longer by itself stands alone."""
    batch: list[str] = []
    size = 0
    for line in lines:
        if batch and size + len(line) > LONGEST_BATCH:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch


def fewer(lines: Sequence[str]) -> Sequence[Sequence[str]]:
    """The lines in parts with which even a careless model can keep count: a few at once, then each by itself."""
    size = FEW if len(lines) > FEW else 1
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def asked(lines: Sequence[str], context: str | None) -> tuple[str, str]:
    """What the model is told, and the text it is given. `context`: the client's prompt."""
    system = ONE if len(lines) == 1 else MANY
    user = lines[0] if len(lines) == 1 else msgspec.json.encode(lines).decode()
    return (f"{system}\n\n{CONTEXT}{context}" if context else system), user


def read_lines(answer: str, count: int) -> Sequence[str] | None:
    """The translated lines; None where the model lost count, so that they are to be asked for in smaller parts.

    A fence around the answer is left out.
    """
    answer = _FENCE.sub("", answer.strip()).strip()
    if count == 1:
        return [" ".join(answer.split())]
    try:
        lines = msgspec.json.decode(answer[answer.find("[") : answer.rfind("]") + 1], type=list[str])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return [" ".join(line.split()) for line in lines] if len(lines) == count else None
