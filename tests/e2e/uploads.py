"""Uploads that a test sends piece by piece, and a vendor that says what it has heard of them by then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web
from msgspec import Struct, field
from multipart import PushMultipartParser

from tests.conftest import Running
from tests.fakes import document

PATH = "/v1/audio/transcriptions"
HELLO = document({"text": "Hello.", "duration": 1.0, "usage": {"type": "duration", "seconds": 1}})


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    return f'--b\r\ncontent-disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


def audio_of(size: int) -> bytes:
    """No two places of it are alike, and every so often something looks like the end of it."""
    return (b"RIFF" + b"".join(b"%07d\r\n--a" % at for at in range(size // 12 + 1)))[:size]


def form(audio: bytes, *, before: bytes = part("model", b"m"), after: bytes = b"", end: bytes = b"--b--\r\n") -> bytes:
    return before + part("file", audio, "a.wav") + after + end


class Heard(Struct):
    """One request as a vendor hears it, while it does. `left`: the router has gone before the end of it."""

    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    is_whole: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def parts(self) -> dict[str, bytes]:
        """Its form, strictly read."""
        boundary = self.headers["content-type"].partition("boundary=")[2]
        found: dict[str, bytes] = {}
        with PushMultipartParser(boundary, strict=True) as parser:
            for event in parser.parse(bytes(self.body)):
                if hasattr(event, "name"):
                    name = event.name
                    found[name] = b""
                elif event:
                    found[name] += event
        return found


Behaviour = Callable[[web.Request, Heard], Awaitable[web.StreamResponse]]


async def listens(request: web.Request, heard: Heard, at_most: int | None = None) -> None:
    """Hear all of it, or at least so many bytes."""
    while at_most is None or len(heard.body) < at_most:
        chunk = await request.content.readany()
        if not chunk:
            heard.is_whole = True
            return
        heard.body += chunk


async def answers(request: web.Request, heard: Heard) -> web.StreamResponse:
    await listens(request, heard)
    return await HELLO(request)


class Vendor(Struct):
    """Each request gets the next behaviour of the script; the last one repeats."""

    url: str
    script: list[Behaviour] = field(default_factory=lambda: [answers])
    heard: list[Heard] = field(default_factory=list)

    def behaves(self, *script: Behaviour) -> None:
        self.script[:] = script

    async def handle(self, request: web.Request) -> web.StreamResponse:
        heard = Heard({name.lower(): value for name, value in request.headers.items()})
        self.heard.append(heard)
        behave = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        try:
            return await behave(request, heard)
        except (asyncio.CancelledError, ConnectionError):
            heard.left.set()
            raise


@asynccontextmanager
async def hearing_vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor("")
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{tail:.*}", vendor.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    vendor.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield vendor
    finally:
        await runner.cleanup()


class Client:
    """One upload on a bare socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def of(cls, router: Running, length: int | None, path: str = PATH) -> Client:
        """Begin a request; without a length its body goes out chunked."""
        reader, writer = await asyncio.open_connection(*router.url.removeprefix("http://").split(":"))
        framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-anything\r\nconnection: close\r\n"
        writer.write(f"{head}content-type: multipart/form-data; boundary=b\r\n{framing}\r\n\r\n".encode())
        return cls(reader, writer)

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def say_chunk(self, data: bytes) -> None:
        await self.say(b"%x\r\n%b\r\n" % (len(data), data))

    async def reply(self) -> tuple[int, bytes]:
        """Status and body, read to the end of the connection."""
        async with asyncio.timeout(20):
            head, _, body = (await self._reader.read(-1)).partition(b"\r\n\r\n")
        self._writer.close()
        await self._writer.wait_closed()
        return int(head.split()[1]), body

    async def text(self) -> str:
        status, body = await self.reply()
        assert status == 200, body
        return msgspec.json.decode(body)["text"]

    def has_reply(self) -> bool:
        return bool(self._reader._buffer)  # nothing else tells without waiting

    def leave(self) -> None:
        self._writer.transport.abort()


async def until(holds: Callable[[], object], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.005)
