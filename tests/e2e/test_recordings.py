"""Speech that a route keeps: the same call again comes from memory, twins share a synthesis, keys share nothing."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import aiohttp
import msgspec
import pytest

from router.wire.audio import PCM
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Drip, Upstream, audio, failure, stall
from tests.media.sounds import clip

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def table(first: Upstream, second: Upstream | None = None, cache: str = "{ttl: 1h}", more: str = "") -> str:
    vendors = {"one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}"}
    targets = ["one/tts-1"]
    if second:
        vendors["two"] = f"{{like: openai, base_url: '{second.url}', api_key: {KEY}}}"
        targets.append("two/tts-1")
    text = table_of(vendors, {"tts-1": targets}, more)
    return text.replace("  tts-1:\n", f"  tts-1:\n    cache: {cache}\n")


async def speak(router: Running, key: str = "", **fields: Any) -> tuple[str | None, bytes]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with router.http.post("/v1/audio/speech", json={**SPEECH, **fields}, headers=headers) as reply:
        body = await reply.read()
        assert reply.status == 200, body
        return reply.headers.get("x-router-cache"), body


async def test_the_same_call_is_answered_from_memory(serve: Serve, upstream: Upstream) -> None:
    """A hit asks nobody and costs nothing; other words, voices, formats and parameters are other calls."""
    upstream.answers(audio(b"ID3spoken"))
    router = await serve(table(upstream))

    assert await speak(router) == ("miss", b"ID3spoken")
    assert await speak(router) == ("hit", b"ID3spoken")
    record = await router.record()
    assert (record.attempts, record.target, record.cost_usd, record.cache) == ([], "one/tts-1", 0.0, "hit")
    for other in ({"input": "Bye"}, {"voice": "nova"}, {"speed": 1.5}, {"seed": 7}, {"response_format": "pcm"}):
        upstream.answers(audio(clip(PCM, 0.1)))
        assert (await speak(router, **other))[0] == "miss"
    assert len(upstream.seen) == 6


async def test_a_route_that_keeps_nothing_says_nothing(serve: Serve, upstream: Upstream) -> None:
    """No header, and every call is asked for."""
    upstream.answers(audio(b"spoken"))
    router = await serve(table(upstream).replace("    cache: {ttl: 1h}\n", ""))

    assert [await speak(router) for _ in range(2)] == [(None, b"spoken")] * 2
    assert len(upstream.seen) == 2


async def test_a_hit_is_a_stream_of_events_where_one_is_asked_for(serve: Serve, upstream: Upstream) -> None:
    """Kept as bytes, told as the client wants them; a transcoded one as it went out."""
    sound = clip(PCM, 0.2)
    upstream.answers(audio(sound, content_type="audio/pcm"))
    router = await serve(table(upstream))
    await speak(router, response_format="wav")

    fields = {**SPEECH, "response_format": "wav", "stream_format": "sse"}
    async with router.http.post("/v1/audio/speech", json=fields) as reply:
        lines = [line async for line in reply.content]

    events = [msgspec.json.decode(line[6:]) for line in lines if line.startswith(b"data: ")]
    heard = b"".join(base64.b64decode(event["audio"]) for event in events if event["type"] == "speech.audio.delta")
    assert (await speak(router, response_format="wav")) == ("hit", heard)


async def test_twins_share_one_synthesis(serve: Serve, upstream: Upstream) -> None:
    """Simultaneous calls: one request at the vendor, the same bytes for all, paid once."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(table(upstream).replace("one/tts-1", "{target: one/tts-1, price: {per_request: 3}}"))

    twins = [asyncio.create_task(speak(router)) for _ in range(5)]
    await asyncio.wait_for(drip.begun.wait(), 5)
    drip.send(b"ID3one")
    await asyncio.sleep(0.05)
    drip.send(b"two")
    drip.end()

    heard = await asyncio.gather(*twins)
    assert {body for _, body in heard} == {b"ID3onetwo"}
    assert sorted(how or "" for how, _ in heard) == ["joined"] * 4 + ["miss"]
    assert len(upstream.seen) == 1
    async with asyncio.timeout(5):
        while len(router.records) < 5:
            await asyncio.sleep(0.005)
    assert sorted(record.cost_usd or 0 for record in router.records) == [0, 0, 0, 0, 3]


