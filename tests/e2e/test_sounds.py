"""Sound effects and music, in the manner of speech: JSON in, bytes or events out, by whoever can."""

from __future__ import annotations

import asyncio
import io
from base64 import b64decode
from typing import Any

import av
import msgspec
import pytest

from router.wire.audio import PCM, WAV
from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.jobs import CREATE, MODEL, SONG, Jobs, entry
from tests.fakes import Upstream, audio, failure, plain, stall
from tests.media.sounds import clip

SOUND = {"model": "fx", "input": "Rain on a tin roof."}
ELEVEN = "eleven/eleven_text_to_sound_v2"


def table(upstream: Upstream, spare: Upstream | None = None, more: str = "") -> str:
    vendors = {"eleven": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}"}
    if spare:
        vendors["stable"] = f"{{like: stability, base_url: '{spare.url}', api_key: {KEY}}}"
    others = ["stable/stable-audio-2.5"] if spare else []
    return table_of(vendors, {"fx": [ELEVEN, *others], "song": ["eleven/music_v1", *others]}, more)


async def ask(router: Running, path: str = "sound-effects", **fields: Any) -> tuple[int, Any, bytes]:
    async with router.http.post(f"/v1/audio/{path}", json={**SOUND, **fields}) as reply:
        return reply.status, reply.headers, await reply.read()


async def test_a_sound_comes_as_bytes(serve: Serve, upstream: Upstream) -> None:
    """The vendor's own request, and its bytes as they came, with their cost."""
    upstream.answers(audio(b"ID3", b"-sound"))
    router = await serve(table(upstream))
    status, headers, body = await ask(router, duration=4, response_format="mp3", loop=True)

    assert (status, body, headers["content-type"]) == (200, b"ID3-sound", "audio/mpeg")
    assert (headers["x-router-target"], headers["x-router-cost"]) == (ELEVEN, "0.12")
    assert upstream.seen[0].path == "/v1/sound-generation"
    assert upstream.seen[0].json == {
        "text": SOUND["input"],
        "duration_seconds": 4.0,
        "model_id": "eleven_text_to_sound_v2",
        "loop": True,
    }


@pytest.mark.parametrize("path", ["/v1/audio/music", "/audio/music"])
async def test_music_is_asked_for_at_its_own_path(serve: Serve, upstream: Upstream, path: str) -> None:
    """With lyrics and whether it is sung at all; per minute of what was asked for, or else of what was made."""
    upstream.answers(audio(SONG))
    router = await serve(table(upstream))
    body = {"model": "song", "input": "A waltz", "lyrics": "Of the moon.", "instrumental": False, "duration": 30}
    async with router.http.post(path, json=body) as reply:
        assert (reply.status, await reply.read()) == (200, SONG)
        assert reply.headers["x-router-cost"] == "0.15"

    sent = upstream.seen[0].json
    assert sent["lyrics_text"] == "Of the moon."
    assert (sent["music_length_ms"], sent["force_instrumental"]) == (30_000, False)


async def test_another_format_is_made_in_stereo(serve: Serve, upstream: Upstream) -> None:
    """Effects and music keep both sides, and all that can be heard; as pcm they are what pcm is here."""
    upstream.answers(audio(clip(WAV, 0.5), content_type="audio/mpeg"))  # whatever it is called
    router = await serve(table(upstream))
    for wanted, rate, channels in (("flac", 44_100, 2), ("opus", 48_000, 2), ("mp3", 44_100, 2)):
        _, _, body = await ask(router, response_format=wanted)
        stream = av.open(io.BytesIO(body)).streams.audio[0]
        assert (stream.rate, stream.channels) == (rate, channels), wanted

    _, _, body = await ask(router, response_format="pcm")
    assert len(body) == pytest.approx(len(clip(PCM, 0.5)), rel=0.05)


