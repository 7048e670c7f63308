"""How a process ends: asked to, it drains; killed, it leaves nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp

from tests.conftest import KEY, table_of
from tests.fakes import Drip, Upstream
from tests.processes import RouterProcess, router_process

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def table(upstream: Upstream) -> str:
    return table_of(
        {"one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"},
        {"tts-1": ["one/tts-1"], "whisper-1": ["one/whisper-1"]},
    )


async def half_an_upload(router: RouterProcess) -> asyncio.StreamWriter:
    """A client that has sent more than is held in memory, and not all of it."""
    _, writer = await asyncio.open_connection(*router.url.removeprefix("http://").split(":"))
    head = (
        "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2000000\r\n"
        "content-type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
    )
    writer.write(head.encode() + bytes(600_000))
    await writer.drain()
    return writer


async def test_killed_in_the_middle_of_uploads_it_leaves_no_file(upstream: Upstream, tmp_path: Path) -> None:
    """Temporary files have no name from the first byte on, so that nobody has to remove them."""
    async with router_process(table(upstream), tmp_path) as router:
        writers = [await half_an_upload(router) for _ in range(3)]
        async with asyncio.timeout(5):
            while router.holding().unnamed_files < 3:
                await asyncio.sleep(0.01)
        router.process.kill()
        await router.process.wait()

    assert list(router.temporary.iterdir()) == []
    for writer in writers:
        writer.close()


async def test_asked_to_end_it_lets_a_stream_end_whole_and_takes_no_more(upstream: Upstream, tmp_path: Path) -> None:
    """The stream goes on as the vendor speaks, within the grace; who comes now is refused; then it is gone."""
    drip = Drip()
    upstream.answers(drip)
    async with router_process(table(upstream), tmp_path) as router:
        drip.send(b"ID3one ")
        async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
            assert await reply.content.readexactly(7) == b"ID3one "
            router.process.terminate()
            await refused(router)
            drip.send(b"two ")
            assert await reply.content.readexactly(4) == b"two "
            drip.send(b"three")
            drip.end()
            assert await reply.read() == b"three"
        await asyncio.wait_for(router.process.wait(), 5)

    assert not upstream.seen[1:]


async def refused(router: RouterProcess) -> None:
    """Wait until nobody is let in any more: told so, or not even connected. A model that nobody has asks no vendor."""
    async with asyncio.timeout(5), aiohttp.ClientSession() as newcomer:
        while True:
            try:
                async with newcomer.post(f"{router.url}/v1/audio/speech", json=SPEECH | {"model": "nobody"}) as reply:
                    if reply.status == 503:
                        return
                await asyncio.sleep(0.02)
            except aiohttp.ClientConnectorError:
                return
            except aiohttp.ClientError:  # taken in the moment before, and dropped
                await asyncio.sleep(0.02)
