"""One transcript in six formats, right to the letter, and as the stock SDK's types want it."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)

from router.wire.render import Rendering, Usage, done_event, length_of, render, wants_of
from router.wire.transcripts import Segment, Token, Transcript, Word

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


@pytest.mark.parametrize(("shape", "arrow"), [("srt", "→"), ("vtt", "--&gt;")])
def test_what_was_said_cannot_break_the_captions(shape: str, arrow: str) -> None:
    """Line ends, times and arrows in a text, and times that no cue can have."""
    heard = Transcript("x", segments=[Segment("a\n\n2\n00:00 --> 1", -1.5, 1e300)])

    body = shown(heard, format=shape)[1]

    point = "," if shape == "srt" else "."
    assert f"00:00:00{point}000 --> 99:59:59{point}999\na 2 00:00 {arrow} 1\n\n" in body
    assert body.count("-->") == 1


TOKENS = Usage(input_tokens=3, output_tokens=4, seconds=9, input_text_tokens=1, input_audio_tokens=2)
IN_TOKENS = {
    "type": "tokens",
    "input_tokens": 3,
    "input_token_details": {"text_tokens": 1, "audio_tokens": 2},
    "output_tokens": 4,
    "total_tokens": 7,
}


def document(transcript: Transcript, usage: Usage | None = None, **rendering) -> dict[str, Any]:
    return msgspec.json.decode(shown(transcript, usage, **rendering)[1])


def test_usage_is_of_the_kind_that_openai_has_there() -> None:
    """Tokens where told, except in verbose_json, which only has seconds."""
    assert document(HEARD, TOKENS)["usage"] == IN_TOKENS
    assert document(HEARD, TOKENS, format="diarized_json")["usage"] == IN_TOKENS
    assert document(HEARD, TOKENS, format="verbose_json")["usage"] == {"type": "duration", "seconds": 9}


@pytest.mark.parametrize(
    ("heard", "usage", "seconds"),
    [
        (HEARD, Usage(seconds=8.47), 9),
        (HEARD, Usage(seconds=27.0000001), 27),
        (HEARD, Usage(seconds=math.nan), 3724),
        (HEARD, Usage(input_tokens=3), 3724),
        (HEARD, Usage(input_tokens=-3, output_tokens=2**60), 3724),
        (Transcript("", words=[Word("a", 1, 2.5), Word("b", 1, 2)]), Usage(), 3),
        (Transcript("", segments=[Segment("a", 1, 4.5)], words=[Word("a", 1, 2)]), Usage(), 5),
    ],
)
def test_seconds_are_whole_and_known_from_whatever_is_there(heard: Transcript, usage: Usage, seconds: int) -> None:
    """What the vendor bills, the length it tells, the end of the last word or segment."""
    assert document(heard, usage)["usage"] == {"type": "duration", "seconds": seconds}


def test_a_length_that_nobody_knows_is_not_made_up() -> None:
    """The caller is asked to measure the file; verbose_json must have a number."""
    assert length_of(Transcript("a")) is None
    assert "usage" not in document(Transcript("a"))
    assert document(Transcript("a"), format="verbose_json")["duration"] == 0


def test_languages_come_when_asked_for() -> None:
    """As codes; none where the vendor did not tell one."""
    assert document(HEARD, has_languages=True)["languages"] == [{"code": "en"}]
    assert document(Transcript(""), has_languages=True)["languages"] == []
    assert document(Transcript("", language="und"), has_languages=True)["languages"] == []
    assert "languages" not in document(HEARD)


def test_the_done_event_has_tokens_or_a_length() -> None:
    """Its usage can only be tokens, by OpenAI's schema."""
    asked = Rendering(has_languages=True)

    assert done_event(HEARD, asked, TOKENS) == {
        "type": "transcript.text.done",
        "text": "Hello. Bye.",
        "languages": [{"code": "en"}],
        "usage": IN_TOKENS,
    }
    assert done_event(HEARD, Rendering(), Usage(seconds=9)) == {
        "type": "transcript.text.done",
        "text": "Hello. Bye.",
        "duration": 3723.4567,
    }


def test_speakers_are_taken_from_words_where_segments_do_not_say() -> None:
    """A turn a speaker, though the vendor's segment holds both."""
    heard = Transcript("", words=HEARD.words, segments=[Segment("Hello. Bye.", 0, 3723.4)])

    segments = document(heard, format="diarized_json")["segments"]

    assert [(one["speaker"], one["text"]) for one in segments] == [("A", "Hello."), ("B", "Bye.")]


numbers = st.one_of(st.floats(), st.floats(0, 100))
labels = st.one_of(st.none(), st.sampled_from(["0", "speaker_1", "Alice"]), st.text(st.characters(), max_size=5))
said = st.text(st.characters(), max_size=20)
transcripts = st.builds(
    Transcript,
    said,
    language=labels,
    duration=st.none() | numbers,
    words=st.lists(st.builds(Word, said, numbers, numbers, labels, st.none() | numbers), max_size=5),
    segments=st.lists(
        st.builds(Segment, said, numbers, numbers, labels, *[st.none() | numbers] * 4, labels), max_size=5
    ),
    tokens=st.lists(st.builds(Token, said, numbers, st.binary(max_size=4)), max_size=3),
)
counts = st.none() | st.integers()
usages = st.builds(Usage, counts, counts, st.none() | numbers, counts, counts)
MODELS = [
    ("json", "transcribe", Transcription),
    ("verbose_json", "transcribe", TranscriptionVerbose),
    ("diarized_json", "transcribe", TranscriptionDiarized),
    ("json", "translate", Translation),
    ("verbose_json", "translate", TranslationVerbose),
]


def nulls_in(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(nulls_in, inner))


@pytest.mark.parametrize(("shape", "task", "model"), MODELS)
@given(heard=transcripts, usage=usages, has_words=st.booleans(), has_more=st.booleans())
def test_any_transcript_is_what_the_sdk_expects(shape, task, model, heard, usage, has_words, has_more) -> None:
    """Every type is right, strictly, and nothing is null."""
    rendering = Rendering(shape, task, has_words, has_logprobs=has_more, has_languages=has_more)
    body = render(heard, rendering, usage)[1]

    model.model_validate_json(body, strict=True)
    assert not nulls_in(msgspec.json.decode(body))


@given(heard=transcripts, usage=usages, has_more=st.booleans())
def test_any_done_event_is_what_the_sdk_expects(heard, usage, has_more) -> None:
    """As it travels: encoded and decoded."""
    body = msgspec.json.encode(done_event(heard, Rendering(has_logprobs=has_more, has_languages=has_more), usage))

    TranscriptionTextDoneEvent.model_validate_json(body, strict=True)
    assert not nulls_in(msgspec.json.decode(body))
