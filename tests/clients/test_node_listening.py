"""Transcription and translation through the stock Node SDK: every format, and every way it has to send a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import told
from tests.clients.node import needs_node, running, said
from tests.clients.vendor import DEEPGRAM, DELTAS, DONE, PLAIN_VENDOR, TEXT, a_table, event, hears, parts_of
from tests.conftest import Serve
from tests.fakes import Drip, Upstream, document, failure

pytestmark = needs_node

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(range(256)) * 1_500
SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello world.\n\n"
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello world.\n\n"
DIARIZE = "gpt-4o-transcribe-diarize"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file to be written down."""
    file = tmp_path / "two words.wav"
    file.write_bytes(WAV)
    return str(file)


@pytest.fixture
def listen(serve: Serve, upstream: Upstream, path: str) -> Callable[..., Any]:
    """`await listen(asked, **job)`: all that `listening.mjs` says."""

    async def call(asked: dict[str, Any], **job: Any) -> list[Any]:
        if not upstream.script:
            upstream.answers(hears)
        router = await serve(a_table(upstream))
        return await said("listening.mjs", url=router.url, path=path, asked=asked, **job)

    return call


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("stream", 'filename="two words.wav"'),
        ("toFile", 'filename="speech.wav"'),
        ("file", 'filename="speech.wav"'),
        ("blob", 'filename="blob'),
        ("response", 'filename="unknown_file'),
    ],
)
async def test_a_file_may_be_anything_that_the_sdk_takes(listen, upstream: Upstream, how: str, named: str) -> None:
    """`fs.createReadStream` (chunked, file first), `toFile`, `File`, `Blob`, `Response`: the vendor gets its bytes."""
    (answer,) = await listen({"model": "gpt-4o-transcribe"}, how=how)

    assert answer["result"]["text"] == TEXT
    assert answer["requestId"].startswith("req_")
    assert WAV in upstream.seen[0].body
    assert named.encode() in upstream.seen[0].body
    assert b"audio/wav" in upstream.seen[0].body


@pytest.mark.parametrize("endpoint", ["transcriptions", "translations"])
@pytest.mark.parametrize(("shape", "body"), [("text", f"{TEXT}\n"), ("srt", SRT), ("vtt", VTT)])
async def test_text_formats_are_strings(listen, endpoint: str, shape: str, body: str) -> None:
    """`srt` is srt: the SDK gives a plain string, which it cannot where such a body is labelled JSON."""
    (answer,) = await listen({"model": "whisper-1", "response_format": shape}, endpoint=endpoint)

    assert answer["result"] == body


@pytest.mark.parametrize("endpoint", ["transcriptions", "translations"])
async def test_verbose_json_has_segments(listen, endpoint: str) -> None:
    """Parsed, with all ten keys of a segment."""
    (answer,) = await listen({"model": "whisper-1", "response_format": "verbose_json"}, endpoint=endpoint)

    assert (answer["result"]["text"], answer["result"]["language"]) == (TEXT, "english")
    assert len(answer["result"]["segments"][0]) == 10


async def test_word_times_and_their_absence(listen) -> None:
    """`timestamp_granularities: ["word"]`: words at the top level, no segments."""
    asked = {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities": ["word"]}

    (answer,) = await listen(asked)

    assert [(word["word"], word["end"]) for word in answer["result"]["words"]] == [("Hello", 0.5), ("world.", 1.0)]
    assert "segments" not in answer["result"]


async def test_lists_and_objects_reach_the_vendor(listen, upstream: Upstream) -> None:
    """Speakers' names, their samples and the chunking, as the SDK writes them; the client hears who spoke."""
    (answer,) = await listen(
        {
            "model": DIARIZE,
            "response_format": "diarized_json",
            "chunking_strategy": {"type": "server_vad", "threshold": 0.5},
            "known_speaker_names": ["agent", "customer"],
        }
    )

    parts = parts_of(upstream.seen[0].body)
    assert [(one["speaker"], one["text"]) for one in answer["result"]["segments"]] == [("agent", TEXT)]
    assert parts["known_speaker_names[]"] == ["agent", "customer"]
    assert (parts["chunking_strategy[type]"], parts["chunking_strategy[threshold]"]) == (["server_vad"], ["0.5"])


async def test_log_probabilities_are_included(listen) -> None:
    """`include: ["logprobs"]`."""
    (answer,) = await listen({"model": "gpt-4o-transcribe", "include": ["logprobs"]})

    assert [(one["token"], one["logprob"]) for one in answer["result"]["logprobs"]] == [
        ("Hello", -0.1),
        (" world.", -0.2),
    ]


@pytest.mark.parametrize("model", ["gpt-4o-mini-transcribe", PLAIN_VENDOR])
async def test_a_stream_is_events_from_any_vendor(listen, upstream: Upstream, model: str) -> None:
    """`stream: true`: the deltas are the whole text, and the done event says it once more."""
    upstream.answers(document(DEEPGRAM) if model == PLAIN_VENDOR else hears)

    *deltas, done = await listen({"model": model, "stream": True})

    assert {event["type"] for event in deltas} == {"transcript.text.delta"}
    assert "".join(event["delta"] for event in deltas) == TEXT
    assert (done["type"], done["text"]) == ("transcript.text.done", TEXT)


async def test_words_are_read_while_the_vendor_still_listens(serve: Serve, upstream: Upstream, path: str) -> None:
    """`stream: true` from a vendor that streams: the first delta is there while the vendor holds the rest."""
    drip = Drip("text/event-stream")
    upstream.answers(drip)
    router = await serve(a_table(upstream))
    drip.send(event(DELTAS[0]))
    asked = {"model": "gpt-4o-transcribe", "stream": True}

    async with running("listening.mjs", url=router.url, path=path, asked=asked) as values:
        assert (await anext(values))["delta"] == "Hello"
        drip.send(event(DELTAS[1]) + event(DONE))
        drip.end()
        rest = [value async for value in values]

    assert [value.get("delta", value.get("text")) for value in rest] == [" world.", TEXT]


async def test_an_upload_that_can_be_repeated_is_and_a_stream_is_not(
    serve: Serve, upstream: Upstream, path: str
) -> None:
    """After a failure the SDK sends a `File` again, and is answered; a read stream it cannot, and throws at once."""
    for how, statuses in (("file", [502, 200]), ("stream", [502])):
        upstream.answers(failure(500), hears)
        router = await serve(a_table(upstream))

        await said(
            "failing.mjs",
            url=router.url,
            kind="transcription",
            how=how,
            path=path,
            asked={"model": "gpt-4o-transcribe"},
        )

        assert [record.status for record in await told(router, len(statuses))] == statuses
