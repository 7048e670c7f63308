"""The failure table on sockets: each row for speech and for uploads, voice, model and format swapped per target."""

from __future__ import annotations

import asyncio
import io
import socket
from typing import Any

import aiohttp
import pytest

from router.routing.health import FAILURES_TO_REST
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Drip, Upstream, audio, document, failure, plain, reset, stall

SPEECH = {"model": "tts-1", "voice": "nova", "input": "Hello"}
WAV = b"RIFF" + bytes(range(256)) * 4_000  # about a megabyte: it goes through a temporary file
HEARD = document({"text": "hello"})
HEARD_BY_DEEPGRAM = document(
    {"metadata": {"duration": 1.5}, "results": {"channels": [{"alternatives": [{"transcript": "hello", "words": []}]}]}}
)


def two_vendors(first: Upstream, second: Upstream, more: str = "", times: str = "") -> str:
    """OpenAI's wire first, then ElevenLabs to speak and Deepgram to listen."""
    extra = f", {times}" if times else ""
    return table_of(
        {
            "one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}",
            "two": f"{{like: elevenlabs, base_url: '{second.url}', api_key: {KEY}}}",
            "three": f"{{like: deepgram, base_url: '{second.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": [f"{{target: one/tts-1{extra}}}", "two/eleven_v3"],
            "whisper-1": [f"{{target: one/whisper-1{extra}}}", "three/nova-3"],
        },
        more,
    )


async def speak(router: Running) -> tuple[int, Any, Any]:
    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        return reply.status, reply.headers, await reply.read()


async def listen(router: Running, **fields: str) -> tuple[int, Any, Any]:
    form = aiohttp.FormData({"model": "whisper-1", **fields})
    form.add_field("file", io.BytesIO(WAV), filename="a.wav", content_type="audio/wav")
    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        return reply.status, reply.headers, await reply.read()


ROWS: dict[str, tuple[Answer, str]] = {
    "reset before an answer": (reset, "connect"),
    "timeout of the attempt": (stall, "timeout"),
    "garbled": (plain(b"<html>", "application/json"), "garbled"),
    "empty": (plain(b"", "audio/mpeg"), "garbled"),
    "a page": (plain(b"<html>log in", "text/html"), "garbled"),
    "JSON in disguise": (plain(b'{"text":7}', "application/octet-stream"), "garbled"),
    "JSON without end": (plain(b'{"a":' * 9_000, "application/json"), "garbled"),
    "408": (failure(408), "try_again"),
    "409": (failure(409), "try_again"),
    "425": (failure(425), "try_again"),
    "429": (failure(429), "busy"),
    "500": (failure(500), "failed"),
    "502 in HTML": (plain(b"<html>bad gateway", "text/html", 502), "failed"),
    "503": (failure(503), "failed"),
    "a redirect": (failure(307, location="http://example.com/"), "failed"),
    "401": (failure(401, code="invalid_api_key"), "key"),
    "403": (failure(403), "key"),
    "402": (failure(402), "quota"),
    "quota by vendor code": (failure(429, code="insufficient_quota"), "quota"),
    "400": (failure(400), "input"),
    "404": (failure(404), "no_model"),
    "413": (failure(413), "input"),
    "415": (failure(415), "input"),
    "422": (failure(422), "input"),
}


@pytest.mark.parametrize("row", ROWS)
async def test_before_commit_every_failure_moves_on(
    serve: Serve, upstream: Upstream, spare: Upstream, row: str
) -> None:
    """The next vendor answers, asked in its own words, and for an upload with the very same bytes."""
    answer, outcome = ROWS[row]
    upstream.answers(answer)
    text = two_vendors(upstream, spare, times="first_byte_timeout: 200ms" if answer is stall else "")
    speaker, listener = await serve(text), await serve(text)

    spare.answers(audio(b"ID3spoken"))
    spoken = await speak(speaker)
    spare.answers(HEARD_BY_DEEPGRAM)
    heard = await listen(listener)

    assert (spoken[0], spoken[2]) == (200, b"ID3spoken")
    assert spoken[1]["x-router-target"] == "two/eleven_v3"
    assert spoken[1]["x-router-attempts"] == "2"
    assert spare.seen[0].path == "/v1/text-to-speech/XrExE9yKIg1WjnnlVkGX/stream"  # nova, as ElevenLabs calls her
    assert spare.seen[0].query == {"output_format": "mp3_44100_128"}
    assert spare.seen[0].json == {"text": "Hello", "model_id": "eleven_v3"}
    assert heard[0] == 200
    assert spare.seen[1].body == WAV
    assert spare.seen[1].headers["content-type"] == "audio/wav"
    assert WAV in upstream.seen[1].body
    for router in (speaker, listener):
        outcomes = [attempt.outcome for attempt in router.records[0].attempts]
        assert outcomes == ["garbled" if row == "empty" else outcome, "ok"]


@pytest.mark.parametrize("is_begun", [False, True])
async def test_the_reset_of_these_rows_is_a_reset(upstream: Upstream, is_begun: bool) -> None:
    """A vendor that breaks sends RST: an end of the stream would be another row."""
    drip = Drip()
    drip.abort()
    upstream.answers(drip if is_begun else reset)
    reader, writer = await asyncio.open_connection(*upstream.url.removeprefix("http://").split(":"))
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)

    writer.close()


