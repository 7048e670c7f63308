"""A late target, a second one beside it: the first to speak is kept, the other ended, both accounted for."""

from __future__ import annotations

import asyncio

import pytest

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Drip, Upstream, audio, document, failure, stall

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def table(first: Upstream, second: Upstream, more: str = "", times: str = "hedge_after: 50ms") -> str:
    """Five characters cost 5 dollars at the first and 10 at the second."""
    return table_of(
        {
            "one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}",
            "two": f"{{like: openai, base_url: '{second.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": [
                f"{{target: one/tts-1, {times}, price: {{per_1m_characters: 1000000}}}}",
                "{target: two/tts-1, price: {per_request: 10}}",
            ]
        },
        more,
    )


async def speak(router: Running) -> tuple[int, str, str, bytes]:
    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        headers = reply.headers
        return reply.status, headers.get("x-router-target", ""), headers["x-router-attempts"], await reply.read()


def outcomes(router: Running) -> list[tuple[str, str]]:
    """By target: who has won is told before the other one has ended."""
    return sorted((attempt.target, attempt.outcome) for attempt in router.records[-1].attempts)


async def test_who_is_late_is_overtaken(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The client hears the second; the first one's call is ended, and what it may cost is counted."""
    slow = Drip()
    upstream.answers(slow)
    spare.answers(audio(b"quick"))
    router = await serve(table(upstream, spare))

    assert await speak(router) == (200, "two/tts-1", "2", b"quick")
    await asyncio.wait_for(slow.left.wait(), 1)
    record = await router.record()
    assert outcomes(router) == [("one/tts-1", "cancelled"), ("two/tts-1", "ok")]
    assert [attempt.cost_usd for attempt in record.attempts] == [None, 5.0]
    assert (record.cost_usd, record.cost_basis) == (15.0, "estimated")


async def test_the_first_may_still_win(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Late, but earlier than the second: that one is ended then."""
    slow, slower = Drip(), Drip()
    upstream.answers(slow)
    spare.answers(slower)
    router = await serve(table(upstream, spare))

    speaking = asyncio.create_task(speak(router))
    await asyncio.wait_for(slower.begun.wait(), 5)
    slow.send(b"first")
    slow.end()

    assert await speaking == (200, "one/tts-1", "2", b"first")
    await asyncio.wait_for(slower.left.wait(), 1)
    assert outcomes(router) == [("one/tts-1", "ok"), ("two/tts-1", "cancelled")]


async def test_who_is_in_time_is_alone(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The second vendor is not asked."""
    upstream.answers(audio(b"in time"))
    router = await serve(table(upstream, spare, times="hedge_after: 5s"))

    assert await speak(router) == (200, "one/tts-1", "1", b"in time")
    assert spare.seen == []


@pytest.mark.parametrize("second", [failure(500), failure(429)])
async def test_a_hedge_that_fails_leaves_the_call_to_the_first(
    serve: Serve, upstream: Upstream, spare: Upstream, second: Answer
) -> None:
    """The late one is waited for as long as its own times allow."""
    slow = Drip()
    upstream.answers(slow)
    spare.answers(second)
    router = await serve(table(upstream, spare))

    speaking = asyncio.create_task(speak(router))
    async with asyncio.timeout(5):
        while not spare.seen:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    slow.send(b"at last")
    slow.end()

    assert await speaking == (200, "one/tts-1", "2", b"at last")


async def test_when_both_fail_the_client_is_told(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Once, with both named."""
    upstream.answers(stall)
    spare.answers(failure(500))
    router = await serve(table(upstream, spare, times="hedge_after: 20ms, first_byte_timeout: 200ms"))

    status, _, attempts, body = await speak(router)

    assert (status, attempts) == (502, "2")
    assert b"two/tts-1: failed" in body
    assert b"one/tts-1: did not answer in time" in body


async def test_a_client_that_leaves_ends_both(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Within a second, at both vendors."""
    slow, slower = Drip(), Drip()
    upstream.answers(slow)
    spare.answers(slower)
    router = await serve(table(upstream, spare))

    speaking = asyncio.create_task(speak(router))
    await asyncio.wait_for(slower.begun.wait(), 5)
    speaking.cancel()

    await asyncio.wait_for(asyncio.gather(slow.left.wait(), slower.left.wait()), 1)
    record = await router.record()
    assert record.outcome == "client left"
    assert sorted(outcome for _, outcome in outcomes(router)) == ["cancelled", "cancelled"]


async def test_hedges_are_a_share_of_the_calls(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A vendor that is late every time is hedged ten times, and then seldom: its load does not double."""
    upstream.answers(stall)
    spare.answers(audio(b"quick"))
    times = "hedge_after: 5ms, first_byte_timeout: 100ms"
    router = await serve(table(upstream, spare, "defaults: {retry_budget: 0.1}", times))

    for _ in range(14):
        await speak(router)

    records = router.records
    hedged = [any(attempt.outcome == "cancelled" for attempt in record.attempts) for record in records]
    assert hedged[:10] == [True] * 10
    assert sum(hedged) <= 11


async def test_transcripts_are_hedged_too(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Both read the same upload at once."""
    upstream.answers(stall)
    spare.answers(document({"text": "hello"}))
    text = table(upstream, spare).replace("tts-1", "whisper-1")
    router = await serve(text)

    heard = await router.client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"RIFF" + bytes(100_000)))

    assert heard.text == "hello"
    assert all(b"RIFF" + bytes(100_000) in vendor.seen[0].body for vendor in (upstream, spare))
