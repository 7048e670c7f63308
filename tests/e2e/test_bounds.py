"""What is bounded, of clients and of vendors; beyond a bound a call is refused or cut, and never waits."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from router.api.exchange import Exchange
from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.jobs import MODEL, Jobs, entry
from tests.fakes import Answer, Drip, Upstream, audio, document, plain

SPEECH = {"model": "m", "voice": "alloy", "input": "Hello"}
HEAD = b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n"
HOLD_S = 5  # for what would hang: never waited for when all is well


def table(first: Upstream, said: str, second: Upstream | None = None, kind: str = "tts-1") -> str:
    vendors = {"one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}"}
    if second:
        vendors["two"] = f"{{like: openai, base_url: '{second.url}', api_key: {KEY}}}"
    return table_of(vendors, {"m": [f"{name}/{kind}" for name in vendors]}, f"server: {{{said}}}\n")


async def speak(router: Running, **fields: Any) -> tuple[int, bytes]:
    async with router.http.post("/v1/audio/speech", json={**SPEECH, **fields}) as reply:
        return reply.status, await reply.read()


async def answered(router: Running, sent: bytes) -> tuple[bytes, bytes]:
    """What is answered to these bytes alone: the head in lower case, and the body."""
    host, port = router.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(HOLD_S):
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
    writer.close()
    return head, body


# ------------------------------------------------------------------ calls at once


async def test_more_calls_than_are_taken_are_refused_at_once(serve: Serve, upstream: Upstream) -> None:
    """In the envelope, with a time to come again, and before anything of the body is there to be read."""
    drip = Drip()
    upstream.answers(drip, audio(b"next"))
    router = await serve(table(upstream, "max_calls: 1"))
    first = asyncio.create_task(speak(router))
    await asyncio.wait_for(drip.begun.wait(), HOLD_S)

    head, body = await answered(router, HEAD)

    assert head.startswith(b"http/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in head
    error = msgspec.json.decode(body)["error"]
    assert (error["code"], error["type"], error["param"]) == ("too_many_calls", "server_error", None)
    assert (router.records[-1].outcome, router.records[-1].status) == ("refused", 503)
    drip.send(b"first")
    drip.end()
    assert await first == (200, b"first")
    assert await speak(router) == (200, b"next")
    assert len(upstream.seen) == 2


async def test_a_place_comes_back_however_a_call_ends(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, failed, cut off, left in the middle, or sent too slowly."""
    monkeypatch.setitem(Exchange.__init__.__kwdefaults__, "body_idle_s", 0.1)
    drip = Drip()
    breaking = Drip()
    breaking.send(b"half")
    breaking.send(b"abort")
    upstream.answers(plain(b"no", "text/plain", 500), breaking, drip, audio(b"in the end"))
    router = await serve(table(upstream, "max_calls: 1"))

    assert (await speak(router, input=""))[0] == 400
    assert (await speak(router))[0] == 502
    with pytest.raises(aiohttp.ClientPayloadError):
        await speak(router)
    leaving = asyncio.create_task(speak(router))
    await asyncio.wait_for(drip.begun.wait(), HOLD_S)
    leaving.cancel()
    await asyncio.wait_for(drip.left.wait(), HOLD_S)
    await asyncio.sleep(0.05)
    assert (await answered(router, HEAD))[0].startswith(b"http/1.1 408 ")

    assert await speak(router) == (200, b"in the end")


async def test_who_has_no_key_learns_nothing_of_it(serve: Serve, upstream: Upstream) -> None:
    """And takes no place: strangers cannot keep others out."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(table(upstream, "max_calls: 1") + "keys: {ann: {key: sk-ann}}\n", key="sk-ann")
    assert (await answered(router, HEAD))[0].startswith(b"http/1.1 401 ")
    known = HEAD.replace(b"host:", b"authorization: Bearer sk-ann\r\nhost:")
    host, port = router.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(known)  # and nothing of its body
    await asyncio.sleep(0.05)

    assert (await answered(router, HEAD))[0].startswith(b"http/1.1 401 ")
    assert (await answered(router, known))[0].startswith(b"http/1.1 503 ")
    writer.close()


async def test_what_runs_in_the_background_takes_no_place(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """Tasks have bounds of their own."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    bounds = f"server: {{max_calls: 1}}\ntasks: {{folder: '{tmp_path}'}}\n"
    router = await serve(table_of({"rep": entry(upstream)}, {"m": [f"rep/{MODEL}"]}, bounds))
    asked = {"model": "m", "input": "A waltz", "background": True}
    for _ in range(3):
        async with router.http.post("/v1/audio/music", json=asked) as reply:
            assert reply.status == 202
    jobs.gate.set()