def unreachable(upstream: Upstream, how: str) -> str:
    """An address at which nobody answers."""
    match how:
        case "refused":
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                return f"http://127.0.0.1:{unused.getsockname()[1]}"
        case "no such name":
            return "http://nowhere.invalid"
        case _:  # plain text behind https
            return upstream.url.replace("http://", "https://")


@pytest.mark.parametrize("how", ["refused", "no such name", "no TLS"])
async def test_a_vendor_that_cannot_be_reached_moves_on(
    serve: Serve, upstream: Upstream, spare: Upstream, how: str
) -> None:
    """A refused connection, DNS and TLS are failures like any other, for speech and for uploads."""
    upstream.url = unreachable(upstream, how)
    router = await serve(two_vendors(upstream, spare))

    spare.answers(audio(b"spoken"))
    spoken = await speak(router)
    spare.answers(HEARD_BY_DEEPGRAM)
    heard = await listen(router)

    assert (spoken[0], spoken[1]["x-router-attempts"], spoken[2]) == (200, "2", b"spoken")
    assert (heard[0], spare.seen[1].body) == (200, WAV)
    assert [record.attempts[0].outcome for record in router.records] == ["connect", "connect"]


async def test_an_answer_that_breaks_off_before_its_first_byte_moves_on(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Headers alone commit nobody."""
    drip = Drip()
    upstream.answers(drip)
    drip.abort()
    spare.answers(audio(b"spoken"))
    router = await serve(two_vendors(upstream, spare))

    status, headers, body = await speak(router)

    assert (status, headers["x-router-attempts"], body) == (200, "2", b"spoken")


async def test_headers_without_audio_are_not_waited_for_for_ever(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """`first_byte_timeout` ends with the first audio, not with the head; the attempt's connection is closed."""
    drip = Drip()
    upstream.answers(drip)
    spare.answers(audio(b"spoken"))
    router = await serve(two_vendors(upstream, spare, times="first_byte_timeout: 200ms"))

    status, _, body = await speak(router)

    assert (status, body) == (200, b"spoken")
    await asyncio.wait_for(drip.left.wait(), 5)


async def test_a_vendor_silent_after_commit_is_a_broken_transfer(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """After commit `timeout` bounds the vendor's silence, and no second vendor's bytes ever follow the first's."""
    drip = Drip()
    drip.send(b"half")
    upstream.answers(drip)
    spare.answers(audio(b"spoken"))
    router = await serve(two_vendors(upstream, spare, times="timeout: 300ms"))

    with pytest.raises(aiohttp.ClientPayloadError):
        await speak(router)

    assert (await router.record()).outcome == "interrupted"
    assert spare.seen == []


# ------------------------------------------------------------------ what the client sees when all fail


@pytest.mark.parametrize(
    ("first", "second", "status", "code"),
    [
        (failure(429, **{"retry-after": "7"}), failure(429, **{"retry-after-ms": "2500"}), 429, "rate_limit_exceeded"),
        (failure(400, "too odd"), failure(422), 400, None),
        (stall, stall, 504, "timeout"),
        (failure(500), failure(429), 502, "upstream_failed"),
        (failure(401), failure(401), 502, "upstream_failed"),
        (failure(404), failure(404), 502, "upstream_failed"),
        (reset, reset, 502, "upstream_failed"),
    ],
)
async def test_the_status_is_what_all_attempts_agree_on(
    serve: Serve, upstream: Upstream, spare: Upstream, first: Answer, second: Answer, status: int, code: str | None
) -> None:
    """All throttled 429, all the client's fault 400, all late 504, anything mixed 502; never a vendor's 401."""
    upstream.answers(first)
    spare.answers(second)
    text = two_vendors(upstream, spare, "defaults: {first_byte_timeout: 200ms}\n" if first is stall else "")
    router = await serve(text)

    got, headers, body = await speak(router)

    assert got == status
    assert headers["x-router-attempts"] == "2"
    assert b'"code":null' in body if code is None else code.encode() in body
    if status == 429:
        assert headers["retry-after"] == "3"
    if status == 400:
        assert b"one/tts-1: too odd" in body


async def test_a_refused_key_is_hopeless_and_told_so(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """`x-should-retry: false` where repetition cannot help, and never the key or the vendor's words about it."""
    upstream.answers(failure(401, f"bad key {KEY}"))
    spare.answers(failure(402, f"pay for {KEY}"))
    router = await serve(two_vendors(upstream, spare))

    status, headers, body = await speak(router)

    assert (status, headers["x-should-retry"]) == (502, "false")
    assert KEY.encode() not in body
    assert KEY not in str(router.records[0])


async def test_a_secret_in_a_vendors_message_is_scrubbed(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A vendor's 400 reaches the client in its own words, but for our key."""
    upstream.answers(failure(400, f"cannot use {KEY} so"))
    spare.answers(failure(400))
    router = await serve(two_vendors(upstream, spare))

    _, _, body = await speak(router)

    assert b"cannot use \xe2\x80\xa6 so" in body


async def test_the_deadline_bounds_all_attempts_together(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A call that is late gets a 504, though targets are left to try."""
    upstream.answers(stall)
    spare.answers(audio(b"never asked"))
    router = await serve(two_vendors(upstream, spare, "defaults: {deadline: 300ms}\n"))

    status, headers, _ = await speak(router)

    assert (status, headers["x-router-attempts"]) == (504, "1")
    assert spare.seen == []


async def test_a_deadline_that_ends_the_last_attempt_is_a_504(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Whatever the attempts before it died of."""
    upstream.answers(failure(500))
    spare.answers(stall)
    router = await serve(two_vendors(upstream, spare, "defaults: {deadline: 300ms}\n"))

    status, headers, _ = await speak(router)

    assert (status, headers["x-router-attempts"]) == (504, "2")


async def test_retries_are_further_tries_on_the_same_target(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """`retries: 1` asks a failing vendor twice, a throttling one once."""
    spare.answers(audio(b"spoken"))
    router = await serve(two_vendors(upstream, spare, "defaults: {retries: 1}\n"))

    upstream.answers(failure(500))
    _, failing, _ = await speak(router)
    upstream.answers(failure(400))
    _, refusing, _ = await speak(router)

    assert (failing["x-router-attempts"], refusing["x-router-attempts"]) == ("3", "2")


async def test_blame_decides_who_is_asked_next_time(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A throttled target rests as long as it said, a refused key rests the vendor, a 400 rests nobody."""
    spare.answers(audio(b"spoken"))
    for answer, asked_again in ((failure(429, **{"retry-after": "60"}), 0), (failure(401), 0), (failure(400), 1)):
        router = await serve(two_vendors(upstream, spare))
        upstream.answers(answer)
        await speak(router)
        before = len(upstream.seen)

        await speak(router)

        assert len(upstream.seen) - before == asked_again


async def test_a_deadline_blames_nobody(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A target that was cut off by the call's own deadline is asked again next time, however often it happens."""
    upstream.answers(stall)
    router = await serve(two_vendors(upstream, spare, "defaults: {deadline: 60ms}\n"))

    statuses = [(await speak(router))[0] for _ in range(FAILURES_TO_REST + 2)]

    assert statuses == [504] * len(statuses)
    assert len(upstream.seen) == len(statuses)
    assert router.records[-1].attempts[-1].outcome == "deadline"


async def test_a_vendor_that_always_breaks_off_comes_to_rest(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Beginning well is not succeeding: after some interrupted streams the next vendor is asked first."""
    spare.answers(audio(b"spoken"))
    router = await serve(two_vendors(upstream, spare))
    for _ in range(FAILURES_TO_REST):
        drip = Drip()
        drip.send(b"half")
        drip.abort()
        upstream.answers(drip)
        with pytest.raises(aiohttp.ClientPayloadError):
            await speak(router)

    _, headers, body = await speak(router)

    assert (headers["x-router-target"], headers["x-router-attempts"], body) == ("two/eleven_v3", "1", b"spoken")


async def test_captions_that_did_not_come_are_asked_of_the_next(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """A server that ignores `verbose_json` and answers words without times does not make an empty srt."""
    upstream.answers(HEARD)
    spare.answers(
        document(
            {
                "metadata": {"duration": 1.0},
                "results": {
                    "channels": [{"alternatives": [{"transcript": "hello", "words": []}]}],
                    "utterances": [{"start": 0, "end": 1, "transcript": "hello"}],
                },
            }
        )
    )
    router = await serve(two_vendors(upstream, spare))

    status, headers, body = await listen(router, response_format="srt")

    assert (status, headers["x-router-target"]) == (200, "three/nova-3")
    assert body == b"1\n00:00:00,000 --> 00:00:01,000\nhello\n\n"


async def test_a_model_we_may_not_use_does_not_eject_its_vendor(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """A bare 403 rests that target alone: one client's choice of a model moves nobody else's calls."""
    router = await serve(two_vendors(upstream, spare))
    upstream.answers(failure(403))
    async with router.http.post("/v1/audio/speech", json={**SPEECH, "model": "one/gated"}) as refused:
        assert refused.status == 502
    upstream.answers(audio(b"spoken"))

    _, headers, _ = await speak(router)

    assert headers["x-router-target"] == "one/tts-1"


async def test_a_call_that_never_reached_a_vendor_has_its_event(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Refused at the door, refused by the table, left before it was read: each is told once."""
    router = await serve(two_vendors(upstream, spare))

    async with router.http.post("/v1/audio/speech", data=b"{"):
        pass
    async with router.http.post("/v1/audio/speech", json={**SPEECH, "model": "nope"}):
        pass
    _, writer = await asyncio.open_connection(*router.url.removeprefix("http://").split(":"))
    writer.write(b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    async with asyncio.timeout(5):
        while len(router.records) < 3:
            await asyncio.sleep(0.005)

    assert [(record.outcome, record.status) for record in router.records] == [
        ("refused", 400),
        ("refused", 404),
        ("client left", 499),
    ]
