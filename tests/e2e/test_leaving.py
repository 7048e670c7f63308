"""A client goes away, at every stage of a call: the vendor's call ends within a second, and nothing is left behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from msgspec import Struct

from router.api import streams
from tests.census import Census, as_before, census, more_than, settled
from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.jobs import MODEL, Jobs
from tests.fakes import Answer, Drip, Upstream, audio, stall

FORM = "multipart/form-data; boundary=b"
TOO_MUCH_FOR_BUFFERS = 10 * 1024**2


class Visitor:
    """A client on a bare socket: it says what it likes, reads what it likes, and goes when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def of(cls, router: Running) -> Visitor:
        return cls(*await asyncio.open_connection(*router.url.removeprefix("http://").split(":"), limit=4096))

    async def ask(self, path: str, body: bytes, content_type: str = "application/json", method: str = "POST") -> None:
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n"
        await self.say(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hears(self, text: bytes) -> None:
        async with asyncio.timeout(5):
            heard = b""
            while text not in heard:
                more = await self._reader.read(1024)
                assert more, heard
                heard += more

    def leave(self) -> None:
        self._writer.transport.abort()


class Watched:
    """An answer of a vendor, and how many calls are in it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.inside = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.inside += 1
        try:
            return await self._answer(request)
        finally:
            self.inside -= 1


class Scene(Struct):
    """A call that gets stuck. `before`: what is there already, and does not count.

    `is_reached`: it is where the client leaves, also by what is counted then and was not before; `hears`: what the
    client has received by then; `is_over`: the vendor has been left, too.
    """

    table: str
    path: str
    body: bytes
    content_type: str = "application/json"
    method: str = "POST"
    before: Callable[[Running], AbstractAsyncContextManager[None]] | None = None
    is_reached: Callable[[Census], bool] = lambda _more: True
    hears: bytes | None = None
    is_over: Callable[[], bool] = lambda: True


def speech(model: str = "m", **fields: str) -> bytes:
    return msgspec.json.encode({"model": model, "voice": "alloy", "input": "Hello", **fields})


def upload(size: int) -> bytes:
    named = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n'
    file = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF' + bytes(size)
    return named + file + b"\r\n--b--\r\n"


def table(*bases: str, like: str = "openai", model: str = "x", said: str = "") -> str:
    vendors = {f"v{index}": f"{{like: {like}, base_url: '{base}', api_key: {KEY}}}" for index, base in enumerate(bases)}
    return table_of(vendors, {"m": [f"{{target: {name}/{model}{said}}}" for name in vendors]})


async def until(holds: Callable[[], bool], within_s: float = 5) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.005)


# ------------------------------------------------------------------ the scenes

Stage = Callable[[Upstream, Upstream, AsyncExitStack], Awaitable[Scene]]


async def while_it_uploads(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """Half of its form has come, and lies in a temporary file."""
    half = upload(2_000_000)[:1_000_000]
    # announced longer than it is: the rest never comes
    scene = Scene(table(upstream.url), "/v1/audio/transcriptions", half, FORM)
    scene.is_reached = lambda more: more.unnamed_files == 1
    scene.method = "HALF"
    return scene


async def queued_for_a_place(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    drip = Drip()
    drip.send(b"ID3")
    upstream.answers(drip)

    @asynccontextmanager
    async def one_is_in(router: Running) -> AsyncIterator[None]:
        other = await Visitor.of(router)
        await other.ask("/v1/audio/speech", speech())
        await other.hears(b"ID3")
        yield
        assert len(upstream.seen) == 1
        other.leave()

    said = ", concurrency: {limit: 1, queue: 1, wait: 30s}"
    scene = Scene(table(upstream.url, said=said), "/v1/audio/speech", speech(), before=one_is_in)
    scene.is_reached = lambda more: more.waiting_for_places == 1
    return scene


async def connecting(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """To somebody whose queue of connections is full: neither refused nor accepted."""
    deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(3):
        knocking = stack.enter_context(socket.socket())
        knocking.setblocking(False)
        knocking.connect_ex(deaf.getsockname())
    scene = Scene(table(f"http://127.0.0.1:{deaf.getsockname()[1]}"), "/v1/audio/speech", speech())
    scene.is_reached = lambda more: more.fds == 3  # the client's connection has two ends here, the vendor's one
    return scene


async def uploading_to_the_vendor(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """It has read the head and some, and then nothing more."""
    ended = asyncio.Event()
    heard = asyncio.Event()
    leaving = asyncio.Event()

    async def hear_little(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await leaving.wait()
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
        writer.close()
        ended.set()

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(hear_little, sock=listener, limit=4096)
    await stack.enter_async_context(server)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    scene = Scene(table(base), "/v1/audio/transcriptions", upload(TOO_MUCH_FOR_BUFFERS), FORM)
    scene.is_reached = lambda _more: heard.is_set()

    def is_over() -> bool:
        leaving.set()  # only who reads notices that the other end has gone
        return ended.is_set()

    scene.is_over = is_over
    return scene


async def waiting_for_the_head(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    return _stuck(upstream, Scene(table(upstream.url), "/v1/audio/speech", speech()))


async def waiting_for_a_transcript(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """The upload still lies in its temporary file."""
    return _stuck(upstream, Scene(table(upstream.url), "/v1/audio/transcriptions", upload(600_000), FORM))


async def keep_alive_comments(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """Nothing has been said yet but that somebody is still there."""
    scene = Scene(table(upstream.url), "/v1/audio/speech", speech(stream_format="sse"), hears=b"\n:")
    return _stuck(upstream, scene)


async def recording_for_the_cache(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """Which nobody else listens to."""
    text = table(upstream.url).replace("    targets:", "    cache: {ttl: 1h}\n    targets:")
    return _stuck(upstream, Scene(text, "/v1/audio/speech", speech()))


def _stuck(upstream: Upstream, scene: Scene, answer: Answer = stall, calls: int = 1) -> Scene:
    vendor = Watched(answer)
    upstream.answers(vendor)
    scene.is_reached = lambda _more: vendor.inside == calls
    scene.is_over = lambda: vendor.inside == 0
    return scene


async def hedging(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """Two vendors are asked, and neither has spoken."""
    one, two = Watched(stall), Watched(stall)
    upstream.answers(one)
    spare.answers(two)
    scene = Scene(table(upstream.url, spare.url, said=", hedge_after: 20ms"), "/v1/audio/speech", speech())
    scene.is_reached = lambda _more: (one.inside, two.inside) == (1, 1)
    scene.is_over = lambda: (one.inside, two.inside) == (0, 0)
    return scene


async def streaming(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    drip = Drip()
    drip.send(b"ID3 first")
    return _stuck(upstream, Scene(table(upstream.url), "/v1/audio/speech", speech(), hears=b"ID3 first"), drip)


async def streaming_more_than_it_reads(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """Every buffer between the vendor and the client is full: the router waits to write."""
    chunks = [b"ID3 first", *[bytes(65_536)] * 1_000]
    scene = Scene(table(upstream.url), "/v1/audio/speech", speech(), hears=b"ID3 first")
    return _stuck(upstream, scene, audio(*chunks))


async def transcoding(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    drip = Drip("audio/pcm")
    drip.send(bytes(96_000))
    text = table(upstream.url, like="elevenlabs", model="eleven_v3")
    body = speech(response_format="flac")
    return _stuck(upstream, Scene(text, "/v1/audio/speech", body, hears=b"fLaC"), drip)


async def with_a_piece_ahead(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """A long text: the first piece is heard, the second is under way."""
    drip = Drip("audio/pcm")
    drip.send(b"\1" * 4_800)
    text = table(upstream.url, like="elevenlabs", model="eleven_v3")
    body = speech(response_format="pcm", input="One sentence of many. " * 400)
    return _stuck(upstream, Scene(text, "/v1/audio/speech", body, hears=b"\1\1"), drip, calls=2)


def _song(upstream: Upstream) -> tuple[str, str, bytes]:
    text = table(upstream.url, like="replicate", model=MODEL)
    return text, "/v1/audio/music", msgspec.json.encode({"model": "m", "input": "A waltz"})


async def polling(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """The job is taken back."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    scene = Scene(*_song(upstream))
    scene.is_reached = lambda _more: jobs.polled > 0
    scene.is_over = lambda: jobs.cancelled == 1
    return scene


async def creating_a_job(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """Its answer is waited for though nobody asks for it any more: what it made is taken back by its name."""
    jobs = Jobs(upstream)
    may_answer = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/predictions"):
            await may_answer.wait()
        return await jobs.answer(request)

    upstream.answers(slow)
    scene = Scene(*_song(upstream))
    scene.is_reached = lambda _more: jobs.created == 1

    def is_over() -> bool:
        may_answer.set()
        return jobs.cancelled == 1

    scene.is_over = is_over
    return scene


async def fetching_a_result(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """There is nothing to take back any more: the download ends."""
    drip = Drip()
    drip.send(b"ID3 first")
    jobs = Jobs(upstream)
    jobs.result = vendor = Watched(drip)
    scene = Scene(*_song(upstream), hears=b"ID3 first")
    scene.is_reached = lambda _more: vendor.inside == 1
    scene.is_over = lambda: vendor.inside == 0
    return scene


async def downloading_what_a_task_has_made(upstream: Upstream, spare: Upstream, stack: AsyncExitStack) -> Scene:
    """The file is closed, and there for the next one who asks."""
    Jobs(upstream, song=b"ID3" + bytes(TOO_MUCH_FOR_BUFFERS))
    text, path, body = _song(upstream)
    scene = Scene(text, "", b"", method="GET", hears=b"ID3")

    @asynccontextmanager
    async def task_is_done(router: Running) -> AsyncIterator[None]:
        asked = msgspec.json.decode(body) | {"background": True}
        async with router.http.post(path, json=asked) as reply:
            scene.path = (await reply.json())["id"]
        scene.path = f"/v1/audio/tasks/{scene.path}"
        async with asyncio.timeout(5):
            while True:
                async with router.http.get(scene.path) as reply:
                    if (await reply.json())["status"] == "done":
                        break
                await asyncio.sleep(0.02)
        scene.path += "/content"
        await router.http.close()  # its kept connection is no part of the census
        yield

    scene.before = task_is_done
    return scene


STAGES: list[Stage] = [
    while_it_uploads,
    queued_for_a_place,
    connecting,
    uploading_to_the_vendor,
    waiting_for_the_head,
    waiting_for_a_transcript,
    keep_alive_comments,
    recording_for_the_cache,
    hedging,
    streaming,
    streaming_more_than_it_reads,
    transcoding,
    with_a_piece_ahead,
    creating_a_job,
    polling,
    fetching_a_result,
    downloading_what_a_task_has_made,
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
async def test_who_leaves_takes_everything_along(
    serve: Serve,
    upstream: Upstream,
    spare: Upstream,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
) -> None:
    """The vendor's call, descriptors, temporary files, asyncio's tasks, places, recordings: all as before."""
    monkeypatch.setattr(streams, "SILENCE_S", 0.05)
    async with AsyncExitStack() as stack:
        scene = await stage(upstream, spare, stack)
        router = await serve(scene.table + f"tasks: {{folder: '{tmp_path}'}}\n")
        if scene.before:
            await stack.enter_async_context(scene.before(router))
        before = await settled(router.house)
        client = await Visitor.of(router)
        stack.callback(client.leave)
        if scene.method == "HALF":
            await client.say(f"POST {scene.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {FORM}\r\n".encode())
            await client.say(b"content-length: 9000000\r\n\r\n" + scene.body)
        else:
            await client.ask(scene.path, scene.body, scene.content_type, scene.method)
        if scene.hears:
            await client.hears(scene.hears)
        await until(lambda: scene.is_reached(more_than(before, census(router.house))))

        client.leave()

        await until(scene.is_over, within_s=1)
        await as_before(router.house, before)
