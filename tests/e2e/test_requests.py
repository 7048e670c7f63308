"""Every shape of request that clients make of the speech-to-text paths, on real sockets: what does the vendor see?"""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import openai
import pytest
from multipart import MultipartParser

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Seen, Upstream, document

TRANSCRIPTIONS = "/v1/audio/transcriptions"
EVERYTHING = document(
    {
        "language": "english",
        "duration": 1.0,
        "text": "Hi.",
        "words": [{"word": "Hi.", "start": 0, "end": 1}],
        "segments": [{"id": "seg_001", "start": 0, "end": 1, "text": "Hi.", "speaker": "A"}],
        "logprobs": [{"token": "Hi.", "logprob": -0.5, "bytes": [72, 105, 46]}],
    }
)
HEARD = {"channels": [{"alternatives": [{"transcript": "Hi.", "words": []}]}], "utterances": []}
DEEPGRAM = document({"metadata": {"duration": 1.0}, "results": HEARD})
WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256))
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="spoken.wav"\r\n\r\n' + WAVE
TEXT = b'--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="model"\r\n\r\nm'
FILE_FIRST = FILE + b"\r\n" + TEXT + b"\r\n--x--\r\n"

Part = tuple[str, str | None, bytes]


def parts_of(seen: Seen) -> list[Part]:
    boundary = seen.headers["content-type"].partition("boundary=")[2]
    parts = MultipartParser(io.BytesIO(seen.body), boundary, spool_limit=2**22, strict=True).parts()
    return [(part.name, part.filename, part.raw) for part in parts]


def by_name(part: Part) -> str:
    return part[0].partition("[")[0]


def texts_of(seen: Seen, name: str) -> list[tuple[str, str]]:
    """The parts of one field, by whatever paths."""
    return [(path, value.decode()) for path, _, value in parts_of(seen) if path.partition("[")[0] == name]


def one_vendor(upstream: Upstream, like: str, model: str) -> str:
    entry = f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": entry}, {"m": [f"one/{model}"]}, "server: {max_upload: 1MB, max_body: 1MB}\n")


@pytest.fixture
async def router(serve: Serve, upstream: Upstream) -> Running:
    upstream.answers(EVERYTHING)
    return await serve(one_vendor(upstream, "openai", "m"))


async def post(router: Running, body: Any, content_type: str | None = None) -> tuple[int, Any]:
    headers = {"content-type": content_type} if content_type else {}
    async with router.http.post(TRANSCRIPTIONS, data=body, headers=headers) as reply:
        return reply.status, await reply.json()


# ------------------------------------------------------------------ the stock SDK


SDK_CALLS: dict[str, dict[str, Any]] = {
    "everything of the diarizing model": {
        "response_format": "diarized_json",
        "chunking_strategy": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
        "known_speaker_names": ["agent", "customer"],
        "known_speaker_references": ["data:audio/wav;base64,QQ==", "data:audio/wav;base64,Qg=="],
        "language": "en",
        "temperature": 0.2,
        "extra_body": {"vendor": {"a": 1, "b": [1, 2], "deep": {"is": True, "none": None}}, "tags": ["x", "y"], "n": 3},
    },
    "its opinion": {"response_format": "diarized_json", "chunking_strategy": "auto", "known_speaker_names": ["agent"]},
    "times": {"response_format": "verbose_json", "timestamp_granularities": ["segment", "word"], "prompt": "größe"},
    "plain text and what it weighs": {"response_format": "json", "include": ["logprobs"], "temperature": 0.5},
    "a list of objects": {"response_format": "json", "extra_body": {"c": [{"x": 1, "y": 2}, {"x": 3}], "l": [["z"]]}},
}


@pytest.mark.parametrize("case", SDK_CALLS)
async def test_the_vendor_sees_what_the_sdk_would_have_sent_it(router: Running, upstream: Upstream, case: str) -> None:
    """Part for part: the call goes once to the vendor itself, once through the router."""
    call = {"model": "m", "file": ("a.wav", WAVE), **SDK_CALLS[case]}
    async with openai.AsyncOpenAI(base_url=upstream.url, api_key=KEY, max_retries=0) as direct:
        await direct.audio.transcriptions.create(**call)

    await router.client.audio.transcriptions.create(**call)

    itself, through = (parts_of(seen) for seen in upstream.seen)
    assert sorted(through, key=by_name) == sorted(itself, key=by_name)  # the parts of one list in their order


