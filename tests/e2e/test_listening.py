"""Transcription and translation through the stock OpenAI SDK: three vendors, every format, forms of all kinds."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import openai
import pytest

from tests.conftest import KEY, Serve, table_of
from tests.fakes import Upstream, document

WORDS = [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "world.", "start": 0.5, "end": 1.0}]
WHISPER = document(
    {
        "task": "transcribe",
        "language": "english",
        "duration": 1.2,
        "text": "Hello world.",
        "words": WORDS,
        "segments": [
            {
                "id": 0,
                "seek": 0,
                "start": 0.0,
                "end": 1.0,
                "text": " Hello world.",
                "tokens": [1],
                "temperature": 0.0,
                "avg_logprob": -0.2,
                "compression_ratio": 1.1,
                "no_speech_prob": 0.01,
            }
        ],
        "usage": {"type": "duration", "seconds": 2},
    }
)
DEEPGRAM = document(
    {
        "metadata": {"duration": 1.2},
        "results": {
            "channels": [
                {
                    "detected_language": "de",
                    "alternatives": [
                        {
                            "transcript": "Hello world.",
                            "words": [{**word, "punctuated_word": word["word"], "speaker": 0} for word in WORDS],
                        }
                    ],
                }
            ],
            "utterances": [{"start": 0.0, "end": 1.0, "transcript": "Hello world.", "speaker": 0}],
        },
    }
)
SCRIBE = document(
    {
        "language_code": "eng",
        "text": "Hello world.",
        "audio_duration_secs": 1.2,
        "words": [
            {"text": "Hello", "start": 0.0, "end": 0.5, "type": "word", "speaker_id": "speaker_0", "logprob": -0.1},
            {"text": " ", "start": 0.5, "end": 0.5, "type": "spacing"},
            {"text": "world.", "start": 0.5, "end": 1.0, "type": "word", "speaker_id": "speaker_0", "logprob": -0.1},
        ],
    }
)
VENDORS = {"openai": ("whisper-1", WHISPER), "deepgram": ("nova-3", DEEPGRAM), "elevenlabs": ("scribe_v2", SCRIBE)}


def one_vendor(upstream: Upstream, like: str, model: str, more: str = "") -> str:
    entry = f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": entry}, {"m": [f"one/{model}"]}, more)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("shape", ["json", "text", "srt", "verbose_json", "vtt"])
async def test_every_format_from_every_vendor(serve: Serve, upstream: Upstream, vendor: str, shape: str) -> None:
    """Text formats are real text bodies, verbose segments have all ten keys, usage is there."""
    model, answer = VENDORS[vendor]
    upstream.answers(answer)
    router = await serve(one_vendor(upstream, vendor, model))

    heard = await router.client.audio.transcriptions.create(
        model="m", file=("a.wav", b"RIFFdata", "audio/wav"), response_format=shape
    )

    match shape:
        case "json":
            assert heard.text == "Hello world."
            assert heard.usage.seconds == 2
        case "text":
            assert heard == "Hello world.\n"
        case "srt":
            assert heard == "1\n00:00:00,000 --> 00:00:01,000\nHello world.\n\n"
        case "vtt":
            assert heard == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello world.\n\n"
        case "verbose_json":
            assert heard.language == ("german" if vendor == "deepgram" else "english")
            assert (heard.duration, heard.text, heard.words) == (1.2, "Hello world.", None)
            segment = heard.segments[0].model_dump()
            assert len(segment) == 10
            assert None not in segment.values()
            assert (segment["text"], segment["end"]) == (" Hello world.", 1.0)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_words_are_at_the_top_level(serve: Serve, upstream: Upstream, vendor: str) -> None:
    """`timestamp_granularities=["word"]`: words, and no segments that nobody asked for."""
    model, answer = VENDORS[vendor]
    upstream.answers(answer)
    router = await serve(one_vendor(upstream, vendor, model))

    heard = await router.client.audio.transcriptions.create(
        model="m", file=b"RIFFdata", response_format="verbose_json", timestamp_granularities=["word"]
    )

    assert [(word.word, word.start, word.end) for word in heard.words] == [("Hello", 0.0, 0.5), ("world.", 0.5, 1.0)]
    assert heard.segments is None


@pytest.mark.parametrize("vendor", ["deepgram", "elevenlabs"])
async def test_speakers_are_letters(serve: Serve, upstream: Upstream, vendor: str) -> None:
    """`diarized_json` from vendors that number their speakers."""
    model, answer = VENDORS[vendor]
    upstream.answers(answer)
    router = await serve(one_vendor(upstream, vendor, model))

    heard = await router.client.audio.transcriptions.create(model="m", file=b"x", response_format="diarized_json")

    assert heard.segments[0].model_dump() == {
        "type": "transcript.text.segment",
        "id": "seg_001",
        "start": 0.0,
        "end": 1.0,
        "text": "Hello world.",
        "speaker": "A",
    }
    assert heard.text == "A: Hello world."


async def test_a_vendor_without_times_is_not_asked_for_captions(serve: Serve, upstream: Upstream) -> None:
    """Structure excludes: gpt-4o-transcribe has no times, so srt is a 400 that says so."""
    entry = f"{{base_url: '{upstream.url}', api_key: {KEY}}}"
    router = await serve(table_of({"openai": entry}, {"m": ["openai/gpt-4o-transcribe"]}))

    with pytest.raises(openai.BadRequestError, match="does not give segments"):
        await router.client.audio.transcriptions.create(model="m", file=b"x", response_format="srt")

    assert upstream.seen == []


async def test_a_stream_is_never_without_events(serve: Serve, upstream: Upstream) -> None:
    """`stream=True` from a vendor that does not stream: one delta and a done."""
    upstream.answers(DEEPGRAM)
    router = await serve(one_vendor(upstream, "deepgram", "nova-3"))

    events = [
        event async for event in await router.client.audio.transcriptions.create(model="m", file=b"x", stream=True)
    ]

    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[0].delta == events[1].text == "Hello world."


async def test_a_translation_never_falls_back_to_recognition(serve: Serve, upstream: Upstream) -> None:
    """A chain that can only transcribe answers a translation with a 400 that says why."""
    entry = f"{{base_url: '{upstream.url}', api_key: {KEY}}}"
    router = await serve(
        table_of(
            {"deepgram": entry, "groq": entry, "local": "{}"},
            {
                "m": [
                    "deepgram/nova-3",
                    "groq/whisper-large-v3-turbo",
                    "{target: local/pocketsphinx, last_resort: always}",
                ],
                "able": ["deepgram/nova-3", "groq/whisper-large-v3"],
            },
        )
    )
    upstream.answers(document({"text": "Hello"}))

    with (
        pytest.warns(DeprecationWarning, match="deprecated"),
        pytest.raises(openai.BadRequestError, match="does not do translation"),
    ):
        await router.client.audio.translations.create(model="m", file=b"x")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        done = await router.client.audio.translations.create(model="able", file=b"x")

    assert done.text == "Hello"
    assert [seen.path for seen in upstream.seen] == ["/audio/translations"]


@pytest.mark.parametrize("order", ["file first", "file last"])
async def test_fields_come_in_any_order_and_without_a_length(serve: Serve, upstream: Upstream, order: str) -> None:
    """A chunked form, the file first or last; the vendor gets the file under its name and type."""
    upstream.answers(WHISPER)
    router = await serve(one_vendor(upstream, "openai", "whisper-1"))
    form = aiohttp.FormData(quote_fields=False)

    async def drip():
        yield b"RIFF"
        await asyncio.sleep(0)
        yield b"data"

    if order == "file last":
        form.add_field("model", "m")
    form.add_field("file", drip(), filename="söng 1.wav", content_type="audio/x-wav")
    if order == "file first":
        form.add_field("model", "m")

    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert (await reply.json())["text"] == "Hello world."

    assert b"RIFFdata" in upstream.seen[0].body
    assert 'filename="söng 1.wav"\r\ncontent-type: audio/x-wav'.encode() in upstream.seen[0].body


BROKEN = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n'
FILE = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nabc\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "status", "says"),
    [
        ("text/plain", b"{}", 415, "multipart/form-data"),
        ("multipart/form-data", BROKEN, 415, "boundary"),
        ("multipart/form-data; boundary=x", BROKEN, 400, "The form is broken"),
        ("multipart/form-data; boundary=x", b"", 400, "The form is broken"),
        ("multipart/form-data; boundary=x", BROKEN + b"--x--\r\n", 400, "'file'"),
        ("multipart/form-data; boundary=x", FILE + b"--x--\r\n", 400, "'model'"),
        ("multipart/form-data; boundary=x", BROKEN + FILE + FILE + b"--x--\r\n", 400, "more than one file"),
        ("multipart/form-data; boundary=x", BROKEN + FILE.replace(b"abc", b"") + b"--x--\r\n", 400, "empty"),
        (
            "multipart/form-data; boundary=x",
            BROKEN.replace(b"model", b"response_format") + BROKEN + FILE + b"--x--\r\n",
            400,
            "response_format",
        ),
        (
            "multipart/form-data; boundary=x",
            BROKEN.replace(b"model", b"temperature") + BROKEN + FILE + b"--x--\r\n",
            400,
            "temperature",
        ),
        ("multipart/form-data; boundary=x", BROKEN.replace(b"\nm\r", b"\n\xff\r") + FILE + b"--x--\r\n", 400, "UTF-8"),
    ],
)
async def test_a_bad_form_is_told(
    serve: Serve, upstream: Upstream, content_type: str, body: bytes, status: int, says: str
) -> None:
    """A 4xx in the envelope that names the fault, and no vendor is called."""
    router = await serve(one_vendor(upstream, "openai", "whisper-1"))

    async with router.http.post("/v1/audio/transcriptions", data=body, headers={"content-type": content_type}) as reply:
        error = (await reply.json())["error"]

    assert reply.status == status, error
    assert says in error["message"]
    assert upstream.seen == []


async def test_an_upload_is_bounded(serve: Serve, upstream: Upstream) -> None:
    """Over `max_upload`: a 413, whether the length says so or the count."""
    router = await serve(one_vendor(upstream, "openai", "whisper-1", "server: {max_upload: 1MB}\n"))

    async def pour():
        for _ in range(40):
            yield bytes(64 * 1024)

    for file in (io.BytesIO(bytes(3 * 2**20)), pour()):
        form = aiohttp.FormData({"model": "m"})
        form.add_field("file", file, filename="a.wav")
        async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
            assert reply.status == 413
            assert (await reply.json())["error"]["type"] == "invalid_request_error"
    assert upstream.seen == []


async def test_the_largest_upload_arrives_whole(serve: Serve, upstream: Upstream) -> None:
    """25 MB to the byte, by way of a temporary file."""
    upstream.answers(WHISPER)
    router = await serve(one_vendor(upstream, "openai", "whisper-1"))
    content = bytes(range(256)) * (25 * 2**20 // 256)

    await router.client.audio.transcriptions.create(model="m", file=("a.wav", content))

    assert content in upstream.seen[0].body


async def test_plain_bytes_reach_the_vendor_under_a_name_that_it_can_use(serve: Serve, upstream: Upstream) -> None:
    """The SDK sends bytes as `upload` of no type; the vendor gets what they are."""
    upstream.answers(WHISPER)
    router = await serve(one_vendor(upstream, "openai", "whisper-1"))

    await router.client.audio.transcriptions.create(model="m", file=b"fLaC" + bytes(100))

    assert b'filename="upload.flac"\r\ncontent-type: audio/flac' in upstream.seen[0].body


async def test_a_stream_of_speakers_has_its_segments(serve: Serve, upstream: Upstream) -> None:
    """`stream=True` with `diarized_json`: a segment event for each turn, before the end."""
    upstream.answers(DEEPGRAM)
    router = await serve(one_vendor(upstream, "deepgram", "nova-3"))

    stream = await router.client.audio.transcriptions.create(
        model="m", file=b"x", stream=True, response_format="diarized_json"
    )
    events = [event async for event in stream]

    assert [event.type.rpartition(".")[2] for event in events] == ["delta", "segment", "done"]
    assert (events[1].speaker, events[1].text, events[1].end) == ("A", "Hello world.", 1.0)


async def test_what_whisper_says_goes_out_as_it_said_it(serve: Serve, upstream: Upstream) -> None:
    """All ten keys of a segment are the vendor's own, windows and token numbers too."""
    segment = {
        "id": 0,
        "seek": 3000,
        "start": 31.5,
        "end": 33.0,
        "text": " Hello.",
        "tokens": [50364, 123],
        "temperature": 0.2,
        "avg_logprob": -0.2,
        "compression_ratio": 1.1,
        "no_speech_prob": 0.01,
    }
    upstream.answers(document({"language": "english", "duration": 33.0, "text": "Hello.", "segments": [segment]}))
    router = await serve(one_vendor(upstream, "openai", "whisper-1"))

    heard = await router.client.audio.transcriptions.create(model="m", file=b"x", response_format="verbose_json")

    assert heard.segments
    assert heard.segments[0].model_dump() == segment


