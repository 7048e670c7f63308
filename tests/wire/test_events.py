"""Server-sent events as OpenAI's SDKs read them."""

from __future__ import annotations

import base64

import msgspec

from router.upstream.sse import EventParser
from router.wire import events
from router.wire.transcripts import Delta, Token


def documents(stream: bytes) -> list:
    assert stream.endswith(b"\n\n")
    return [msgspec.json.decode(one.removeprefix(b"data: ")) for one in stream.split(b"\n\n") if one]


def test_events_are_data_only_and_end_with_a_blank_line() -> None:
    """No `event:` line, one JSON document each, text escaped so that no line can break it."""
    stream = events.audio_delta(b"\0\xff") + events.text_delta(Delta('a\n\n"b'))

    delta, text = documents(stream)

    assert base64.b64decode(delta["audio"]) == b"\0\xff"
    assert text == {"type": "transcript.text.delta", "delta": 'a\n\n"b'}


def test_a_delta_carries_what_the_vendor_told_and_nothing_else() -> None:
    """Log-probabilities and the segment it belongs to."""
    delta = Delta(" é", [Token(" é", -0.5, " é".encode())], "seg_7")

    assert documents(events.text_delta(delta)) == [
        {
            "type": "transcript.text.delta",
            "delta": " é",
            "logprobs": [{"token": " é", "logprob": -0.5, "bytes": [32, 195, 169]}],
            "segment_id": "seg_7",
        }
    ]


def test_speech_usage_has_three_numbers_and_no_type() -> None:
    """As the published schema has it, and the characters that were spoken."""
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_characters": 12}

    assert documents(events.audio_done(3, 4, 12)) == [{"type": "speech.audio.done", "usage": usage}]


def test_a_comment_is_no_event() -> None:
    """It has no field at all, so that no reader makes an event of it."""
    assert EventParser().feed(events.COMMENT) == []
