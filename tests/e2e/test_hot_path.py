"""What a call costs, counted in steps instead of time: a regression is seen on any machine, however busy."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import Counter
from pathlib import Path

from tests.conftest import Running, Serve

OTHERS = (str(Path(__file__).parents[1]), str(Path(asyncio.__file__).parent))
"""The test's own client and vendor, and the streams they are made of."""
WARM, CALLS = 20, 20
A_CALL = 375
"""Python functions that one call of speech runs through, from its head to its event."""
A_CHUNK = 14
"""…and one more chunk of it: from the vendor's socket to the client's."""

TABLE = """\
keys: {bench: {key: sk-bench}}
vendors:
  bench: {like: openai, base_url: "%s/v1", api_key: sk-vendor}
  spare: {like: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-vendor}
routes:
  tts-1:
    targets:
      - {target: bench/tts-1, price: {per_1m_characters: 15}}
      - {target: spare/tts-1, price: {per_1m_characters: 10}}
      - {target: spare/tts-2, price: {per_1m_characters: 30}}
"""
BODY = b'{"model":"tts-1","voice":"alloy","input":"Hello"}'
HEAD = (
    b"POST /v1/audio/speech HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer sk-bench\r\ncontent-length: %d\r\n\r\n" % len(BODY)
)


class Counting:
    """Counts the calls of functions: ours, and those of the libraries that we let work for us."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __enter__(self) -> Counter[str]:
        gc.disable()
        sys.setprofile(self._note)
        return self.seen

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        gc.enable()

    def _note(self, frame, event, _argument) -> None:
        if event == "call" and not frame.f_code.co_filename.startswith(OTHERS):
            self.seen[f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_qualname}"] += 1


class Vendor:
    """Answers each call with so many chunks, the first at once and each other when it is asked for."""

    def __init__(self, chunks: int = 1) -> None:
        self.chunks = chunks
        self.next = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                kind = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n"
                writer.write(kind + b"content-length: %d\r\n\r\n" % (4_096 * self.chunks) + b"x" * 4_096)
                for _ in range(self.chunks - 1):
                    await self.next.wait()
                    self.next.clear()
                    writer.write(b"x" * 4_096)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    async def ask(self, url: str) -> Counter[str]:
        """What one call after the other over one connection takes; each byte that was promised must come."""
        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        with Counting() as seen:
            for _ in range(WARM):
                await self._call(reader, writer)
            seen.clear()
            for _ in range(CALLS):
                await self._call(reader, writer)
            counted = Counter(seen)
        writer.close()
        return counted

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + BODY)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        if b"content-length: %d\r\n" % (4_096 * self.chunks) in head:
            await reader.readexactly(4_096 * self.chunks)
            await asyncio.sleep(0)
            return
        size = 0
        while length := int(await reader.readline(), 16):
            size += len(await reader.readexactly(length))
            await reader.readline()
            self.next.set()
        await reader.readline()
        self.next.clear()
        assert size == 4_096 * self.chunks
        await asyncio.sleep(0)


async def counted(serve: Serve, chunks: int) -> Counter[str]:
    vendor = Vendor(chunks)
    server = await asyncio.start_server(vendor.answer, "127.0.0.1", 0)
    async with server:
        router: Running = await serve(TABLE % f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", key="sk-bench")
        seen = [await vendor.ask(router.url) for _ in range(3)]
        await router.house.close()
        await asyncio.sleep(0.01)
    return min(seen, key=Counter.total)  # the server looks at its clock now and then


async def test_a_call_is_not_more_than_so_many_steps(serve: Serve) -> None:
    """With everything on: key, route of three targets, health, price, metrics, its event."""
    seen = await counted(serve, 1)

    assert seen.total() / CALLS <= A_CALL, seen.most_common(40)


async def test_a_chunk_is_not_more_than_so_many_steps(serve: Serve) -> None:
    """However many there are: nothing is done for each of them but to hand it on."""
    few, many = (await counted(serve, 10)), (await counted(serve, 30))

    assert (many.total() - few.total()) / CALLS / 20 <= A_CHUNK, (many - few).most_common(20)
