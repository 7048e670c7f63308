"""Vendors' keys stay here, and clients' headers do not go on: what comes out of a router that everything goes wrong in.

The router is a process of its own, so that all it prints is heard. Every key has the same word in it, and that word is
looked for: a part of a key is a leak, too.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from aiohttp import web
from msgspec import Struct, field

from tests.conftest import KEY, Serve, table_of
from tests.fakes import Upstream, audio, scripted_upstream

WORD = "CANARY"
OURS = f"ar-{WORD}-of-a-client"
SPEECH = {"voice": "alloy", "input": "Hello"}
Say = Callable[[web.Request, str], Awaitable[web.StreamResponse]]

BUGGY = """
import router.relay, router.upstream.http
from router.__main__ import main

begin, tell = router.upstream.http.HttpTransport.send, router.relay.Relay._tell

def failing(self, request, *rest):
    if "/bug" in request.url:
        raise RuntimeError(f"a bug with {request!r}")
    return begin(self, request, *rest)

def telling(self, record, attempt, outcome, chain, fault=None):
    if "after" in attempt.fitted.target.name and fault:
        raise RuntimeError(f"a bug with {attempt!r}, {chain!r}, {fault!r}, {self.plan!r}")
    tell(self, record, attempt, outcome, chain, fault)

router.upstream.http.HttpTransport.send = failing
router.relay.Relay._tell = telling
main()
"""


def echo(status: int, text: str, kind: str = "application/json", **headers: str) -> Say:
    """An answer that repeats our key wherever `KEY` stands."""

    async def say(_request: web.Request, key: str) -> web.StreamResponse:
        told = {name.replace("_", "-"): value.replace("KEY", key) for name, value in headers.items()}
        return web.Response(status=status, text=text.replace("KEY", key), content_type=kind, headers=told)

    return say


def bare(*pieces: str) -> Say:
    """What is written to the socket as it stands, whether it is HTTP or not."""

    async def say(request: web.Request, key: str) -> web.StreamResponse:
        assert request.transport
        for piece in pieces:
            request.transport.write(piece.replace("KEY", key).encode())
            await asyncio.sleep(0.05)
        request.transport.close()
        return web.Response()

    return say


async def quoted(_request: web.Request, key: str) -> web.StreamResponse:
    """As it would stand in an address."""
    return web.json_response({"error": {"message": f"no such page: /x?key={quote(key, safe='')}"}}, status=400)


ERROR = '{"error": {"message": "key KEY is bad", "code": "KEY", "param": "KEY", "type": "KEY"}}'
EVENTS = 'data: {"type": "speech.audio.delta", "audio": "SUQz"}\n\ndata: ' + ERROR + "\n\n"
ANSWERS: Mapping[str, Say] = {
    "refused": echo(401, ERROR),
    "invalid": echo(400, ERROR),
    "unknown": echo(404, ERROR),
    "cut": echo(400, ERROR.replace("key KEY", "x" * 490 + "KEY")),
    "quoted": quoted,
    "page": echo(502, "<html>Bearer KEY is bad</html>", "text/html"),
    "success": echo(200, ERROR),
    "header": echo(429, ERROR, retry_after="KEY", www_authenticate="Bearer KEY", x_request_id="KEY"),
    "moved": echo(307, "", location="https://elsewhere.example/?key=KEY"),
    "no-http": bare("HTTP/1.1 200 OK\r\nthis is no header KEY\r\n\r\n"),
    "no-status": bare("HTTP/1.1 KEY OK\r\n\r\n"),
    "half-a-head": bare("HTTP/1.1 200 OK\r\nx-key: KEY\r\n"),
    "no-chunk": bare(
        "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n3\r\nID3\r\n", "KEY"
    ),
    "events": echo(200, EVENTS, "text/event-stream"),
    "bug": echo(500, ERROR),
    "after": echo(400, ERROR),
    "after-no-http": bare("HTTP/1.1 200 OK\r\nthis is no header KEY\r\n\r\n"),
}
JOBS: Mapping[str, str] = {
    "failed": '{"id": "p", "status": "failed", "error": "bad key KEY"}',
    "odd": '{"id": "p", "status": "KEY"}',
    "afar": '{"id": "p", "status": "succeeded", "output": "https://x:KEY@KEY.example/?key=KEY"}',
    "nowhere": '{"id": "p", "status": "succeeded", "output": "KEY"}',
    "garbled": '{"id": "p", "status": "succeeded", "output": {"KEY": 1}}',
}
OTHERS = {
    "elevenlabs": ("eleven_v3", '{"detail": {"message": "KEY", "status": "KEY"}}'),
    "deepgram": ("aura-2", '{"err_msg": "KEY", "err_code": "KEY"}'),
    "groq": ("playai-tts", ERROR),
    "huggingface": ("hexgrad/Kokoro-82M", '{"error": "KEY"}'),
    "sarvam": ("bulbul:v2", '{"error": {"message": "KEY", "code": "KEY"}}'),
}


class Vendors(Struct):
    """All vendors on one socket, told apart by the first part of the path."""

    heard: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.split("/")[1]
        key = next(
            (value.split(" ")[-1] for value in request.headers.values() if WORD in value), f"{WORD}-nobody-sent-one"
        )
        self.heard.append(f"{name} {key}")
        if name in ANSWERS:
            return await ANSWERS[name](request, key)
        if name in JOBS:
            return await echo(201, JOBS[name])(request, key)
        return await echo(400, OTHERS[name][1])(request, key)


def table(url: str) -> str:
    entries = {
        **{name: f"like: openai, base_url: '{url}/{name}'" for name in ANSWERS},
        **{name: f"like: replicate, base_url: '{url}/{name}'" for name in JOBS},
        **{name: f"base_url: '{url}/{name}'" for name in OTHERS},
    }
    return table_of(
        {name: f'{{{entry}, api_key: "${{{_variable(name)}}}"}}' for name, entry in entries.items()},
        {"tts-1": ["refused/tts-1", "invalid/tts-1"]},
        'tasks: {folder: tasks}\nkeys: {alice: {key: "${OURS}"}}\n',
    )


def _variable(name: str) -> str:
    return f"KEY_{name.replace('-', '_').upper()}"


def secrets() -> dict[str, str]:
    names = [*ANSWERS, *JOBS, *OTHERS]
    return {"OURS": OURS, **{_variable(name): f"sk-{WORD}/{name}+{WORD}=" for name in names}}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, list[bytes]]]:
    """A router with a bug in it, and, once it has ended, all that it has printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BUGGY, "serve", "--port", "0"),
        cwd=folder,
        env={**os.environ, **secrets()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdout
    printed: list[bytes] = []
    try:
        while b"Stop with" not in (printed or [b""])[-1]:
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            assert line, printed
            printed.append(line)
        url = re.search(r"http://127\.0\.0\.1:\d+", printed[0].decode())
        assert url
        async with aiohttp.ClientSession(url[0], headers={"authorization": f"Bearer {OURS}"}) as http:
            yield http, printed
    finally:
        process.terminate()
        printed.extend(await asyncio.wait_for(process.communicate(), 20))


async def all_of(reply: aiohttp.ClientResponse) -> bytes:
    """Head and body, as far as it came."""
    parts = [f"{name}: {value}\n".encode() for name, value in reply.headers.items()]
    try:
        async for chunk in reply.content.iter_any():
            parts.append(chunk)
    except aiohttp.ClientPayloadError:
        parts.append(b"(broke off)")
    return b"".join(parts)


async def test_no_key_comes_out_whatever_goes_wrong(tmp_path: Path) -> None:
    """Replies, events, tasks, lists, the log and its tracebacks: vendors that repeat our key in every way, and bugs."""
    vendors = Vendors()
    replies: dict[str, bytes] = {}
    async with scripted_upstream() as upstream:
        upstream.answers(vendors.answer)
        (tmp_path / "routes.yaml").write_text(table(upstream.url))
        async with running(tmp_path) as (http, printed):

            async def ask(method: str, path: str, **given: object) -> bytes:
                async with http.request(method, path, **given) as reply:  # type: ignore[arg-type]
                    told = replies[f"{method} {path} {given}"] = await all_of(reply)
                    return told

            for name in ANSWERS:
                speech = {"model": f"{name}/gpt-4o-mini-tts", **SPEECH}
                await ask("POST", "/v1/audio/speech", json=speech)
                await ask("POST", "/v1/audio/speech", json={**speech, "stream_format": "sse"})
                await ask("POST", "/v1/audio/transcriptions", data=upload(f"{name}/whisper-1"))
            for name in JOBS:
                song = {"model": f"{name}/minimax/music-1.5", "input": "A waltz", "lyrics": "Of the moon and of June."}
                await ask("POST", "/v1/audio/music", json=song)
                task = await ask("POST", "/v1/audio/music", json={**song, "background": True})
                place = re.search(rb"(?i)location: (\S+)", task)
                assert place, task
                async with asyncio.timeout(10):
                    while b'"failed"' not in await ask("GET", place[1].decode()):
                        await asyncio.sleep(0.02)
            for name, (model, _) in OTHERS.items():
                await ask("POST", "/v1/audio/speech", json={"model": f"{name}/{model}", **SPEECH})
            await ask("POST", "/v1/audio/speech", json={"model": "tts-1", **SPEECH})
            await ask("POST", "/v1/routes/explain", json={"model": "tts-1", "kind": "speech", **SPEECH})
            await ask("POST", "/v1/models", headers={"authorization": f"Bearer {WORD}-of-a-stranger"})
            await ask("POST", "/v1/audio/speech", json={}, headers={"authorization": f"Bearer {WORD}-of-a-stranger"})
            for path in ("/v1/models", "/v1/audio/voices", "/metrics", "/health/ready", "/docs", "/openapi.json"):
                await ask("GET", path)

    asked = {line.split(" ")[0] for line in vendors.heard}
    assert asked == {*ANSWERS, *JOBS, *OTHERS} - {"bug"}, "each vendor was asked, but for the one behind the bug"
    assert not any("nobody-sent-one" in line for line in vendors.heard)
    assert b"a bug with" in b"".join(printed)
    assert b"During handling of the above exception" in b"".join(printed)
    assert {name: told for name, told in replies.items() if WORD.encode() in told} == {}
    assert [line for line in b"".join(printed).split(b"\n") if WORD.encode() in line] == []
    assert leaky_files(tmp_path) == []


def leaky_files(folder: Path) -> list[Path]:
    """What tasks leave behind; the table itself names variables alone."""
    return [path for path in folder.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()]


def upload(model: str) -> aiohttp.FormData:
    form = aiohttp.FormData({"model": model})
    form.add_field("file", io.BytesIO(b"RIFFdata"), filename="a.wav", content_type="audio/wav")
    return form


# ------------------------------------------------------------------ commands


GOOD = """
vendors:
  openai: {api_key: "${SECRET}"}
  kokoro: {like: openai, base_url: "https://user:${SECRET}@kokoro.example/v1", api_key: "sk-CANARY-in-the-table"}
  deepgram: {api_key: "${SECRET}"}
voices: {nova: {kokoro: af_heart}}
routes: {tts-1: {targets: [{target: openai/tts-1, weight: 2}, kokoro/kokoro, deepgram/aura-2]}}
keys: {alice: {key: "${SECRET}"}}
"""
BAD = """
vendors:
  openai: {api_key: ["${SECRET}"], base_url: "${SECRET}", region: "sk-CANARY", CANARY-: x}
  deepgram: {api_key: "${SECRET}", result_hosts: ["${SECRET}"], credit: "${SECRET}"}
  nobody: {api_key: "${SECRET}"}
routes: {tts-1: {targets: [openai/tts-1], policy: "${SECRET}"}}
server: {port: "${SECRET}", cors: ["https://${SECRET}/x"], max_body: "${SECRET}"}
keys: {alice: {sha256: "${SECRET}"}, bob: {key: "${SECRET}", sha256: "${SECRET}"}}
"""


@pytest.mark.parametrize(
    ("text", "arguments", "status"),
    [
        (GOOD, ["check", "--strict"], 1),
        (GOOD, ["models"], 0),
        (GOOD, ["voices"], 0),
        (GOOD, ["explain", "tts-1", "--json"], 0),
        (GOOD, ["explain", "tts-1"], 0),
        (BAD.replace("CANARY-: x", "x: y"), ["check", "--strict"], 1),
        (BAD.replace(", CANARY-: x", ""), ["serve", "--port", "0"], 1),
    ],
)
def test_no_command_prints_a_key(tmp_path: Path, text: str, arguments: list[str], status: int) -> None:
    """Nor does any problem of a table show the value that it is about."""
    (tmp_path / "routes.yaml").write_text(text)
    environment = {**os.environ, "SECRET": f"sk-{WORD}-secret", "COLUMNS": "200"}

    done = subprocess.run(
        [sys.executable, "-m", "router", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == status, done.stderr
    assert done.stdout or done.stderr
    assert WORD not in done.stdout + done.stderr


# ------------------------------------------------------------------ the other way


async def test_no_header_of_a_client_reaches_a_vendor(serve: Serve, upstream: Upstream) -> None:
    """A vendor sees what its file says and what HTTP needs: nothing of who asks, and not with which key."""
    upstream.answers(audio(b"ID3"))
    vendor = f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"
    router = await serve(table_of({"one": vendor}, {"m": ["one/m"]}, "keys: {alice: {key: sk-alice}}\n"))
    sent = {
        "authorization": "Bearer sk-alice",
        "cookie": "session=CANARY",
        "x-forwarded-for": "203.0.113.7",
        "forwarded": "for=203.0.113.7",
        "via": "1.1 CANARY",
        "user-agent": "CANARY/1",
        "referer": "https://example.com/CANARY",
        "origin": "https://example.com",
        "accept-language": "de-CANARY",
        "openai-organization": "org-CANARY",
        "openai-project": "proj-CANARY",
        "openai-beta": "CANARY",
        "x-stainless-arch": "CANARY",
        "x-request-id": "CANARY",
        "idempotency-key": "CANARY",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "baggage": "user=CANARY",
        "xi-api-key": "CANARY",
        "x-api-key": "CANARY",
        "proxy-authorization": "Basic CANARY",
    }

    async with router.http.post("/v1/audio/speech", json={"model": "m", **SPEECH}, headers=sent) as reply:
        assert (reply.status, await reply.read()) == (200, b"ID3")
    async with router.http.post("/v1/audio/transcriptions", data=upload("m"), headers=sent) as reply:
        await reply.read()

    assert len(upstream.seen) == 2
    for seen in upstream.seen:
        assert seen.headers.keys() <= {*OF_HTTP, "authorization", "user-agent", "content-type"}
        assert seen.headers["authorization"] == f"Bearer {KEY}"
        told = msgspec.json.encode(seen.headers).decode()
        assert not [value for value in (WORD, "sk-alice", "203.0.113.7", "example.com") if value in told]


OF_HTTP = {"host", "content-length", "transfer-encoding", "accept-encoding", "connection"}
