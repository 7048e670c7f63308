"""Requests that nobody means well, byte by byte on raw sockets: each is refused in words, or is harmless.

Refused: a 4xx in OpenAI's envelope or a closed connection, and no vendor hears of it. Harmless: the vendor gets the one
request that it would have got anyway, and nothing of the client's lies where an address or a header is made of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from msgspec import Struct
from multipart import MultipartParser

from router.wire.errors import LONGEST_MESSAGE
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Seen, Upstream, audio, document

HANGS_S = 5  # far more than any of these may take
HEAD = b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
SPEECH = {"model": "m", "voice": "alloy", "input": "Hi"}
WELL = msgspec.json.encode(SPEECH)
TYPE = "multipart/form-data; boundary=x"
WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt data"
OWN_HEADERS = {"host", "authorization", "content-type", "content-length", "accept", "accept-encoding", "user-agent"}


class Answer(Struct):
    """What came back; `status` 0: the connection was closed without a word."""

    status: int
    body: bytes


async def sent(router: Running, request: bytes, *, is_cut: bool = False) -> Answer:
    """The answer to these bytes. `is_cut`: they promise more, and the client goes."""
    host, port = router.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    reply = b""
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):  # it may be refused before it is all out
        async with asyncio.timeout(HANGS_S):
            writer.write(request)
            await writer.drain()
            if is_cut:
                writer.write_eof()
            while piece := await reader.read(2**16):
                reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]) if head else 0, body)


def is_refused(answer: Answer) -> bool:
    """A 4xx with all that OpenAI's envelope has, or nothing at all."""
    if not answer.status:
        return not answer.body
    error = msgspec.json.decode(answer.body)["error"]
    return 400 <= answer.status < 500 and error.keys() == {"message", "type", "param", "code"} and error["message"]