@pytest.mark.parametrize(
    "sent",
    [
        [("X", '["agent","customer"]')],
        [("X", "agent"), ("X", "customer")],
        [("X[]", "agent"), ("X[]", "customer")],
        [("X[0]", "agent"), ("X[1]", "customer")],
    ],
)
@pytest.mark.parametrize("name", ["known_speaker_names", "known_speaker_references"])
async def test_a_list_reaches_openai_as_it_wants_it(
    router: Running, upstream: Upstream, name: str, sent: list[tuple[str, str]]
) -> None:
    """However it came."""
    await post(router, form_of(*((path.replace("X", name), value) for path, value in sent)))

    assert texts_of(upstream.seen[0], name) == [(f"{name}[]", "agent"), (f"{name}[]", "customer")]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ([], [("chunking_strategy", "auto")]),
        ([("chunking_strategy", "null")], [("chunking_strategy", "auto")]),
        ([("chunking_strategy", "none")], [("chunking_strategy", "none")]),
        ([("chunking_strategy[type]", "server_vad")], [("chunking_strategy[type]", "server_vad")]),
        (
            [("chunking_strategy", '{"type":"server_vad","threshold":0.5}')],
            [("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.5")],
        ),
    ],
)
async def test_our_opinion_gives_way_to_any_shape_of_the_clients(
    router: Running, upstream: Upstream, sent: list[tuple[str, str]], seen: list[tuple[str, str]]
) -> None:
    """Speakers need a chunking strategy; it is `auto` unless the client has one."""
    await post(router, form_of(("response_format", "diarized_json"), *sent))

    assert texts_of(upstream.seen[0], "chunking_strategy") == seen


async def test_a_vendor_that_takes_objects_as_json_gets_json(serve: Serve, upstream: Upstream) -> None:
    """The same client's parts, at ElevenLabs."""
    upstream.answers(document({"text": "Hi.", "language_code": "en", "words": []}))
    router = await serve(one_vendor(upstream, "elevenlabs", "scribe_v2"))

    await router.client.audio.transcriptions.create(model="m", file=WAVE, extra_body={"vendor": {"a": 1, "b": [2]}})

    assert texts_of(upstream.seen[0], "vendor") == [("vendor", '{"a":"1","b":["2"]}')]


# ------------------------------------------------------------------ forms


def form_of(*fields: tuple[str, str]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", WAVE, filename="spoken.wav")
    for name, value in (("model", "m"), *fields):
        form.add_field(name, value, content_type="text/plain; charset=utf-8")
    return form


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for offset in range(0, len(body), size):
        yield body[offset : offset + size]


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_form_without_a_length_is_as_good(router: Running, upstream: Upstream, size: int) -> None:
    """Chunked in any pieces; the file first, without a type; a text whose type stands before its disposition."""
    status, _ = await post(router, in_pieces(FILE_FIRST, size), "multipart/form-data; boundary=x")

    assert status == 200
    assert parts_of(upstream.seen[0])[-1] == ("file", "spoken.wav", WAVE)


async def test_a_file_that_streams_out_of_aiohttp(router: Running, upstream: Upstream) -> None:
    """Typed texts around it, no length, in the order of the caller."""
    form = aiohttp.FormData({"prompt": "größe"})
    form.add_field("file", in_pieces(WAVE, 3), filename="a.wav", content_type="audio/x-wav")
    form.add_field("model", "m", content_type="text/plain; charset=utf-8")

    status, _ = await post(router, form)

    assert status == 200
    assert ("prompt", None, "größe".encode()) in parts_of(upstream.seen[0])
    assert ("file", "a.wav", WAVE) in parts_of(upstream.seen[0])
    assert b"content-type: audio/x-wav\r\n" in upstream.seen[0].body


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'name="file"; filename="spoken.wav"', "spoken.wav"),
        (b'name="audio_file"; filename="spoken.wav"', "spoken.wav"),
        (b'name="file"; filename="blob"', "blob.wav"),
        (b'name="file"; filename=""', "upload.wav"),
        (b'name="file"', "upload.wav"),
        (b'filename="upload"; name="upload"', "upload.wav"),
    ],
)
async def test_a_file_is_known_by_its_name_or_its_field(
    router: Running, upstream: Upstream, disposition: bytes, name: str
) -> None:
    """Under any field with a file name; a good name is kept, a poor one gets the ending of what is in it."""
    body = FILE_FIRST.replace(b'name="file"; filename="spoken.wav"', disposition)

    status, _ = await post(router, body, "multipart/form-data; boundary=x")

    assert status == 200
    assert parts_of(upstream.seen[0])[-1] == ("file", name, WAVE)