async def test_the_vendors_call_ends_with_the_last_listener(serve: Serve, upstream: Upstream) -> None:
    """Not with the one who began it."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(table(upstream))
    first = asyncio.create_task(speak(router))
    await asyncio.wait_for(drip.begun.wait(), 5)
    second = asyncio.create_task(speak(router))
    await asyncio.sleep(0.05)

    first.cancel()
    drip.send(b"ID3one")
    await asyncio.sleep(0.05)
    assert not drip.left.is_set()
    second.cancel()

    await asyncio.wait_for(drip.left.wait(), 1)


async def test_a_starter_that_leaves_before_the_vendor_is_reached_ends_nothing(
    serve: Serve, upstream: Upstream
) -> None:
    """At whatever moment: its twin hears everything."""
    upstream.answers(audio(b"ID3spoken"))
    router = await serve(table(upstream, cache="{ttl: 1h, shared: true}"))
    for turns in range(12):
        first = asyncio.create_task(speak(router, input=f"Hello {turns}"))
        await asyncio.sleep(0.001 * turns / 4)
        second = asyncio.create_task(speak(router, input=f"Hello {turns}"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second)[1] == b"ID3spoken"


async def test_what_breaks_off_is_not_kept(serve: Serve, upstream: Upstream) -> None:
    """The client hears of it, and the next call is asked for anew."""
    drip = Drip()
    upstream.answers(drip, audio(b"ID3whole"))
    router = await serve(table(upstream))

    drip.send(b"ID3ha")
    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        assert await reply.content.read(5) == b"ID3ha"
        drip.abort()
        with pytest.raises(aiohttp.ClientError):
            await reply.read()

    assert await speak(router) == ("miss", b"ID3whole")


async def test_a_failure_moves_every_twin_on(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """To the next target, where they are twins again; it is held against the vendor once."""
    upstream.answers(failure(500))
    spare.answers(audio(b"ID3other"))
    router = await serve(table(upstream, spare))

    heard = await asyncio.gather(*(speak(router) for _ in range(8)))

    assert {body for _, body in heard} == {b"ID3other"}
    assert len(spare.seen) == 1
    assert sum(one.outcome == "failed" for record in router.records for one in record.attempts) == 8
    assert len(upstream.seen) == 1


async def test_a_silent_vendor_is_left_for_the_next(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The times of an attempt hold for what is to be kept as for everything."""
    upstream.answers(stall)
    spare.answers(audio(b"ID3other"))
    text = table(upstream, spare).replace("- one/tts-1", "- {target: one/tts-1, first_byte_timeout: 100ms}")
    router = await serve(text)

    assert await speak(router) == ("miss", b"ID3other")
    record = await router.record()
    assert [attempt.outcome for attempt in record.attempts] == ["timeout", "ok"]


KEYS = "keys: {ann: {key: sk-ann}, bob: {key: sk-bob}}\n"


async def test_each_key_has_recordings_of_its_own(serve: Serve, upstream: Upstream) -> None:
    """What one client had said nobody else can find out, unless the route says `shared`."""
    upstream.answers(audio(b"ID3spoken"))
    own = await serve(table(upstream, more=KEYS), key="sk-ann")
    shared = await serve(table(upstream, cache="{ttl: 1h, shared: true}", more=KEYS), key="sk-ann")

    assert [(await speak(own, key))[0] for key in ("sk-ann", "sk-bob", "sk-bob")] == ["miss", "miss", "hit"]
    assert [(await speak(shared, key))[0] for key in ("sk-ann", "sk-bob")] == ["miss", "hit"]


async def test_recordings_are_bounded_in_bytes(serve: Serve, upstream: Upstream) -> None:
    """`server.max_cache`: a quarter of it at most for one, and all together no more."""
    upstream.answers(audio(b"ID3" + bytes(300)))
    router = await serve(table(upstream, more="server: {max_cache: 1KB}\n"))
    assert [(await speak(router))[0] for _ in range(2)] == ["miss", "miss"]

    upstream.answers(audio(b"ID3" + bytes(200)))
    for number in range(8):
        await speak(router, input=f"Text {number}")

    assert router.house.store.size_bytes <= 1024
    assert (await speak(router, input="Text 7"))[0] == "hit"