def posted(body: bytes, path: str = "/v1/audio/speech", kind: str = "application/json", more: bytes = b"") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\n".encode()
    return head + more + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def got(target: bytes, method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n" % (method, target)


def part(name: str | bytes, value: bytes, more: bytes = b"") -> bytes:
    written = name.encode() if isinstance(name, str) else name
    return b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (written, more, value)


FILE = part("file", WAVE, b'; filename="a.wav"')
MODEL = part("model", b"w")
END = b"--x--\r\n"


def form(*parts: bytes, kind: str = TYPE) -> bytes:
    return posted(b"".join(parts), "/v1/audio/transcriptions", kind)


@pytest.fixture
async def router(serve: Serve, upstream: Upstream, tmp_path) -> Running:
    """Vendors of all manners: the model in a body, a form, a query, a path; the voice in a path."""
    kinds = {"one": "openai", "xi": "elevenlabs", "dg": "deepgram", "hf": "huggingface"}
    vendors = {name: f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}" for name, like in kinds.items()}
    routes = {"m": ["one/tts-1"], "w": ["one/whisper-1"], "d": ["dg/nova-3"]}
    upstream.answers(audio(b"ID3" + bytes(97)))
    return await serve(table_of(vendors, routes, f"tasks: {{folder: '{tmp_path}'}}\n"))


async def check_refused(router: Running, upstream: Upstream, requests: Mapping[str, bytes]) -> None:
    told = {name: await sent(router, request) for name, request in requests.items()}
    assert {name: answer for name, answer in told.items() if not is_refused(answer)} == {}
    assert upstream.seen == []
    assert (await sent(router, posted(WELL))).status == 200  # and it still serves
    assert len(upstream.seen) == 1


# ------------------------------------------------------------------ JSON


def with_x(value: bytes) -> bytes:
    return WELL[:-1] + b',"x":%b}' % value


NO_JSON = {
    "nothing": b"",
    "half": WELL[:-1],
    "two": WELL + WELL,
    "a list": b"[%b]" % WELL,
    "a text": b'"%b"' % (b"x" * 100),
    "UTF-16": WELL.decode().encode("utf-16"),
    "UTF-32": WELL.decode().encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf" + WELL,
    "Latin-1": WELL.replace(b"Hi", b"gr\xfc\xdfe"),
    "a surrogate alone": WELL.replace(b"Hi", b"\\ud800"),
    "a surrogate as bytes": WELL.replace(b"Hi", b"\xed\xa0\x80"),
    "overlong": WELL.replace(b"Hi", b"\xc0\xaf"),
    "NUL": WELL.replace(b"Hi", b"a\x00b"),
    "a line break": WELL.replace(b"Hi", b"a\nb"),
    "NaN": with_x(b"NaN"),
    "infinity": with_x(b"1e999"),
    "a number without end": with_x(b"9" * 100_000),
    "depth": with_x(b"[" * 900 + b"]" * 900),
    "depth of objects": with_x(b'{"a":' * 500 + b"1" + b"}" * 500),
    "depth without end": with_x(b"[" * 5_000_000),
    "10 MB of brackets": b"[" * 10_000_000,
    "too many": with_x(b"[" + b"1," * 10_000 + b"1]"),
    "a form": FILE + MODEL + END,
}


async def test_no_body_but_json_is_taken_for_json(router: Running, upstream: Upstream) -> None:
    """At each door that takes it."""
    doors = ["speech", "sound-effects", "music"]
    paths = [*(f"/v1/audio/{door}" for door in doors), "/v1/routes/explain"]
    requests = {f"{name} at {path}": posted(body, path) for name, body in NO_JSON.items() for path in paths}
    heard = {f"{name}, heard": posted(body, "/v1/audio/transcriptions") for name, body in NO_JSON.items()}

    await check_refused(router, upstream, requests | heard)


WRONG: list[dict[str, Any]] = [
    {"model": None},
    {"model": ["m"]},
    {"model": ""},
    {"model": "m\n"},
    {"model": "m\0"},
    {"model": "../m"},
    {"model": "x" * 100_000},
    {"model": "hf/a/../b"},
    {"model": "hf/a/b\r\nx-evil: 1"},
    {"model": "hf//b"},
    {"voice": 5},
    {"voice": {"id": {"id": "alloy"}}},
    {"voice": "x" * 4_000_000, "model": "xi/eleven_v3"},
    {"voice": "alloy\r\nx-evil: 1", "model": "xi/eleven_v3"},
    {"input": ["Hi"]},
    {"input": "\u2003\n"},
    {"input": "x" * 3_000_000},
    {"speed": "nan"},
    {"speed": True},
    {"speed": 1e308},
    {"response_format": "../../etc/passwd"},
    {"response_format": "mp3\r\n"},
    {"response_format": "x" * 4_000_000},
    {"stream_format": {"sse": 1}},
    {"dialogue": [{"text": "x"}] * 1_001},
    {"dialogue": {"text": "x"}},
    {"route": {"x" * 1_000_000: 1}},
    {"route": "[" * 100_000},
    {"route": {"targets": [f"one/{number}" for number in range(17)]}},
    {"route": {"targets": ["http://127.0.0.1/"]}},
    {"route": {"max_cost": "nan"}},
]


async def test_a_wrong_value_is_named_shortly(router: Running, upstream: Upstream) -> None:
    """Whatever its type and its length: nobody gets megabytes back, times the targets."""
    for value in WRONG:
        answer = await sent(router, posted(msgspec.json.encode({**SPEECH, **value})))

        assert is_refused(answer), (str(value)[:80], answer.status)
        assert len(answer.body) < LONGEST_MESSAGE + 300, str(value)[:80]
    assert upstream.seen == []


async def test_of_two_keys_the_last_counts_everywhere(router: Running, upstream: Upstream) -> None:
    """What was checked is what is sent."""
    body = WELL[:-1] + b',"model":"m","input":"Ho","input":"Hello"}'

    assert (await sent(router, posted(body))).status == 200
    assert upstream.seen[0].json == {"model": "tts-1", "voice": "alloy", "input": "Hello", "response_format": "mp3"}


# ------------------------------------------------------------------ what becomes an address or a header


SEGMENTS = ["../../x", "..%2f..%2fx", "a/b", "a?b=c", "a#b", "a;b", "a\\b", "{}", "%00", "é", "\u202ea", "a b", "@a:b"]
NO_SEGMENTS = ["..", ".", "", "a\nb", "a\r\nx-evil: 1", "a\0", "\x7f"]


def spoken_by(voice: str) -> bytes:
    target = {"target": "xi/eleven_v3", "voices": {"alloy": voice}}
    return posted(msgspec.json.encode({**SPEECH, "route": {"targets": [target]}}))


async def test_a_voice_is_one_segment_of_the_path(router: Running, upstream: Upstream) -> None:
    """Quoted, whatever is in it; the query and the body are what they would have been."""
    for voice in ("sane", *SEGMENTS):
        assert (await sent(router, spoken_by(voice))).status == 200

    sane, *others = upstream.seen
    for voice, seen in zip(SEGMENTS, others, strict=True):
        first, second, segment, last = seen.path.removeprefix("/").split("/")
        assert [first, second, last] == ["v1", "text-to-speech", "stream"]
        assert unquote(segment) == voice
        assert (seen.method, seen.query, seen.body) == (sane.method, sane.query, sane.body)
        check_headers(seen)


async def test_a_voice_that_is_no_segment_is_refused(router: Running, upstream: Upstream) -> None:
    """Dots that would climb, and what no address may hold."""
    await check_refused(router, upstream, {repr(voice): spoken_by(voice) for voice in NO_SEGMENTS})


NAMES = ["b\r\nx-evil: 1", "b\nc", "b?x=1&y=2", "b#c", "../../c", "é\u2028", "x-evil: 1"]


@pytest.mark.parametrize("vendor", ["one", "xi", "dg", "hf/a"])
async def test_a_model_reaches_no_header_and_no_other_path(router: Running, upstream: Upstream, vendor: str) -> None:
    """Neither the vendor's request nor our reply, which tells who answered."""
    assert (await sent(router, posted(msgspec.json.encode({**SPEECH, "model": f"{vendor}/b"})))).status == 200
    [sane] = upstream.seen
    for name in NAMES:
        upstream.seen.clear()
        async with router.http.post("/v1/audio/speech", json={**SPEECH, "model": f"{vendor}/{name}"}) as reply:
            assert reply.status in {200, 400}
            assert "x-evil" not in reply.headers

        assert len(upstream.seen) == (reply.status == 200)
        for seen in upstream.seen:
            check_headers(seen)
            assert unquote(seen.path).replace(name, "b") == unquote(sane.path)
            assert seen.query.keys() == sane.query.keys()


def check_headers(seen: Seen) -> None:
    """Those that any request of this vendor has."""
    assert {name for name in seen.headers if not name.startswith("xi-")} <= OWN_HEADERS


async def test_a_field_is_no_part_of_a_query(router: Running, upstream: Upstream) -> None:
    """At a vendor that gets them there: each is a name and a value."""
    upstream.answers(document({"metadata": {"duration": 1.0}, "results": {"channels": [{"alternatives": [{}]}]}}))
    fields = {"a&b=c": "d&e=f", "language": "en&model=x#", "callback": "http://evil.invalid", "g": "h\r\nx-evil: 1"}

    await sent(router, form(FILE, part("model", b"d"), *(part(n, v.encode()) for n, v in fields.items()), END))

    [seen] = upstream.seen
    assert seen.query == {"punctuate": "true", "model": "nova-3"} | {
        name: value for name, value in fields.items() if name != "callback"
    }
    check_headers(seen)


# ------------------------------------------------------------------ forms


FORMS = {
    "nothing": b"",
    "only an end": END,
    "no end": FILE + MODEL,
    "half an end": FILE + MODEL + b"--x-",
    "cut in a head": FILE + MODEL[:20],
    "cut in the file": FILE[:-10],
    "an end too early": END + FILE + MODEL + END,
    "another boundary": (FILE + MODEL + END).replace(b"--x", b"--y"),
    "line feeds": (FILE + MODEL + END).replace(b"\r\n", b"\n"),
    "thousands of parts": FILE + MODEL + part("a", b"") * 5_000 + END,
    "thousands of names": FILE + MODEL + b"".join(part(f"a{n}", b"") for n in range(5_000)) + END,
    "thousands of headers": part("file", WAVE, b"\r\nx: y" * 5_000) + MODEL + END,
    "a long header": part("file", WAVE, b"\r\nx: " + b"y" * 1_000_000) + MODEL + END,
    "a long name": FILE + MODEL + part("a" * 100_000, b"") + END,
    "a name of brackets": FILE + MODEL + part("a" + "[]" * 1_000, b"") + END,
    "brackets that do not match": FILE + MODEL + part("a[b", b"") + END,
    "shapes that exclude each other": FILE + MODEL + part("a[b]", b"") + part("a", b"") + END,
    "two files": FILE + FILE + MODEL + END,
    "an empty file": part("file", b"", b'; filename="a.wav"') + MODEL + END,
    "no file": MODEL + END,
    "no model": FILE + END,
    "no disposition": b"--x\r\nx: y\r\n\r\nz\r\n" + FILE + MODEL + END,
    "no colon": b"--x\r\nxyz\r\n\r\nz\r\n" + FILE + MODEL + END,
    "a name that is no text": FILE + MODEL + part(b"\xff", b"") + END,
    "a value that is no text": FILE + part("model", b"\xff") + END,
    "UTF-16": FILE + part("model", "w".encode("utf-16")) + END,
    "a million": FILE + MODEL + part("prompt", b"x" * 9_000_000) + END,
    "a model with more lines": FILE + part("model", b"w\r\nx-evil: 1") + END,
    "a format with a path": FILE + MODEL + part("response_format", b"../../etc/passwd") + END,
    "a list of brackets": FILE + MODEL + part("languages", b"[" * 100_000) + END,
    "an object of objects": FILE + MODEL + part("chunking_strategy", b'{"a":' * 100_000) + END,
    "a route of brackets": FILE + MODEL + part("route", b"[" * 100_000) + END,
    "not a number": FILE + MODEL + part("temperature", b"nan") + END,
    "digits": FILE + MODEL + part("temperature", b"9" * 100_000) + END,
}
KINDS = [
    "multipart/form-data",
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary=" "',
    'multipart/form-data; boundary="\\"',
    "multipart/form-data; boundary=x; boundary=y",
    "multipart/form-data; boundary*=UTF-8''x",
    "multipart/form-data; boundary*0=x; boundary*1=y",
    "multipart/form-data; boundary=é",
    "multipart/form-data; boundary=" + "x" * 10_000,
    "multipart/form-data" + ";=" * 10_000,
    "multipart/mixed; boundary=x",
    "application/x-www-form-urlencoded",
    "",
]


async def test_a_form_that_is_not_sound_is_refused(router: Running, upstream: Upstream) -> None:
    """Broken, too large, of the wrong shape, or under a content type that is none."""
    broken = {name: form(body) for name, body in FORMS.items()}

    await check_refused(router, upstream, broken | {kind[:60]: form(FILE, MODEL, END, kind=kind) for kind in KINDS})


FILE_NAMES = [
    (b'; filename="../../etc/passwd.wav"', "passwd.wav"),
    (b'; filename="..\\..\\x.wav"', "x.wav"),
    (b'; filename="a\x00\x7f.wav"', "a.wav"),
    (b'; filename="a%22; x=%22b.wav"', 'a"; x="b.wav'),
    (b'; filename="a\\"; x=\\"b.wav"', 'a"; x="b.wav'),
    (b"; filename*=UTF-8''%0d%0ax-evil%3a1.wav", "upload.wav"),
    (b'; filename="a.wav\r\nx-evil: 1"', "upload.wav"),
    (b'; filename="a.wav"\r\nContent-Type: audio/wav\nx-evil: 1', "a.wav"),
    ('; filename="a\u202e\u2028.wav"'.encode(), "a.wav"),
]
FIELD_NAMES = [b'a\\"; filename=\\"b', b"a%0d%0ax-evil: 1", b"__proto__[x]", b"a\x00b", "a\u2028b".encode(), b""]


async def test_a_file_name_is_a_name(router: Running, upstream: Upstream) -> None:
    """Without a path, without what cannot be printed, and within its quotes."""
    upstream.answers(document({"text": "Hi."}))
    for written, _ in FILE_NAMES:
        assert (await sent(router, form(part("file", WAVE, written), MODEL, END))).status == 200

    for (_, name), seen in zip(FILE_NAMES, upstream.seen, strict=True):
        assert [(one.filename, one.raw) for one in parts_of(seen) if one.filename] == [(name, WAVE)]
        assert all(header in {"content-disposition", "content-type"} for header in headers_of_parts(seen))


async def test_the_name_of_a_field_is_a_name(router: Running, upstream: Upstream) -> None:
    """It adds one part to the vendor's form, and changes none of the others."""
    upstream.answers(document({"text": "Hi."}))
    for more in (b"", *(part(name, b"value") for name in FIELD_NAMES)):
        assert (await sent(router, form(FILE, MODEL, more, END))).status == 200

    sane, *bent = ([(one.name, one.filename, one.raw) for one in parts_of(seen)] for seen in upstream.seen)
    for parts in bent:
        assert [one for one in parts if one[2] != b"value"] == sane
        assert [one[1] for one in parts if one[2] == b"value"] == [None]
    assert set().union(*map(headers_of_parts, upstream.seen)) == {"content-disposition", "content-type"}


async def test_a_value_that_looks_like_parts_is_a_value(router: Running, upstream: Upstream) -> None:
    """The vendor's boundary is none that a client can write."""
    upstream.answers(document({"text": "Hi."}))
    value = b'a\r\n--y\r\nContent-Disposition: form-data; name="model"\r\n\r\nevil\r\n--y--\r\n'

    await sent(router, form(FILE, MODEL, part("prompt", value), END))

    assert [one.raw for one in parts_of(upstream.seen[0]) if one.name == "prompt"] == [value]
    assert [one.raw for one in parts_of(upstream.seen[0]) if one.name == "model"] == [b"whisper-1"]


def parts_of(seen: Seen) -> list[Any]:
    boundary = seen.headers["content-type"].partition("boundary=")[2]
    return list(MultipartParser(io.BytesIO(seen.body), boundary, spool_limit=2**22, strict=True).parts())


def headers_of_parts(seen: Seen) -> set[str]:
    return {name.lower() for one in parts_of(seen) for name, _ in one.headerlist}


# ------------------------------------------------------------------ HTTP


SECOND = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"
HTTP = {
    "both lengths": HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "both lengths, turned": HEAD + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": HEAD + b"content-length: 2\r\ncontent-length: 40\r\n\r\n" + WELL + SECOND,
    "a list of lengths": HEAD + b"content-length: 46, 46\r\n\r\n" + WELL,
    "a negative length": HEAD + b"content-length: -1\r\n\r\n" + WELL,
    "a length with a sign": HEAD + b"content-length: +46\r\n\r\n" + WELL,
    "a length in hex": HEAD + b"content-length: 0x2e\r\n\r\n" + WELL,
    "a length beyond 64 bits": HEAD + b"content-length: " + b"9" * 30 + b"\r\n\r\n" + WELL,
    "a length beyond all": HEAD + b"content-length: " + b"9" * 18 + b"\r\n\r\n" + WELL,
    "a length of less than there is": HEAD + b"content-length: 9\r\n\r\n" + WELL,
    "no length": HEAD + b"\r\n" + WELL,
    "another encoding": HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked, but not last": HEAD + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked behind a tab": HEAD + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": HEAD + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a chunk beyond 64 bits": HEAD + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "a negative chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n-1\r\n",
    "a chunk that is longer than it says": HEAD + b"transfer-encoding: chunked\r\n\r\n3\r\nabcdefg\r\n0\r\n\r\n",
    "zipped": posted(WELL[:-1], more=b"content-encoding: gzip\r\n"),
    "folded": HEAD + b"x: y\r\n content-length: 46\r\n\r\n" + WELL,
    "bare line feeds": posted(WELL).replace(b"\r\n", b"\n"),
    "a bare return in a header": HEAD + b"x: y\rcontent-length: 9\r\ncontent-length: 46\r\n\r\n" + WELL,
    "NUL in a header": HEAD + b"x: y\0z\r\ncontent-length: 46\r\n\r\n" + WELL,
    "a host that is none": got(b"/v1/models").replace(b"host: localhost", b"host: a b/\xff"),
    "a head of 1 MB": HEAD + b"x: " + b"y" * 2**20,
    "an address of 1 MB": got(b"/" + b"y" * 2**20),
    "a query of 1 MB": got(b"/v1/audio/voices?vendor=" + b"y" * 2**20),
    "an address that is no text": got(b"/v1/models/\xff\xfe"),
    "a query that is no text": got(b"/v1/audio/voices?\xff=1"),
    "no address": got(b""),
    "no slash": got(b"v1/models"),
    "an address of another scheme": got(b"file:///etc/passwd"),
    "half an address": got(b"http://[::1/v1/models"),
    "a tunnel": got(b"evil.invalid:443", b"CONNECT"),
    "the server itself": got(b"*", b"OPTIONS"),
    "an echo": got(b"/v1/models", b"TRACE"),
    "a method that is none": got(b"/v1/models", b"G\x00T"),
    "another method": got(b"/v1/audio/speech", b"PURGE"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3": got(b"/").replace(b"HTTP/1.1", b"HTTP/3.0"),
    "a socket": got(b"/v1/audio/speech").replace(b"connection: close", b"connection: upgrade\r\nupgrade: websocket"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


async def test_a_message_that_two_would_read_in_two_ways_is_refused(router: Running, upstream: Upstream) -> None:
    """Nothing is smuggled behind it: one answer at most, and the end of the connection."""
    told = {name: await sent(router, request) for name, request in HTTP.items()}

    assert {name: answer.status for name, answer in told.items() if b"HTTP/1." in answer.body} == {}
    await check_refused(router, upstream, HTTP)


PATHS = [
    b"/v1/audio/tasks/..%2f..%2f..%2fetc%2fpasswd",
    b"/v1/audio/tasks/../../../etc/passwd",
    b"/v1/audio/tasks/..",
    b"/v1/audio/tasks/%00",
    b"/v1/audio/tasks/%00/content",
    b"/v1/audio/tasks/%ed%a0%80/content",
    b"/v1/audio/tasks/'%20or%20'1'='1",
    b"/v1/audio/tasks/%25%0d%0ax-evil:%201",
    b"/v1/audio/tasks/" + b"a" * 60_000,
    b"/v1/models/%ff%00",
    b"/v1/models/%zz%",
    b"/v1/models/..%2f..%2fetc",
    b"/v1/models/" + b"a" * 60_000,
    b"/v1/audio/voices?model=%ff%00",
    b"/v1/audio/voices?vendor=one%0d%0ax-evil:1",
    b"/v1/../v1/nothing",
    b"/docs/..%2f..%2fetc%2fpasswd",
    b"http://evil.invalid/nothing",
]


async def test_a_path_is_only_looked_up(router: Running, upstream: Upstream) -> None:
    """There is nothing at it; what the client wrote is repeated at most in part, as JSON."""
    asked = {path.decode()[:80]: got(path) for path in PATHS}
    ended = {f"end {path.decode()[:80]}": got(path, b"DELETE") for path in PATHS if b"tasks" in path}
    for request in (asked | ended).values():
        answer = await sent(router, request)
        assert answer.status in {400, 404, 405}
        assert len(answer.body) < LONGEST_MESSAGE + 300
    await check_refused(router, upstream, asked | ended)


CUT = [
    HEAD + b"content-length: 1000\r\n\r\n" + WELL,
    HEAD + b"transfer-encoding: chunked\r\n\r\n2e\r\n" + WELL + b"\r\n",
    HEAD[:30],
    HEAD,
    posted(FILE, "/v1/audio/transcriptions", TYPE)[:-1],
    posted(WELL, "/v1/audio/transcriptions")[:-1],
    posted(WELL, "/v1/routes/explain")[:-1],
]


async def test_who_promises_more_and_goes_is_forgotten(router: Running, upstream: Upstream) -> None:
    """A body that is not all there is no request, though what there is of it is whole."""
    for request in CUT:
        assert await sent(router, request, is_cut=True) == Answer(0, b"")

    assert upstream.seen == []
    assert {record.outcome for record in router.records} <= {"client left"}


async def test_an_address_with_another_host_is_our_own_path(router: Running, upstream: Upstream) -> None:
    """The absolute form is for proxies, which this is not: nobody is asked at that host."""
    request = posted(WELL).replace(b"POST /v1", b"POST http://evil.invalid:1/v1")

    assert (await sent(router, request)).status == 200
    assert [seen.path for seen in upstream.seen] == ["/audio/speech"]


async def test_hostile_requests_are_no_news(
    router: Running, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    """None of them fills the log: no error, no traceback."""
    for request in [*HTTP.values(), *map(posted, NO_JSON.values()), *map(form, FORMS.values())]:
        await sent(router, request)

    assert [line.getMessage() for line in caplog.records if line.levelno >= logging.WARNING] == []
    assert {record.status for record in router.records} <= {400, 404, 405, 413, 415, 499}
