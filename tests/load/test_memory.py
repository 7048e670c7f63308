"""Constant memory: what a router that serves takes on top, however much passes through it and however slowly.

Run by `make test-load`. Bounds are of resident memory, of a process that has answered one call of the kind before:
codecs and the like are loaded by then.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import socket
import statistics
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.conftest import KEY, table_of
from tests.e2e.jobs import MODEL, Jobs
from tests.e2e.jobs import entry as job_entry
from tests.fakes import Answer, document, scripted_upstream
from tests.load.measured import MB, Reader, Router, router_process
from tests.media.sounds import tone
from tests.media.test_bombs import BOMBS
from tests.media.test_probe import made

pytestmark = [
    pytest.mark.load,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.environ.get("TEST_LOAD") != "1", reason="heavy: make test-load"),
]

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}
STEP_BYTES = 64 * 1024


def entry(like: str, url: str) -> str:
    return f"{{like: {like}, base_url: '{url}', api_key: {KEY}}}"


# ------------------------------------------------------------------ uploads

UPLOADS = 20
UPLOAD = random.Random(6).randbytes(25 * MB)  # all that `max_upload` allows
DIGEST = hashlib.sha256(UPLOAD).hexdigest()
SLOW_PAUSE_S = 0.01
BOUNDARY = "b0undary"


class SlowEar:
    """A vendor that hears slowly. `gives_up_after` bytes it answers 503."""

    def __init__(self, gives_up_after: int | None = None) -> None:
        self.digests: list[str] = []
        self.refused = 0
        self._gives_up_after = gives_up_after

    async def handle(self, request: web.Request) -> web.Response:
        async for part in await request.multipart():
            if part.name != "file":
                await part.read()
                continue
            digest, size = hashlib.sha256(), 0
            while chunk := await part.read_chunk(256 * 1024):
                digest.update(chunk)
                size += len(chunk)
                await asyncio.sleep(SLOW_PAUSE_S)
                if self._gives_up_after and size > self._gives_up_after:
                    self.refused += 1
                    return web.json_response({"error": {"message": "no"}}, status=503)
            self.digests.append(digest.hexdigest())
        return web.json_response({"text": "heard"})


async def hosted(stack: AsyncExitStack, ear: SlowEar) -> str:
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{tail:.*}", ear.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def form(content: bytes) -> AsyncIterator[bytes]:
    yield f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'.encode()
    yield f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'.encode()
    async for step in steps(content):
        yield step
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


async def json_of(content: bytes) -> AsyncIterator[bytes]:
    yield b'{"model": "whisper-1", "input_audio": {"format": "mp3", "data": "'
    async for step in steps(content, STEP_BYTES * 3):
        yield b64encode(step)
    yield b'"}}'


async def steps(content: bytes, size: int = STEP_BYTES) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


SHAPES = {"form": (f"multipart/form-data; boundary={BOUNDARY}", form), "json": ("application/json", json_of)}


@pytest.mark.parametrize("shape", SHAPES)
async def test_uploads_to_slow_vendors(tmp_path: Path, shape: str) -> None:
    """Twenty at once of 25 MB, each heard half by a vendor that gives up and then whole by another: under 100 MB."""
    content_type, written = SHAPES[shape]
    first, second = SlowEar(gives_up_after=10 * MB), SlowEar()
    async with AsyncExitStack() as stack:
        urls = {"one": await hosted(stack, first), "two": await hosted(stack, second)}
        vendors = {name: entry("openai", url) for name, url in urls.items()}
        table = table_of(vendors, {"whisper-1": ["one/whisper-1", "two/whisper-1"]})
        router = await stack.enter_async_context(router_process(tmp_path, table))
        session = await stack.enter_async_context(aiohttp.ClientSession(router.url))

        async def upload(content: bytes) -> None:
            headers = {"content-type": content_type}
            async with session.post("/v1/audio/transcriptions", data=written(content), headers=headers) as reply:
                assert reply.status == 200, await reply.text()

        await upload(UPLOAD[:MB])
        second.digests.clear()
        async with router.watched(f"{UPLOADS} uploads of 25 MB ({shape}) to slow vendors") as growth:
            await asyncio.gather(*(upload(UPLOAD) for _ in range(UPLOADS)))

    assert second.digests == [DIGEST] * UPLOADS
    assert first.refused >= 1
    assert growth.mb < 100


# ------------------------------------------------------------------ slow readers

READERS = 200
NOISE = random.Random(7).randbytes(STEP_BYTES)
POURED = 5 * MB
HELD_S = 5.0
QUICK_CALLS = 31


class Pouring:
    """A vendor that sends everything at once, as fast as it is taken. `taken`: how much of each answer was."""

    def __init__(self, first: bytes, block: bytes, blocks: int, content_type: str) -> None:
        self.taken: list[int] = []
        self._first = first
        self._block = block
        self._blocks = blocks
        self._content_type = content_type

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": self._content_type})
        assert request.transport
        own = request.transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STEP_BYTES)  # else the kernel takes it all
        place = len(self.taken)
        self.taken.append(0)
        with suppress(ConnectionResetError):  # who leaves is nobody's fault
            await response.prepare(request)
            await response.write(self._first)
            for _ in range(self._blocks):
                await response.write(self._block)
                self.taken[place] += len(self._block)
            await response.write_eof()
        return response


MP3_FRONT = b"\xff\xfb\x90\x00"


async def first_byte_s(router: Router) -> float:
    """The best of three medians of quick calls, each over a connection of its own and left with its first bytes."""
    medians = []
    for _ in range(3):
        taken = []
        for _ in range(QUICK_CALLS):
            reader = Reader(router, "/v1/audio/speech", SPEECH)
            taken.append(await reader.ask())
            reader.close()
            await asyncio.sleep(0.01)
        medians.append(statistics.median(taken))
    return min(medians)


@pytest.mark.parametrize("like", ["bytes", "sse"])
async def test_slow_readers_of_a_vendor_that_pours(tmp_path: Path, like: str) -> None:
    """Two hundred at 1 KB/s, 5 MB each: under 150 MB, and a quick client beside them waits at most twice as long."""
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(scripted_upstream())
        pouring = Pouring(MP3_FRONT, NOISE, POURED // STEP_BYTES, "audio/mpeg")
        vendor.answers(pouring)
        table = table_of({"one": entry("openai", vendor.url)}, {"tts-1": ["one/tts-1"]})
        router = await stack.enter_async_context(router_process(tmp_path, table))
        await first_byte_s(router)
        idle_s = await first_byte_s(router)

        asked = {**SPEECH, "stream_format": "sse"} if like == "sse" else SPEECH
        async with router.watched(f"{READERS} readers at 1 KB/s of 5 MB each ({like})") as growth:
            pouring.taken.clear()
            readers = [Reader(router, "/v1/audio/speech", asked) for _ in range(READERS)]
            for reader in readers:
                stack.callback(reader.close)
            await asyncio.gather(*(reader.ask() for reader in readers))
            reading = asyncio.gather(*(reader.read(HELD_S) for reader in readers))
            await asyncio.sleep(1)
            most_mb = max(pouring.taken) / MB
            busy_s = await first_byte_s(router)
            await reading

    print(f"taken of the vendor for one of them: {most_mb:.1f} MB at most")  # noqa: T201
    print(f"first byte of a quick client: {idle_s * 1e3:.1f} ms idle, {busy_s * 1e3:.1f} ms beside them")  # noqa: T201
    assert growth.mb < 150
    assert busy_s <= 2 * idle_s
    assert most_mb < POURED / MB / 2, "what nobody reads is left with the vendor"


@pytest.mark.parametrize(("codec", "most_mb"), [("opus", 40), ("aac", 40), ("flac", 200)])
async def test_slow_readers_of_speech_that_is_transcoded(tmp_path: Path, codec: str, most_mb: float) -> None:
    """Twenty whose vendor pours five minutes of raw samples: the codecs wait with them. FFmpeg's flac has 7 MB each."""
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(scripted_upstream())
        pouring = Pouring(b"", tone(1.0), 300, "audio/pcm")
        vendor.answers(pouring)
        table = table_of({"one": entry("elevenlabs", vendor.url)}, {"tts-1": ["one/eleven_v3"]})
        router = await stack.enter_async_context(router_process(tmp_path, table))
        body = {**SPEECH, "response_format": codec}
        await left_at_once(router, "/v1/audio/speech", body)
        pouring.taken.clear()

        async with router.watched(f"20 streams made {codec} for readers at 1 KB/s") as growth:
            await held(stack, router, 20, "/v1/audio/speech", body)

    assert growth.mb < most_mb
    assert max(pouring.taken) < 300 * 48_000, "what nobody reads is left with the vendor"