async def test_a_type_cannot_break_a_line_of_ours(serve: Serve, upstream: Upstream) -> None:
    """What a part declares goes out as a header where a vendor takes the bare file."""
    upstream.answers(DEEPGRAM)
    router = await serve(one_vendor(upstream, "deepgram", "nova-3"))
    body = FILE_FIRST.replace(b"\r\n\r\nRIFF", b"\r\nContent-Type: audio/wav\nx-evil: 1\r\n\r\nRIFF", 1)

    status, _ = await post(router, body, "multipart/form-data; boundary=x")

    assert status == 200
    assert upstream.seen[0].headers["content-type"] == "audio/wav"


# ------------------------------------------------------------------ JSON


def json_of(content: bytes = WAVE, **fields: Any) -> dict[str, Any]:
    audio = {"data": base64.b64encode(content).decode(), "format": "wav"}
    return {"model": "m", "input_audio": audio, **fields}


async def test_json_with_the_audio_in_it(router: Running, upstream: Upstream) -> None:
    """As Open WebUI and OpenRouter's clients send it: the vendor gets the file and the fields of a form."""
    beside = {"language": "de", "prompt": None, "temperature": 0, "stream": False, "provider": {"options": {"a": True}}}
    times = {"response_format": "verbose_json", "timestamp_granularities": ["word"]}

    status, _ = await post(router, msgspec.json.encode(json_of(**beside, **times)), "application/json; charset=utf-8")

    assert status == 200
    assert sorted(parts_of(upstream.seen[0])) == [
        ("file", "upload.wav", WAVE),
        ("language", None, b"de"),
        ("model", None, b"m"),
        ("provider[options][a]", None, b"true"),
        ("response_format", None, b"verbose_json"),
        ("temperature", None, b"0.0"),
        ("timestamp_granularities[]", None, b"word"),
    ]


async def test_json_may_ask_for_a_stream(router: Running) -> None:
    """With a boolean."""
    async with router.http.post(TRANSCRIPTIONS, json=json_of(stream=True)) as reply:
        assert reply.content_type == "text/event-stream"
        assert b"transcript.text.done" in await reply.read()


async def test_json_is_bounded_like_a_form(router: Running, upstream: Upstream) -> None:
    """The largest file passes; a byte more is refused, by the length, by the count, and by what is decoded."""
    largest = bytes(2**20)

    status, _ = await post(router, io.BytesIO(msgspec.json.encode(json_of(largest))), "application/json")
    too_large, _ = await post(router, io.BytesIO(msgspec.json.encode(json_of(largest + b"x"))), "application/json")

    assert (status, too_large) == (200, 413)
    assert parts_of(upstream.seen[0])[-1] == ("file", "upload.wav", largest)
    for body in (io.BytesIO(bytes(4 * 2**20)), in_pieces(bytes(4 * 2**20), 2**16)):
        status, answer = await post(router, body, "application/json")
        assert (status, answer["error"]["type"]) == (413, "invalid_request_error")
    assert len(upstream.seen) == 1


@pytest.mark.parametrize(
    ("content_type", "body", "status", "param", "says"),
    [
        ("application/json", b"{}", 400, "input_audio.data", "Missing required parameter"),
        ("application/json", b"{", 400, None, "not valid JSON"),
        ("application/json", b'{"input_audio":{"data":"!"}}', 400, "input_audio.data", "base64"),
        ("application/json", b'{"input_audio":{"data":"UklGRg=="}}', 400, "model", "Missing"),
        ("text/plain", b"hello", 415, None, "multipart/form-data"),
        ("application/json", msgspec.json.encode(json_of(a=[1] * 256)), 400, "a", "more than 256 fields, items"),
        ("multipart/form-data; boundary=x", FILE_FIRST.replace(b'"model"', b'"model[]"'), 400, "model", "one text"),
        ("multipart/form-data; boundary=x", FILE_FIRST.replace(b'"model"', b'"a[b"'), 400, "a", "brackets"),
    ],
)
async def test_what_cannot_be_read_is_told(
    router: Running, upstream: Upstream, content_type: str, body: bytes, status: int, param: str | None, says: str
) -> None:
    """A 4xx in the envelope that names the field, and no vendor is called."""
    told, answer = await post(router, body, content_type)

    assert (told, answer["error"]["param"]) == (status, param)
    assert says in answer["error"]["message"]
    assert upstream.seen == []
