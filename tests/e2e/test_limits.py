"""What bounds attempts: places at a target, and the share of calls that may be tried again."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Drip, Upstream, audio, failure

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def table(first: Upstream, second: Upstream | None, said: str, more: str = "") -> str:
    vendors = {"one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}"}
    targets = [f"{{target: one/tts-1, {said}}}" if said else "one/tts-1"]
    if second:
        vendors["two"] = f"{{like: openai, base_url: '{second.url}', api_key: {KEY}}}"
        targets.append("two/tts-1")
    return table_of(vendors, {"tts-1": targets}, more)


async def speak(router: Running) -> tuple[int, str | None, bytes]:
    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        return reply.status, reply.headers.get("x-router-target"), await reply.read()


async def test_more_calls_than_places_go_to_the_next_target(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Without a queue at once; the vendor is not blamed, and its place comes back with the end of the call."""
    drip = Drip()
    upstream.answers(drip, audio(b"again"))
    spare.answers(audio(b"next"))
    router = await serve(table(upstream, spare, "concurrency: {limit: 1, queue: 0}"))

    first = asyncio.create_task(speak(router))
    await asyncio.wait_for(drip.begun.wait(), 5)
    assert await speak(router) == (200, "two/tts-1", b"next")
    assert [one.outcome for one in router.records[0].attempts] == ["full", "ok"]
    drip.send(b"first")
    drip.end()

    assert await first == (200, "one/tts-1", b"first")
    assert await speak(router) == (200, "one/tts-1", b"again")


async def test_some_wait_in_line(serve: Serve, upstream: Upstream) -> None:
    """As many as the queue takes, as long as it says; then it is a 429 that says whose limit it is."""
    drip = Drip()
    upstream.answers(drip, audio(b"second"))
    router = await serve(table(upstream, None, "concurrency: {limit: 1, queue: 1, wait: 5s}"))

    first = asyncio.create_task(speak(router))
    await asyncio.wait_for(drip.begun.wait(), 5)
    second = asyncio.create_task(speak(router))
    await asyncio.sleep(0.1)
    status, _, body = await speak(router)
    assert (status, b"has as many calls as it may have" in body) == (429, True)
    assert len(upstream.seen) == 1
    drip.send(b"first")
    drip.end()

    assert [(await one)[2] for one in (first, second)] == [b"first", b"second"]


async def test_who_leaves_the_line_leaves_it(serve: Serve, upstream: Upstream) -> None:
    """A client that goes away while it waits asks nobody, and takes nobody's place."""
    drip = Drip()
    upstream.answers(drip, audio(b"third"))
    router = await serve(table(upstream, None, "concurrency: {limit: 1, queue: 1, wait: 5s}"))
    first = asyncio.create_task(speak(router))
    await asyncio.wait_for(drip.begun.wait(), 5)

    leaving = asyncio.create_task(speak(router))
    await asyncio.sleep(0.05)
    leaving.cancel()
    async with asyncio.timeout(1):
        while not router.records:
            await asyncio.sleep(0.005)
    third = asyncio.create_task(speak(router))
    await asyncio.sleep(0.05)
    drip.send(b"first")
    drip.end()

    assert (await first)[2] == b"first"
    assert (await third)[2] == b"third"
    assert len(upstream.seen) == 2


async def test_retries_on_the_same_target_are_a_share_of_the_calls(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """A vendor that fails every second time is asked again ten times for nothing, then for one call in ten."""
    upstream.answers(*[failure(408), audio(b"spoken")] * 40, failure(500))
    spare.answers(audio(b"next"))
    router = await serve(table(upstream, spare, "", "defaults: {retries: 1, retry_budget: 0.1}\n"))

    for _ in range(30):
        assert (await speak(router))[0] == 200

    retries = [len([one for one in record.attempts if one.target == "one/tts-1"]) - 1 for record in router.records]
    assert 10 <= sum(retries) <= 10 + 30 * 0.1


async def test_a_vendor_that_does_not_accept_is_left_in_time(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """`connect_timeout`: neither refused nor accepted, as behind a firewall that drops."""
    spare.answers(audio(b"next"))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as waiting:
        for _ in range(3):  # its queue is full then: further calls are not even refused
            knocking = waiting.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(deaf.getsockname())
        upstream.url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        router = await serve(table(upstream, spare, "connect_timeout: 200ms"))

        assert await speak(router) == (200, "two/tts-1", b"next")

    (first, _) = router.records[0].attempts
    assert first.outcome in {"connect", "timeout"}
    assert 150 < first.ms < 5_000