async def left_at_once(router: Router, path: str, body: object) -> None:
    """The first call of its kind, which loads what the others need."""
    reader = Reader(router, path, body)
    await reader.ask()
    reader.close()


async def held(stack: AsyncExitStack, router: Router, count: int, path: str, body: object) -> list[Reader]:
    """So many readers, read slowly for a while."""
    readers = [Reader(router, path, body) for _ in range(count)]
    for reader in readers:
        stack.callback(reader.close)
    await asyncio.gather(*(reader.ask() for reader in readers))
    await asyncio.gather(*(reader.read(HELD_S) for reader in readers))
    return readers


# ------------------------------------------------------------------ large results

SONG_BYTES = 30 * MB  # a document of 60 MB in hexadecimal
SONGS = 4


async def test_a_large_song_within_json(tmp_path: Path) -> None:
    """A document is held while it is read, and then the song alone, which is in it once: never more than that."""

    def told(song: bytes) -> Answer:
        return document({"data": {"status": 2, "audio": song.hex()}, "base_resp": {"status_code": 0}})

    song = MP3_FRONT + random.Random(8).randbytes(SONG_BYTES - len(MP3_FRONT))
    body = {"model": "song", "input": "A waltz", "response_format": "mp3"}
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(scripted_upstream())
        table = table_of({"mini": entry("minimax", vendor.url)}, {"song": ["mini/music-2.6"]})
        router = await stack.enter_async_context(router_process(tmp_path, table))
        vendor.answers(told(song[:MB]))
        await left_at_once(router, "/v1/audio/music", body)

        vendor.answers(told(song))
        async with router.watched(f"{SONGS} songs in documents of 60 MB, to readers at 1 KB/s") as growth:
            await held(stack, router, SONGS, "/v1/audio/music", body)

    assert growth.mb < SONGS * 110