async def test_who_makes_less_is_not_asked(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A duration beyond what a model makes leaves it out; beyond all, the reply says how much each makes."""
    spare.answers(audio(SONG))
    router = await serve(table(upstream, spare))
    assert (await ask(router, duration=100))[0] == 200
    assert (len(upstream.seen), len(spare.seen)) == (0, 1)

    status, _, body = await ask(router, duration=1_000)
    assert status == 400
    assert b"makes 30 s at most" in body
    assert b"makes 190 s at most" in body


async def test_lyrics_go_to_who_sings_them(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """They are what is asked for: nobody is given a song without its words."""
    upstream.answers(failure(500))
    router = await serve(table(upstream, spare))
    status, _, _ = await ask(router, "music", model="song", lyrics="La la.")

    assert (status, len(upstream.seen), len(spare.seen)) == (502, 1, 0)


async def test_what_a_vendor_lacks_is_dropped_and_named(serve: Serve, upstream: Upstream) -> None:
    """A seed is a wish, and so is a length below what there is."""
    upstream.answers(audio(SONG))
    router = await serve(table(upstream))
    _, headers, _ = await ask(router, seed=7, duration=0.1)

    assert headers["x-router-dropped"] == "duration=0.5, seed"


async def test_the_next_vendor_makes_it_where_one_fails(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Before the first byte, as with speech."""
    upstream.answers(failure(503))
    spare.answers(audio(SONG))
    router = await serve(table(upstream, spare))
    status, headers, body = await ask(router)

    assert (status, body) == (200, SONG)
    assert (headers["x-router-target"], headers["x-router-attempts"]) == ("stable/stable-audio-2.5", "2")


async def test_filtered_audio_is_no_success(serve: Serve, spare: Upstream) -> None:
    """A vendor whose header says that it is not what was asked for."""
    spare.answers(audio(SONG, **{"finish-reason": "CONTENT_FILTERED"}))
    vendors = {"stable": f"{{like: stability, base_url: '{spare.url}', api_key: {KEY}}}"}
    router = await serve(table_of(vendors, {"fx": ["stable/stable-audio-2.5"]}))

    assert (await ask(router))[0] == 400


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": 7}, "input"),
        ({"duration": 0}, "duration"),
        ({"duration": -1}, "duration"),
        ({"duration": 1e9}, "duration"),
        ({"duration": "long"}, "duration"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "websocket"}, "stream_format"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": 10**30}, "seed"),
        ({"lyrics": "la" * 20_000}, "lyrics"),
        ({"instrumental": "maybe"}, "instrumental"),
        ({"background": "later"}, "background"),
        ({"background": True, "stream_format": "sse"}, "stream_format"),
        ({"model": ""}, "model"),
    ],
)
async def test_a_mistake_is_named(serve: Serve, upstream: Upstream, fields: dict[str, Any], param: str) -> None:
    """A 400 in the envelope that names the field; no vendor is asked."""
    router = await serve(table(upstream))
    status, _, body = await ask(router, **fields)

    assert status == 400
    assert msgspec.json.decode(body)["error"]["param"] == param
    assert upstream.seen == []


async def test_speech_models_make_no_music(serve: Serve, upstream: Upstream) -> None:
    """The reply says who does not do it."""
    vendors = {"eleven": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}"}
    router = await serve(table_of(vendors, {"fx": ["eleven/eleven_v3"]}))
    status, _, body = await ask(router, "music")

    assert status == 400
    assert b"does not do music" in body


# ------------------------------------------------------------------ jobs


def songs(upstream: Upstream, more: str = "") -> str:
    return table_of({"rep": entry(upstream)}, {"song": [f"rep/{MODEL}"]}, more)


async def test_a_job_is_waited_for_and_its_file_fetched_without_the_key(serve: Serve, upstream: Upstream) -> None:
    """Created once; the bytes are the file's."""
    jobs = Jobs(upstream, polls=2)
    router = await serve(songs(upstream))
    status, _, body = await ask(router, "music", model="song")

    assert (status, body, jobs.created, jobs.polled, jobs.cancelled) == (200, SONG, 1, 2, 0)
    assert upstream.seen[0].path == CREATE