async def test_every_language_a_vendor_heard_is_told(serve: Serve, upstream: Upstream) -> None:
    """`languages` as OpenAI's newest model has them, asked for or not."""
    upstream.answers(document({"text": "Hallo, hello.", "languages": [{"code": "de"}, {"code": "en"}]}))
    router = await serve(one_vendor(upstream, "openai", "gpt-transcribe"))

    heard = await router.client.audio.transcriptions.create(model="m", file=b"x")

    assert heard.model_dump()["languages"] == [{"code": "de"}, {"code": "en"}]


async def test_the_language_that_was_named_is_the_transcripts(serve: Serve, upstream: Upstream) -> None:
    """A vendor that was told the language does not tell it again."""
    words = [{"word": "Hallo", "start": 0.0, "end": 0.5}]
    channel = {"alternatives": [{"transcript": "Hallo", "words": words}]}
    utterance = {"start": 0.0, "end": 0.5, "transcript": "Hallo"}
    upstream.answers(
        document({"metadata": {"duration": 1.0}, "results": {"channels": [channel], "utterances": [utterance]}})
    )
    router = await serve(one_vendor(upstream, "deepgram", "nova-3"))

    heard = await router.client.audio.transcriptions.create(
        model="m", file=b"x", language="de", response_format="verbose_json"
    )

    assert heard.language == "german"


async def test_a_translation_obeys_no_fields_of_a_transcription(serve: Serve, upstream: Upstream) -> None:
    """Lists that the endpoint does not have change nothing."""
    upstream.answers(document({"text": "Hello."}))
    router = await serve(one_vendor(upstream, "openai", "whisper-1"))

    form = aiohttp.FormData()
    for name, value in (("model", "m"), ("timestamp_granularities[]", "word"), ("include[]", "logprobs")):
        form.add_field(name, value)
    form.add_field("file", b"x", filename="a.wav")
    async with router.http.post("/v1/audio/translations", data=form) as reply:
        assert (reply.status, await reply.json()) == (200, {"text": "Hello."})
