"""Text beyond a vendor's limit: spoken piece by piece, heard as one recording."""

from __future__ import annotations

import asyncio
import io
import math
import struct
import wave

import aiohttp
import pytest
from aiohttp import web

from router.routing import judge
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Drip, Upstream, audio, failure

SENTENCES = [f"This is sentence number {number} of a long text." for number in range(400)]
TEXT = " ".join(SENTENCES)
RATE = 24_000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(judge, "BACK_OFF_S", 0.001)


def table(upstream: Upstream, more: str = "", target: str = "one/eleven_v3", like: str = "elevenlabs") -> str:
    vendor = f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": vendor}, {"tts-1": [target]}, more)


async def speak(router: Running, text: str = TEXT, **fields: str) -> bytes:
    body = {"model": "tts-1", "voice": "alloy", "input": text, "response_format": "pcm", **fields}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.read()


def samples(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


async def test_the_pieces_are_the_text(serve: Serve, upstream: Upstream) -> None:
    """Each is within the vendor's limit and ends with a sentence; together they are the text, in order."""
    upstream.answers(audio(samples(1), content_type="audio/pcm"))
    router = await serve(table(upstream))

    await speak(router)

    texts = [seen.json["text"] for seen in upstream.seen]
    assert " ".join(texts) == TEXT
    assert len(texts) == math.ceil(len(TEXT) / 3_000)
    assert all(len(text) <= 3_000 and text.endswith(".") for text in texts)


async def test_samples_are_joined_without_a_seam(serve: Serve, upstream: Upstream) -> None:
    """Pcm goes through as it came, one piece after the other; half a sample at the end of one shifts nothing."""
    upstream.answers(
        audio(samples(1, 2), samples(3) + b"\x7f", content_type="audio/pcm"),
        audio(samples(4)[:1], samples(4)[1:], samples(5), content_type="audio/pcm"),
    )
    router = await serve(table(upstream))

    assert await speak(router, TEXT[:5_000]) == samples(1, 2, 3, 4, 5)


async def test_one_recording_comes_of_many(serve: Serve, upstream: Upstream) -> None:
    """A format with a header has it once, and every sample of every piece is in it."""
    tone = [round(8_000 * math.sin(2 * math.pi * 440 * index / RATE)) for index in range(2 * RATE)]
    upstream.answers(
        audio(samples(*tone[:RATE]), content_type="audio/pcm"), audio(samples(*tone[RATE:]), content_type="audio/pcm")
    )
    router = await serve(table(upstream))

    body = await speak(router, TEXT[:5_000], response_format="wav")

    with wave.open(io.BytesIO(body)) as recording:
        assert recording.getframerate() == RATE
    assert body.count(b"RIFF") == 1
    assert body.endswith(samples(*tone))


async def test_a_vendor_is_asked_for_samples_where_pieces_are_joined(serve: Serve, upstream: Upstream) -> None:
    """Mp3 that the vendor has itself is taken as it is for a short text, and made here of samples for a long one."""
    upstream.answers(audio(samples(*range(5_000)), content_type="audio/pcm"))
    router = await serve(table(upstream))

    body = await speak(router, TEXT[:5_000], response_format="mp3")

    assert {seen.query["output_format"] for seen in upstream.seen} == {"pcm_24000"}
    assert body[:2] in (b"\xff\xf3", b"\xff\xfb")


async def test_a_piece_is_asked_for_while_the_one_before_streams(serve: Serve, upstream: Upstream) -> None:
    """The second request is there before the first answer has ended, and the third is not before the second's turn."""
    first, second, third = Drip("audio/pcm"), Drip("audio/pcm"), Drip("audio/pcm")
    upstream.answers(first, second, third)
    router = await serve(table(upstream))
    first.send(samples(1))

    body = {"model": "tts-1", "voice": "alloy", "input": TEXT[:8_000], "response_format": "pcm"}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        heard = [await reply.content.readexactly(2)]
        await asyncio.wait_for(second.begun.wait(), 5)
        assert not third.begun.is_set()
        second.send(samples(2))
        first.end()
        heard.append(await reply.content.readexactly(2))
        await asyncio.wait_for(third.begun.wait(), 5)
        third.send(samples(3))
        second.end()
        third.end()
        heard.append(await reply.content.read())

    assert heard == [samples(1), samples(2), samples(3)]
    record = await router.record()
    assert record.outcome == "ok"


@pytest.mark.parametrize(
    "trouble", [audio(content_type="audio/pcm"), failure(503), failure(429, **{"retry-after-ms": "10"})]
)
async def test_a_later_piece_is_tried_again_at_the_same_vendor(
    serve: Serve, upstream: Upstream, spare: Upstream, trouble: Answer
) -> None:
    """The client hears nothing of it, nobody else is asked, and the event tells it."""
    upstream.answers(audio(samples(1), content_type="audio/pcm"), trouble, audio(samples(2), content_type="audio/pcm"))
    vendors = {
        name: f"{{like: elevenlabs, base_url: '{one.url}', api_key: {KEY}}}"
        for name, one in {"one": upstream, "two": spare}.items()
    }
    router = await serve(table_of(vendors, {"tts-1": ["one/eleven_v3", "two/eleven_v3"]}))

    assert await speak(router, TEXT[:5_000]) == samples(1, 2)
    record = await router.record()
    assert [attempt.outcome == "ok" for attempt in record.attempts] == [True, False]
    assert not spare.seen


@pytest.mark.parametrize("trouble", [failure(400), failure(500)])
async def test_a_piece_that_fails_for_good_breaks_the_transfer(
    serve: Serve, upstream: Upstream, spare: Upstream, trouble: Answer
) -> None:
    """Half a recording never looks like a whole one, and no other vendor takes over with another voice."""
    upstream.answers(audio(samples(1), content_type="audio/pcm"), trouble)
    vendors = {
        name: f"{{like: elevenlabs, base_url: '{one.url}', api_key: {KEY}}}"
        for name, one in {"one": upstream, "two": spare}.items()
    }
    router = await serve(table_of(vendors, {"tts-1": ["one/eleven_v3", "two/eleven_v3"]}))

    with pytest.raises(aiohttp.ClientPayloadError):
        await speak(router, TEXT[:5_000])
    record = await router.record()
    assert record.outcome == "interrupted"
    assert not spare.seen


async def test_a_vendor_that_takes_one_call_at_a_time_speaks_it_all(serve: Serve, upstream: Upstream) -> None:
    """The piece ahead is refused until the one before has ended; then it is had, and the target is not made to rest."""
    speaking = 0

    async def one_at_a_time(request: web.Request) -> web.StreamResponse:
        nonlocal speaking
        if speaking:
            return await failure(429)(request)
        speaking += 1
        try:
            await asyncio.sleep(0.05)
            return await audio(samples(1), content_type="audio/pcm")(request)
        finally:
            speaking -= 1

    upstream.answers(one_at_a_time)
    router = await serve(table(upstream))

    assert await speak(router, TEXT[:8_000]) == samples(1, 1, 1)
    assert await speak(router, "Short.") == samples(1)


async def test_a_piece_does_not_wait_at_the_vendors_end(serve: Serve, upstream: Upstream) -> None:
    """What comes ahead is read at once, so that no vendor has to hold it while the client hears the piece before."""
    first, second = Drip("audio/pcm"), audio(bytes(4 * 2**20), content_type="audio/pcm")
    done = asyncio.Event()

    async def told(request: web.Request) -> web.StreamResponse:
        response = await second(request)
        done.set()
        return response

    upstream.answers(first, told)
    router = await serve(table(upstream))
    first.send(samples(1))

    body = {"model": "tts-1", "voice": "alloy", "input": TEXT[:5_000], "response_format": "pcm"}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        await reply.content.readexactly(2)
        await asyncio.wait_for(done.wait(), 5)
        first.end()
        rest = await reply.content.read()

    assert rest == bytes(4 * 2**20)


async def test_a_client_that_leaves_ends_both_pieces(serve: Serve, upstream: Upstream) -> None:
    """The one that streams and the one that was asked for ahead."""
    first, second = Drip("audio/pcm"), Drip("audio/pcm")
    upstream.answers(first, second)
    router = await serve(table(upstream))
    first.send(samples(1))

    body = {"model": "tts-1", "voice": "alloy", "input": TEXT[:5_000], "response_format": "pcm"}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        await reply.content.readexactly(2)
        await asyncio.wait_for(second.begun.wait(), 5)
        reply.close()

    await asyncio.wait_for(asyncio.gather(first.left.wait(), second.left.wait()), 5)
    record = await router.record()
    assert record.outcome == "client left"


async def test_what_each_piece_cost_is_added_up(serve: Serve, upstream: Upstream) -> None:
    """The event has the units of all pieces together."""
    upstream.answers(audio(samples(1), content_type="audio/pcm", **{"character-cost": "100"}))
    router = await serve(table(upstream))

    await speak(router, TEXT[:5_000])

    record = await router.record()
    assert {unit.value: amount for unit, amount in record.units.items()} == {"credits": 200.0}


async def test_a_long_text_falls_back_before_its_first_byte(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The next vendor splits by its own limit."""
    upstream.answers(failure(503))
    spare.answers(audio(samples(7), content_type="audio/pcm"))
    table = table_of(
        {
            "one": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}",
            "two": f"{{like: elevenlabs, base_url: '{spare.url}', api_key: {KEY}}}",
        },
        {"tts-1": ["one/eleven_v3", "two/eleven_multilingual_v2"]},
    )
    router = await serve(table)

    assert await speak(router) == samples(7, 7)
    assert len(upstream.seen) == 1


async def test_the_whole_text_is_bounded(serve: Serve, upstream: Upstream) -> None:
    """`max_input` characters and one more: 400, and no vendor hears of it."""
    router = await serve(table(upstream, "server: {max_input: 5000}\n"))

    async with router.http.post(
        "/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "a" * 5_001}
    ) as reply:
        error = (await reply.json())["error"]

    assert (reply.status, error["param"], error["code"]) == (400, "input", "string_above_max_length")
    assert not upstream.seen


async def test_events_of_a_long_text_are_one_stream(serve: Serve, upstream: Upstream) -> None:
    """Many requests, one `speech.audio.done`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=samples(1), content_type="audio/pcm")

    upstream.answers(answer)
    router = await serve(table(upstream))

    body = await speak(router, TEXT[:8_000], stream_format="sse")

    assert body.count(b"speech.audio.delta") == 3
    assert body.count(b"speech.audio.done") == 1
    assert b'"input_characters":8000' in body