async def test_a_client_that_leaves_has_its_job_cancelled(serve: Serve, upstream: Upstream) -> None:
    """Within a second, while it is polled."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    router = await serve(songs(upstream))
    leaving = asyncio.create_task(ask(router, "music", model="song"))
    await until(lambda: jobs.polled)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    await until(lambda: jobs.cancelled)
    assert jobs.created == 1


async def test_a_failed_job_is_not_begun_again(serve: Serve, upstream: Upstream) -> None:
    """Retries are for what is known not to exist."""
    jobs = Jobs(upstream)
    jobs.is_broken = True
    router = await serve(songs(upstream, "defaults: {retries: 3}"))
    status, _, _ = await ask(router, "music", model="song")

    assert (status, jobs.created) == (502, 1)


async def test_a_job_that_may_exist_is_not_begun_again(serve: Serve, upstream: Upstream) -> None:
    """Whatever fails after it was created: its time, or the result, which is looked for again where it lies.

    It is billed all the same, as far as anybody can tell.
    """
    jobs = Jobs(upstream)
    jobs.gate.clear()
    priced = {"song": [f"{{target: rep/{MODEL}, timeout: 900ms, price: {{per_generation: 0.5}}}}"]}
    router = await serve(table_of({"rep": entry(upstream)}, priced, "defaults: {retries: 3}"))
    status, headers, _ = await ask(router, "music", model="song")
    assert (status, jobs.created, headers["x-router-cost"]) == (504, 1, "0.5")
    await until(lambda: jobs.cancelled)

    jobs.gate.set()
    jobs.result = plain(b"<html>", "text/html")
    status, headers, _ = await ask(router, "music", model="song")
    assert (status, jobs.created, headers["x-router-cost"]) == (502, 2, "0.5")


async def test_a_default_for_speech_does_not_end_jobs(serve: Serve, upstream: Upstream) -> None:
    """What takes its time by its nature is bounded by its target's own times alone."""
    Jobs(upstream, polls=3)
    router = await serve(
        table_of({"rep": entry(upstream)}, {"say": ["rep/jaaari/kokoro-82m"]}, "defaults: {first_byte_timeout: 500ms}")
    )
    timing = router.house.relay.plan.routes["say"].targets[0].timing["speech"]

    assert timing.first_byte_s == timing.timeout_s == 120


# ------------------------------------------------------------------ long ones


async def test_a_long_wait_says_how_else_to_ask(serve: Serve, upstream: Upstream) -> None:
    """Before clients give up by themselves: a 504 that names the two other ways, and is not to be repeated."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    router = await serve(songs(upstream, "server: {max_wait: 700ms}"))
    status, headers, body = await ask(router, "music", model="song")

    assert (status, headers["x-should-retry"]) == (504, "false")
    error = msgspec.json.decode(body)["error"]
    assert error["code"] == "use_background"
    assert "background: true" in error["message"]
    await until(lambda: jobs.cancelled)


async def test_a_vendor_that_is_late_by_itself_is_another_matter(serve: Serve, upstream: Upstream) -> None:
    """The table's own time-out is told as ever."""
    upstream.answers(stall)
    more = "defaults: {sound: {timeout: 200ms}}"
    router = await serve(table(upstream, more=more))
    status, _, body = await ask(router)

    assert (status, msgspec.json.decode(body)["error"]["code"]) == (504, "timeout")


def events_in(body: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]


async def test_events_tell_how_far_it_is_and_then_hold_the_file(serve: Serve, upstream: Upstream) -> None:
    """Progress, the file in pieces, its end."""
    Jobs(upstream, polls=2)
    router = await serve(songs(upstream))
    status, headers, body = await ask(router, "music", model="song", stream_format="sse")
    told = events_in(body)

    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert told[0] == {"type": "audio.progress", "status": "queued", "progress": None}
    assert told[1] == {"type": "audio.progress", "status": "running", "progress": None}
    assert b"".join(b64decode(one["audio"]) for one in told if one["type"] == "audio.delta") == SONG
    assert told[-1] == {"type": "audio.done", "bytes": len(SONG)}


async def test_an_error_after_progress_is_an_event(serve: Serve, upstream: Upstream) -> None:
    """Its status has gone out; never a clean end."""
    jobs = Jobs(upstream, polls=2)
    jobs.is_broken = True
    router = await serve(songs(upstream))
    _, _, body = await ask(router, "music", model="song", stream_format="sse")

    assert events_in(body)[-1]["error"]["code"] == "upstream_failed"


async def until(holds: Any) -> None:
    async with asyncio.timeout(3):
        while not holds():
            await asyncio.sleep(0.01)