# ------------------------------------------------------------------ what a client sends


@pytest.mark.parametrize("max_parts", [3, 4])
async def test_a_form_has_as_many_parts_as_the_table_says(serve: Serve, upstream: Upstream, max_parts: int) -> None:
    """`max_parts`: one more is a 413."""
    upstream.answers(document({"text": "hello"}))
    router = await serve(table(upstream, f"max_parts: {max_parts}", kind="whisper-1"))
    form = aiohttp.FormData({"model": "m", "prompt": "p", "temperature": "0"})
    form.add_field("file", b"RIFF", filename="a.wav")

    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert reply.status == (200 if max_parts == 4 else 413)


# ------------------------------------------------------------------ what a vendor sends


def pouring(chunk: bytes, content_type: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        with suppress(ConnectionError, aiohttp.ClientError):  # it is left
            while True:
                await response.write(chunk)
        return response

    return answer


async def test_a_vendor_that_pours_for_ever_is_cut(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """After the commit, and so as any other vendor that fails then: the transfer breaks, and no other one speaks."""
    upstream.answers(pouring(b"\xff" * 10_000, "audio/mpeg"))
    router = await serve(table(upstream, "max_reply: 100KB", spare))
    received = bytearray()

    with pytest.raises(aiohttp.ClientPayloadError):
        async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
            async for chunk in reply.content.iter_any():
                received += chunk

    assert 0 < len(received) <= 100 * 1024
    assert ((await router.record()).outcome, spare.seen) == ("interrupted", [])


async def test_who_listens_to_events_is_told_of_it(serve: Serve, upstream: Upstream) -> None:
    """An error event, and no end."""
    upstream.answers(pouring(b"\xff" * 10_000, "audio/mpeg"))
    router = await serve(table(upstream, "max_reply: 100KB"))
    _, body = await speak(router, stream_format="sse")

    assert body.rpartition(b"data: ")[2].startswith(b'{"error":')
    assert b"speech.audio.done" not in body


async def test_a_document_without_end_is_left(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Before the commit: the next vendor is asked."""
    upstream.answers(pouring(b" " * 10_000, "application/json"))
    spare.answers(document({"text": "hello"}))
    router = await serve(table(upstream, "max_document: 100KB", spare, kind="whisper-1"))
    form = aiohttp.FormData({"model": "m"})
    form.add_field("file", b"RIFF", filename="a.wav")

    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert (reply.status, await reply.json()) == (200, {"text": "hello"})

    (first, _) = (await router.record()).attempts
    assert (first.outcome, "more than 102,400 bytes" in (first.message or "")) == ("garbled", True)


async def test_a_result_in_our_own_network_is_not_fetched(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that the table allows, whose name leads to this machine when it comes to it."""
    look_up, asked = socket.getaddrinfo, []

    def rebound(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host == "cdn.acme.test":
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return look_up(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    jobs = Jobs(upstream)
    monkeypatch.setattr(jobs, "_told", _at("https://cdn.acme.test/song.mp3", jobs._told))
    allowed = entry(upstream).replace("{", "{result_hosts: [cdn.acme.test], ", 1)
    router = await serve(table_of({"rep": allowed}, {"m": [f"rep/{MODEL}"]}))

    async with router.http.post("/v1/audio/music", json={"model": "m", "input": "A waltz"}) as reply:
        assert reply.status == 502

    (attempt,) = (await router.record()).attempts
    assert (attempt.outcome, "not public" in (attempt.message or "")) == ("garbled", True)
    assert asked == ["cdn.acme.test"]


def _at(url: str, told: Any) -> Any:
    def elsewhere(state: str) -> dict[str, Any]:
        job: dict[str, Any] = told(state)
        return {**job, "output": job["output"] and url}

    return elsewhere
