"""Everything in `tests.faults`, on sockets: before commit the next vendor answers, after it the client is told."""

from __future__ import annotations

import asyncio
import io
from base64 import b64decode

import aiohttp
import msgspec
import pytest
from aiohttp import web

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Upstream, audio, document
from tests.faults import AFTER, BEFORE, ODD, REFUSE, address, by_name, closed_port

SPOKEN = b"ID3" + bytes(range(256)) * 64
UPLOAD = b"RIFF" + bytes(range(256)) * 1_200  # more than is held in memory
SHORT = "first_byte_timeout: 300ms, timeout: 300ms"


def entry(base_url: str, like: str = "openai") -> str:
    return f"{{like: {like}, base_url: '{base_url}', api_key: {KEY}}}"


async def whole(request: web.Request) -> web.StreamResponse:
    """A vendor without fault: speech, or whether the upload came as it was."""
    if request.path.endswith("/speech"):
        return await audio(SPOKEN)(request)
    return await document({"text": "whole" if UPLOAD in await request.read() else "torn"})(request)


async def speak(router: Running, model: str, **fields: str) -> bytes:
    body = {"model": model, "voice": "alloy", "input": "Hello", **fields}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.read()


async def listen(router: Running, model: str) -> str:
    form = aiohttp.FormData({"model": model})
    form.add_field("file", io.BytesIO(UPLOAD), filename="a.wav", content_type="audio/wav")
    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert reply.status == 200, await reply.text()
        return (await reply.json())["text"]


@pytest.mark.parametrize("kind", ["speech", "transcription"])
async def test_before_commit_each_fault_leads_to_the_next_target(
    serve: Serve, upstream: Upstream, spare: Upstream, kind: str
) -> None:
    """Speech byte for byte, and an upload sent anew byte for byte; the fault is recorded for what it is."""
    upstream.answers(by_name({name: fault.answer for name, fault in BEFORE.items()}))
    spare.answers(whole)
    with closed_port() as nobody:
        places = {REFUSE: nobody} | {name: address(upstream, name) for name in BEFORE}
        times = {name: f", {SHORT}" if _outcome(name, kind) == "timeout" else "" for name in places}
        router = await serve(
            table_of(
                {f"v-{name}": entry(place) for name, place in places.items()} | {"spare": entry(spare.url)},
                {name: [f"{{target: v-{name}/m{times[name]}}}", "spare/m"] for name in places},
            )
        )
        ask = speak if kind == "speech" else listen
        replies = await asyncio.gather(*(ask(router, name) for name in places))

    due = SPOKEN if kind == "speech" else "whole"
    assert {name: reply == due for name, reply in zip(places, replies, strict=True)} == dict.fromkeys(places, True)
    told = {one.model: [attempt.outcome for attempt in one.attempts] for one in router.records}
    assert told == {name: [_outcome(name, kind), "ok"] for name in places}


def _outcome(name: str, kind: str) -> str:
    if name == REFUSE:
        return "connect"
    fault = BEFORE[name]
    return (kind == "transcription" and fault.of_words) or fault.outcome


