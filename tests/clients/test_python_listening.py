"""Transcription and translation through the stock Python SDK, sync and async: every format, field and kind of file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.audio import Transcription, TranscriptionDiarized, TranscriptionVerbose, TranslationVerbose

from tests.clients.conftest import OpenStock
from tests.clients.vendor import DEEPGRAM, DELTAS, DONE, PLAIN_VENDOR, TEXT, a_table, event, hears, parts_of
from tests.conftest import Serve
from tests.fakes import Drip, Upstream, document

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(range(256)) * 1_500
FILE = ("speech.wav", WAV, "audio/wav")
SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello world.\n\n"
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello world.\n\n"
DIARIZE = "gpt-4o-transcribe-diarize"


@pytest.fixture
def transcribe(serve: Serve, stock: OpenStock, upstream: Upstream) -> Callable[..., Any]:
    """`await transcribe(model=…)`: what `transcriptions.create` gives."""

    async def call(endpoint: str = "transcriptions", **asked: Any) -> Any:
        if not upstream.script:
            upstream.answers(hears)
        client = stock(await serve(a_table(upstream)))
        asked = {"file": FILE, **asked}
        return await client.call(lambda sdk: getattr(sdk.audio, endpoint).create(**asked))

    return call


@pytest.mark.parametrize(("shape", "body"), [("text", f"{TEXT}\n"), ("srt", SRT), ("vtt", VTT)])
async def test_text_formats_are_strings(transcribe, shape: str, body: str) -> None:
    """`srt` is srt: the SDK gives a plain string, to the letter."""
    assert await transcribe(model="whisper-1", response_format=shape) == body


async def test_json_has_its_usage(transcribe) -> None:
    """The default format, with the tokens that the vendor bills and the request's id."""
    heard = await transcribe(model="gpt-4o-transcribe")

    assert isinstance(heard, Transcription)
    assert heard.text == TEXT
    assert (heard.usage.type, heard.usage.input_tokens, heard.usage.output_tokens) == ("tokens", 14, 4)
    assert heard._request_id.startswith("req_")


@pytest.mark.parametrize("granularities", [["segment"], ["word"], ["word", "segment"]])
async def test_verbose_json_has_the_times_that_were_asked_for(transcribe, granularities: list[str]) -> None:
    """Words at the top level, segments with all ten keys, and neither where nobody asked."""
    heard = await transcribe(model="whisper-1", response_format="verbose_json", timestamp_granularities=granularities)

    assert isinstance(heard, TranscriptionVerbose)
    assert (heard.text, heard.language, heard.duration) == (TEXT, "english", 1.2)
    assert (heard.words is not None) == ("word" in granularities)
    assert (heard.segments is not None) == ("segment" in granularities)
    for word in heard.words or ():
        assert 0 <= word.start < word.end <= 1.0
    for segment in heard.segments or ():
        assert len(segment.model_dump()) == 10
        assert (segment.text, segment.avg_logprob) == (" Hello world.", -0.2)


async def test_speakers_keep_their_names(transcribe, upstream: Upstream) -> None:
    """`diarized_json`: the vendor hears the names and the chunking that the SDK was given, the client who spoke."""
    heard = await transcribe(
        model=DIARIZE,
        response_format="diarized_json",
        chunking_strategy={"type": "server_vad", "threshold": 0.5},
        known_speaker_names=["agent", "customer"],
        known_speaker_references=["data:audio/wav;base64,QUFB", "data:audio/wav;base64,QkJC"],
    )

    parts = parts_of(upstream.seen[0].body)
    assert isinstance(heard, TranscriptionDiarized)
    assert [(one.id, one.speaker, one.text) for one in heard.segments] == [("seg_001", "agent", TEXT)]
    assert parts["known_speaker_names[]"] == ["agent", "customer"]
    assert parts["known_speaker_references[]"] == ["data:audio/wav;base64,QUFB", "data:audio/wav;base64,QkJC"]
    assert parts["chunking_strategy[type]"] == ["server_vad"]
    assert parts["chunking_strategy[threshold]"] == ["0.5"]
    assert "chunking_strategy" not in parts


async def test_log_probabilities_are_included(transcribe) -> None:
    """`include=["logprobs"]`: token, probability and bytes, one for one."""
    heard = await transcribe(model="gpt-4o-transcribe", include=["logprobs"])

    assert [(one.token, one.logprob, bytes(map(int, one.bytes))) for one in heard.logprobs] == [
        ("Hello", -0.1, b"Hello"),
        (" world.", -0.2, b" world."),
    ]


async def test_hints_reach_the_vendor(transcribe, upstream: Upstream) -> None:
    """Language, prompt and temperature; for `gpt-transcribe` languages and keywords, as that model takes them."""
    await transcribe(model="whisper-1", language="de", prompt="Kaffee", temperature=0.2)
    await transcribe(model="gpt-transcribe", languages=["de"], keywords=["Kaffee", "Kuchen"])

    first, second = (parts_of(seen.body) for seen in upstream.seen)
    assert (first["language"], first["prompt"], first["temperature"]) == (["de"], ["Kaffee"], ["0.2"])
    assert (second["languages[]"], second["keywords[]"]) == (["de"], ["Kaffee", "Kuchen"])