async def test_a_large_result_that_is_fetched(tmp_path: Path) -> None:
    """20 jobs whose songs of 60 MB are downloaded by readers at 1 KB/s: they pass through."""
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(scripted_upstream())
        jobs = Jobs(vendor)
        jobs.result = Pouring(b"ID3", NOISE, 60 * MB // STEP_BYTES, "audio/mpeg")
        table = table_of({"jobs": job_entry(vendor)}, {"song": [f"jobs/{MODEL}"]})
        router = await stack.enter_async_context(router_process(tmp_path, table))
        body = {"model": "song", "input": "A waltz", "response_format": "mp3"}
        await left_at_once(router, "/v1/audio/music", body)

        async with router.watched("20 results of 60 MB, to readers at 1 KB/s") as growth:
            await held(stack, router, 20, "/v1/audio/music", body)

    assert growth.mb < 30


# ------------------------------------------------------------------ bombs


@pytest.mark.parametrize("bomb", BOMBS)
async def test_the_length_of_a_bomb(tmp_path: Path, bomb: str) -> None:
    """A route by cost has to know how long the upload is: that takes no more of the router than any other file."""
    make, _ = BOMBS[bomb]
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(scripted_upstream())
        vendor.answers(document({"text": "heard"}))
        table = table_of(
            {"one": entry("openai", vendor.url), "two": entry("groq", vendor.url)},
            {"whisper-1": ["one/whisper-1", "two/whisper-large-v3"]},
            "    policy: cost\n",
        )
        router = await stack.enter_async_context(router_process(tmp_path, table))
        session = await stack.enter_async_context(aiohttp.ClientSession(router.url))

        async def listen(content: bytes) -> None:
            fields = aiohttp.FormData({"model": "whisper-1"})
            fields.add_field("file", content, filename="upload")
            async with asyncio.timeout(5), session.post("/v1/audio/transcriptions", data=fields) as reply:
                assert reply.status == 200, await reply.text()

        await listen(made("flac"))
        async with router.watched(bomb) as growth:
            await listen(make())

    assert growth.mb < 50