async def test_what_is_odd_is_no_fault(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Compressed, mistyped, one byte at a time, without a length: the first vendor's bytes, whole."""
    said = SPOKEN[:60]
    upstream.answers(by_name({name: script(said) for name, script in ODD.items()}))
    router = await serve(
        table_of(
            {f"v-{name}": entry(address(upstream, name)) for name in ODD} | {"spare": entry(spare.url)},
            {name: [f"v-{name}/m", "spare/m"] for name in ODD},
        )
    )

    replies = await asyncio.gather(*(speak(router, name) for name in ODD))

    assert dict(zip(ODD, replies, strict=True)) == dict.fromkeys(ODD, said)
    assert spare.seen == []


# ------------------------------------------------------------------ after commit


class Client:
    """Reads one reply until it ends, and lets the vendor go on once something of it is here."""

    def __init__(self, router: Running, go: asyncio.Event) -> None:
        self._router = router
        self._go = go
        self.received = bytearray()
        self.is_broken = False

    async def ask(self, path: str, **body: object) -> None:
        try:
            async with self._router.http.post(path, **body) as reply:  # type: ignore[arg-type]
                assert reply.status == 200, await reply.text()
                async for chunk in reply.content.iter_any():
                    self.received += chunk
                    self._go.set()
        except aiohttp.ClientPayloadError:
            self.is_broken = True

    @property
    def events(self) -> list[dict[str, object]]:
        texts = self.received.decode().split("\n\n")
        return [msgspec.json.decode(text.removeprefix("data: ")) for text in texts if text.startswith("data: ")]


def _scripts(said: bytes, content_type: str, goes: dict[str, asyncio.Event]) -> dict[str, Answer]:
    return {name: late(said, content_type, goes[name]) for name, late in AFTER.items()}


async def _broken_off(
    serve: Serve, upstream: Upstream, spare: Upstream, said: tuple[bytes, str], ask: tuple[str, dict[str, object]]
) -> dict[str, Client]:
    """How each fault ends for a client that asks so; nobody else was asked, whatever happened."""
    goes = {name: asyncio.Event() for name in AFTER}
    upstream.answers(by_name(_scripts(*said, goes)))
    spare.answers(whole)
    like = "elevenlabs" if said[1] == "audio/pcm" else "openai"
    router = await serve(
        table_of(
            {f"v-{name}": entry(address(upstream, name), like) for name in AFTER} | {"spare": entry(spare.url)},
            {
                name: [
                    f"{{target: v-{name}/eleven_v3, timeout: {'2s' if name == 'silence' else '60s'}}}",
                    "spare/eleven_v3",
                ]
                for name in AFTER
            },
        )
    )
    path, body = ask
    clients = {name: Client(router, goes[name]) for name in AFTER}
    async with asyncio.timeout(20):
        await asyncio.gather(*(client.ask(path, **_body(body, name)) for name, client in clients.items()))
        while len(router.records) < len(AFTER):
            await asyncio.sleep(0.005)

    assert {one.model: one.outcome for one in router.records} == dict.fromkeys(AFTER, "interrupted")
    assert spare.seen == []
    return clients


def _body(body: dict[str, object], model: str) -> dict[str, object]:
    if "file" not in body:
        return {"json": {"voice": "alloy", "input": "Hello", **body, "model": model}}
    form = aiohttp.FormData({"model": model, "stream": "true"})
    form.add_field("file", b"RIFF....WAVEfmt ", filename="a.wav")
    return {"data": form}


async def test_after_commit_each_fault_breaks_the_transfer(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A byte client has what the vendor said, and never a clean end."""
    clients = await _broken_off(serve, upstream, spare, (SPOKEN, "audio/mpeg"), ("/v1/audio/speech", {}))

    assert {name: client.is_broken for name, client in clients.items()} == dict.fromkeys(AFTER, True)
    assert {name: bytes(client.received) for name, client in clients.items()} == dict.fromkeys(AFTER, SPOKEN)


async def test_after_commit_each_fault_breaks_what_is_made_while_it_streams(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Transcoding does not make an end of it either."""
    pcm = bytes(48_000)
    ask = ("/v1/audio/speech", {"response_format": "wav"})
    clients = await _broken_off(serve, upstream, spare, (pcm, "audio/pcm"), ask)

    assert {name: client.is_broken for name, client in clients.items()} == dict.fromkeys(AFTER, True)
    assert {name: bytes(client.received[:4]) for name, client in clients.items()} == dict.fromkeys(AFTER, b"RIFF")


async def test_after_commit_each_fault_is_an_event_of_speech(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The last of them is the error, and nothing says that it is done."""
    ask = ("/v1/audio/speech", {"stream_format": "sse"})
    clients = await _broken_off(serve, upstream, spare, (SPOKEN, "audio/mpeg"), ask)

    for name, client in clients.items():
        *deltas, last = client.events
        assert b"".join(b64decode(str(one["audio"])) for one in deltas) == SPOKEN, name
        assert (last["error"]["code"], client.is_broken) == ("interrupted", False), name  # type: ignore[index]


async def test_after_commit_each_fault_is_an_event_of_a_transcript(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Half a transcript is never told as a whole one."""
    delta = b'data: {"type":"transcript.text.delta","delta":"Half of"}\n\n'
    ask = ("/v1/audio/transcriptions", {"file": True})
    clients = await _broken_off(serve, upstream, spare, (delta, "text/event-stream"), ask)

    for name, client in clients.items():
        first, last = client.events
        assert (first["delta"], last["error"]["code"]) == ("Half of", "interrupted"), name  # type: ignore[index]
