"""Server-sent events as OpenAI's SDKs read them."""

from __future__ import annotations

import base64

import msgspec

from router.wire import events


def documents(stream: bytes) -> list:
    assert stream.endswith(b"\n\n")
    return [msgspec.json.decode(one.removeprefix(b"data: ")) for one in stream.split(b"\n\n") if one]


def test_events_are_data_only_and_end_with_a_blank_line() -> None:
    """No `event:` line, one JSON document each, text escaped so that no line can break it."""
    stream = events.audio_delta(b"\0\xff") + events.text_delta('a\n\n"b')

    delta, text = documents(stream)

    assert base64.b64decode(delta["audio"]) == b"\0\xff"
    assert text == {"type": "transcript.text.delta", "delta": 'a\n\n"b'}


def test_speech_usage_has_three_numbers_and_no_type() -> None:
    """As the published schema has it."""
    assert documents(events.audio_done(3, 4)) == [
        {"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}
    ]
