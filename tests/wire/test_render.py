"""One transcript in six formats, right to the letter."""

from __future__ import annotations

import msgspec
import pytest

from router.wire.render import Rendering, Usage, render, wants_of
from router.wire.transcripts import Segment, Transcript, Word

HEARD = Transcript(
    text="Hello. Bye.",
    language="en-US",
    duration=3723.4567,
    words=[Word("Hello.", 0.0, 1.0, "speaker_0", -0.1), Word("Bye.", 3722.9996, 3723.4, "speaker_1", -0.2)],
)
SILENCE = Transcript("", duration=2.0)


def shown(transcript: Transcript, usage: Usage | None = None, **rendering) -> tuple[str, str]:
    content_type, body = render(transcript, Rendering(**rendering), usage or Usage())
    return content_type, body.decode()


def test_json_is_text_and_usage() -> None:
    """Seconds are rounded up; tokens, where the vendor reports them, win."""
    assert shown(HEARD) == (
        "application/json",
        '{"text":"Hello. Bye.","usage":{"type":"duration","seconds":3724}}',
    )
    tokens = Usage(input_tokens=3, output_tokens=4, seconds=9)
    assert '"usage":{"type":"tokens","input_tokens":3,"output_tokens":4,"total_tokens":7}' in shown(HEARD, tokens)[1]


def test_logprobs_come_when_asked_for() -> None:
    """A token a word, with its bytes."""
    body = msgspec.json.decode(shown(HEARD, has_logprobs=True)[1])

    assert body["logprobs"][1] == {"token": "Bye.", "logprob": -0.2, "bytes": list(b"Bye.")}


def test_srt_and_vtt_count_hours_and_round_to_milliseconds() -> None:
    """A comma before them in srt, a point in vtt; 59.9996 s carries into the next minute."""
    late = "01:02:03"
    assert shown(HEARD, format="srt") == (
        "application/x-subrip; charset=utf-8",
        f"1\n00:00:00,000 --> 00:00:01,000\nHello.\n\n2\n{late},000 --> {late},400\nBye.\n\n",
    )
    assert shown(HEARD, format="vtt") == (
        "text/vtt; charset=utf-8",
        f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello.\n\n{late}.000 --> {late}.400\nBye.\n\n",
    )


def test_verbose_has_what_was_asked_for_and_no_null() -> None:
    """Language as an English name; words only when asked for; ten keys a segment, none of them null."""
    body = msgspec.json.decode(shown(HEARD, format="verbose_json", has_words=True)[1])

    assert (body["task"], body["language"], body["duration"]) == ("transcribe", "english", 3723.4567)
    assert [len(segment) for segment in body["segments"]] == [10, 10]
    assert all(value is not None for segment in body["segments"] for value in segment.values())
    assert body["words"][0] == {"word": "Hello.", "start": 0.0, "end": 1.0}
    assert "words" not in msgspec.json.decode(shown(HEARD, format="verbose_json")[1])


def test_a_translation_is_english_and_carries_no_usage() -> None:
    """Whatever language was heard."""
    heard = Transcript("Hello.", language="german", duration=1.0)

    assert shown(heard, task="translate")[1] == '{"text":"Hello."}'
    assert '"language":"english"' in shown(heard, task="translate", format="verbose_json")[1]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(["0", "1", "0"], ["A", "B", "A"]), (["speaker_7", "Agent Smith"], ["A", "Agent Smith"]), ([None], ["A"])],
)
def test_speakers_are_letters_or_their_names(labels: list[str | None], expected: list[str]) -> None:
    """A vendor's numbers become letters in order of appearance; known names stay."""
    heard = Transcript("", segments=[Segment("x", 0, 1, label) for label in labels])

    body = msgspec.json.decode(shown(heard, format="diarized_json")[1])

    assert [segment["speaker"] for segment in body["segments"]] == expected
    assert body["text"].splitlines()[0] == f"{expected[0]}: x"


def test_silence_is_a_transcript_too() -> None:
    """Nothing said: empty text in every format, and usage for the seconds that were listened to."""
    assert shown(SILENCE)[1] == '{"text":"","usage":{"type":"duration","seconds":2}}'
    assert shown(SILENCE, format="text")[1] == "\n"
    assert shown(SILENCE, format="srt")[1] == ""
    assert shown(SILENCE, format="vtt")[1] == "WEBVTT\n\n"
    assert msgspec.json.decode(shown(SILENCE, format="verbose_json")[1])["segments"] == []


@pytest.mark.parametrize(
    ("rendering", "wants"),
    [
        (Rendering(), ""),
        (Rendering(has_logprobs=True), "logprobs"),
        (Rendering(format="text"), ""),
        (Rendering(format="srt"), "segments"),
        (Rendering(format="verbose_json"), "segments"),
        (Rendering(format="verbose_json", has_words=True, has_segments=False), "words"),
        (Rendering(format="diarized_json"), "segments speakers"),
    ],
)
def test_a_format_wants_what_it_shows(rendering: Rendering, wants: str) -> None:
    """No more, so that a vendor is not excluded without need."""
    assert wants_of(rendering) == frozenset(wants.split())


@pytest.mark.parametrize("shape", ["srt", "vtt"])
def test_what_was_said_cannot_break_the_captions(shape: str) -> None:
    """Line ends, times and arrows in a text, and times that no cue can have."""
    heard = Transcript("x", segments=[Segment("a\n\n2\n00:00 --> 1", -1.5, 1e300)])

    body = shown(heard, format=shape)[1]

    point = "," if shape == "srt" else "."
    assert f"00:00:00{point}000 --> 99:59:59{point}999\na 2 00:00 → 1\n\n" in body
    assert body.count("-->") == 1