@pytest.mark.parametrize("model", ["gpt-4o-mini-transcribe", PLAIN_VENDOR])
async def test_a_stream_is_events_from_any_vendor(
    serve: Serve, stock: OpenStock, upstream: Upstream, model: str
) -> None:
    """`stream=True`: the deltas are the whole text, and the done event says it once more."""
    upstream.answers(document(DEEPGRAM) if model == PLAIN_VENDOR else hears)
    client = stock(await serve(a_table(upstream)))

    stream = await client.call(lambda sdk: sdk.audio.transcriptions.create(model=model, file=FILE, stream=True))
    events = [event async for event in client.each(stream)]

    assert [event.type for event in events[:-1]] == ["transcript.text.delta"] * (len(events) - 1)
    assert "".join(event.delta for event in events[:-1]) == TEXT
    assert (events[-1].type, events[-1].text) == ("transcript.text.done", TEXT)


async def test_words_are_read_while_the_vendor_still_listens(
    serve: Serve, stock: OpenStock, upstream: Upstream
) -> None:
    """`stream=True` from a vendor that streams: the first delta is at the client while the vendor holds the rest."""
    drip = Drip("text/event-stream")
    upstream.answers(drip)
    client = stock(await serve(a_table(upstream)))
    asked = {"model": "gpt-4o-transcribe", "file": FILE, "include": ["logprobs"]}
    drip.send(event(DELTAS[0]))

    stream = await client.call(lambda sdk: sdk.audio.transcriptions.create(**asked, stream=True))
    events = []
    async for one in client.each(stream):
        events.append(one)
        if len(events) == 1:
            drip.send(event(DELTAS[1]) + event(DONE))
            drip.end()

    assert [getattr(one, "delta", one.type) for one in events] == ["Hello", " world.", "transcript.text.done"]
    assert [one.logprobs[0].token for one in events[:2]] == ["Hello", " world."]
    assert (events[-1].text, events[-1].usage.total_tokens) == (TEXT, 18)


async def test_a_stream_that_breaks_off_says_so(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """After the first words a vendor's failure is an error of the SDK's own, never a transcript that just ends."""
    drip = Drip("text/event-stream")
    upstream.answers(drip)
    client = stock(await serve(a_table(upstream)))
    drip.send(event(DELTAS[0]))

    stream = await client.call(
        lambda sdk: sdk.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE, stream=True)
    )
    with pytest.raises(openai.APIError) as broken:
        async for one in client.each(stream):
            assert one.delta == "Hello"
            drip.abort()

    assert broken.value.code == "interrupted"


@pytest.mark.parametrize("model", [DIARIZE, PLAIN_VENDOR])
async def test_a_stream_of_speakers_has_segments(
    serve: Serve, stock: OpenStock, upstream: Upstream, model: str
) -> None:
    """`stream=True` with `diarized_json`: who said what, before the end."""
    upstream.answers(document(DEEPGRAM) if model == PLAIN_VENDOR else hears)
    client = stock(await serve(a_table(upstream)))
    asked = {"model": model, "file": FILE, "stream": True, "response_format": "diarized_json"}

    stream = await client.call(lambda sdk: sdk.audio.transcriptions.create(**asked))
    events = [event async for event in client.each(stream)]

    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert [(one.text, one.speaker, one.end) for one in segments] == [
        (TEXT, "A" if model == PLAIN_VENDOR else "agent", 1.0)
    ]
    assert events[-1].type == "transcript.text.done"


FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a path": (lambda path: path, 'filename="two words.wav"'),
    "an open file": (lambda path: path.open("rb"), 'filename="two words.wav"'),
    "bytes": (lambda path: path.read_bytes(), 'filename="upload.wav"'),
    "a buffer": (lambda path: io.BytesIO(path.read_bytes()), 'filename="upload.wav"'),
    "a name and bytes": (lambda path: ("söng.wav", path.read_bytes()), 'filename="söng.wav"'),
}


@pytest.mark.parametrize("how", FILES)
async def test_a_file_may_be_anything_that_the_sdk_takes(
    transcribe, upstream: Upstream, tmp_path: Path, how: str
) -> None:
    """The vendor gets the same bytes, under a name that says what they are."""
    path = tmp_path / "two words.wav"
    path.write_bytes(WAV)
    make, named = FILES[how]
    file = make(path)

    try:
        heard = await transcribe(model="gpt-4o-transcribe", file=file)
    finally:
        if isinstance(file, io.IOBase):
            file.close()

    assert heard.text == TEXT
    assert WAV in upstream.seen[0].body
    assert named.encode() in upstream.seen[0].body


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, on every call of `translations`
@pytest.mark.parametrize(("shape", "body"), [("text", f"{TEXT}\n"), ("srt", SRT), ("vtt", VTT), ("json", TEXT)])
async def test_translations_come_in_each_format(transcribe, upstream: Upstream, shape: str, body: str) -> None:
    """The endpoint that OpenAI ends, in the formats it has had."""
    done = await transcribe("translations", model="whisper-1", response_format=shape, prompt="Say it.")

    assert (done.text if shape == "json" else done) == body
    assert upstream.seen[0].path == "/audio/translations"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # as above
async def test_a_verbose_translation_is_english(transcribe) -> None:
    """Language, length and segments; no words."""
    done = await transcribe("translations", model="whisper-1", response_format="verbose_json")

    assert isinstance(done, TranslationVerbose)
    assert (done.language, done.text, done.segments[0].text) == ("english", TEXT, " Hello world.")
