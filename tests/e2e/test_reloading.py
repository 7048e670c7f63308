"""A new table while calls are under way: they keep theirs, the next call has the new one."""

from __future__ import annotations

from router.app import compiled
from router.config import parse
from tests.conftest import KEY, Serve, table_of
from tests.fakes import Drip, Upstream, audio, failure

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def table(upstream: Upstream, key: str = KEY) -> str:
    return table_of({"one": f"{{like: openai, base_url: '{upstream.url}', api_key: {key}}}"}, {"tts-1": ["one/tts-1"]})


async def test_calls_under_way_keep_their_table(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A call in the middle of its stream ends as it began; the next one goes to the new vendor."""
    drip = Drip()
    upstream.answers(drip)
    spare.answers(audio(b"new"))
    router = await serve(table(upstream))
    drip.send(b"ID3old")

    async with router.http.post("/v1/audio/speech", json=SPEECH) as first:
        router.house.adopt(compiled(parse(table(spare), "routes.yaml", {})))
        async with router.http.post("/v1/audio/speech", json=SPEECH) as second:
            assert await second.read() == b"new"
        drip.send(b"er")
        drip.end()
        assert await first.read() == b"ID3older"


async def test_a_vendor_that_refused_our_key_is_asked_again(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A refused key rests a vendor for ten minutes, or until the table is read again: it may hold another."""
    text = table_of(
        {
            "one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}",
            "two": f"{{like: openai, base_url: '{spare.url}', api_key: {KEY}}}",
        },
        {"tts-1": ["one/tts-1", "two/tts-1"]},
    )
    upstream.answers(failure(401), audio(b"one"))
    spare.answers(audio(b"two"))
    router = await serve(text)

    async def speak() -> bytes:
        async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
            return await reply.read()

    assert [await speak(), await speak()] == [b"two", b"two"]
    router.house.adopt(compiled(parse(text, "routes.yaml", {})))
    assert await speak() == b"one"


async def test_the_documentation_follows(serve: Serve, upstream: Upstream) -> None:
    """Its limits are those of the moment."""
    router = await serve(table(upstream))

    async def largest() -> int:
        async with router.http.get("/openapi.json") as reply:
            document = await reply.json()
        return document["components"]["schemas"]["SpeechBody"]["properties"]["input"]["maxLength"]

    assert await largest() == 100_000
    router.house.adopt(compiled(parse(table(upstream) + "server: {max_input: 7}\n", "routes.yaml", {})))
    assert await largest() == 7
