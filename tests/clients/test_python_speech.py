"""Speech through the stock Python SDK, sync and async: the vendor's bytes, while it sends them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import httpx2
import msgspec
import pytest

from router.wire.audio import MP3, SPEECH_FORMATS, WAV
from tests.clients.conftest import OpenStock
from tests.clients.vendor import a_table, events
from tests.conftest import Serve
from tests.fakes import Drip, Upstream, audio
from tests.media.sounds import TONE_HZ, clip, heard

ASKED = {"model": "tts-1", "voice": "nova", "input": "Hello"}
SPOKEN = b"ID3" + bytes(range(256)) * 40


async def test_plain_create_gives_the_vendors_bytes(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """`speech.create(...).content` is what the vendor sent; the SDK's parameters are in the vendor's request."""
    upstream.answers(audio(SPOKEN[:1_000], SPOKEN[1_000:]))
    client = stock(await serve(a_table(upstream)))

    reply = await client.call(lambda sdk: sdk.audio.speech.create(**ASKED, speed=1.25))

    assert reply.content == SPOKEN
    assert upstream.seen[0].json == {
        "model": "tts-1",
        "input": "Hello",
        "voice": "nova",
        "response_format": "mp3",
        "speed": 1.25,
    }


async def test_a_stream_is_heard_while_the_vendor_still_speaks(
    serve: Serve, stock: OpenStock, upstream: Upstream
) -> None:
    """`with_streaming_response`: each chunk is at the client before the vendor sends the next, and nothing is lost."""
    drip = Drip()
    upstream.answers(drip)
    client = stock(await serve(a_table(upstream)))
    drip.send(b"chunk 0")

    async with client.entered(client.client.audio.speech.with_streaming_response.create(**ASKED)) as reply:
        received = []
        async for chunk in client.each(reply.iter_bytes()):
            received.append(chunk)
            if len(received) < 10:
                drip.send(b"chunk %d" % len(received))
            else:
                drip.end()

    assert received == [b"chunk %d" % number for number in range(10)]


async def test_a_stream_goes_to_a_file(serve: Serve, stock: OpenStock, upstream: Upstream, tmp_path: Path) -> None:
    """`stream_to_file` writes what the vendor sent."""
    upstream.answers(audio(SPOKEN))
    client = stock(await serve(a_table(upstream)))
    file = tmp_path / "speech.mp3"

    async with client.entered(client.client.audio.speech.with_streaming_response.create(**ASKED)) as reply:
        written = reply.stream_to_file(file)
        if written is not None:
            await written

    assert file.read_bytes() == SPOKEN


async def test_events_carry_the_audio_as_it_comes(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """`stream_format="sse"`: a delta for each chunk, while the vendor holds the rest; a done event with its usage."""
    drip = Drip()
    upstream.answers(drip)
    client = stock(await serve(a_table(upstream)))
    asked = {**ASKED, "model": "gpt-4o-mini-tts", "stream_format": "sse"}
    drip.send(SPOKEN[:500])

    async with client.entered(client.client.audio.speech.with_streaming_response.create(**asked)) as reply:
        heard_so_far = []
        async for line in client.each(reply.iter_lines()):
            if not line:
                continue
            heard_so_far.append(msgspec.json.decode(line.removeprefix("data: ")))
            if len(heard_so_far) == 1:
                drip.send(SPOKEN[500:])
                drip.end()

    assert reply.headers["content-type"].startswith("text/event-stream")
    *deltas, done = heard_so_far
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    assert b64decode(deltas[0]["audio"]) == SPOKEN[:500]
    assert b"".join(b64decode(delta["audio"]) for delta in deltas) == SPOKEN
    assert done["type"] == "speech.audio.done"
    assert {"input_tokens", "output_tokens", "total_tokens"} <= done["usage"].keys()


async def test_a_vendors_own_events_are_audio_to_everybody(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """From a vendor that sends events too: the same audio, its counts of tokens."""
    sent = clip(MP3, 1.0)
    pieces = [{"type": "speech.audio.delta", "audio": b64encode(part).decode()} for part in (sent[:999], sent[999:])]
    usage = {"input_tokens": 3, "output_tokens": 40, "total_tokens": 43}
    upstream.answers(events(*pieces, {"type": "speech.audio.done", "usage": usage}))
    client = stock(await serve(a_table(upstream, speaker="openai/gpt-4o-mini-tts")))

    reply = await client.call(lambda sdk: sdk.audio.speech.create(**ASKED, stream_format="sse"))

    *deltas, done = [msgspec.json.decode(line.removeprefix("data: ")) for line in reply.text.split("\n\n") if line]
    assert b"".join(b64decode(delta["audio"]) for delta in deltas) == sent
    assert usage.items() <= done["usage"].items()


@pytest.mark.parametrize("codec", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
async def test_a_format_the_vendor_lacks_is_valid_audio(
    serve: Serve, stock: OpenStock, upstream: Upstream, codec: str
) -> None:
    """Whatever is asked for is what a player hears, though the vendor speaks wav alone."""
    upstream.answers(audio(clip(WAV, 1.0), content_type="audio/wav"))
    client = stock(await serve(a_table(upstream, speaker="groq/canopylabs/orpheus-v1-english")))

    reply = await client.call(lambda sdk: sdk.audio.speech.create(**ASKED, response_format=codec))

    sound = heard(reply.content, SPEECH_FORMATS[codec])
    assert sound.seconds == pytest.approx(1.0, abs=0.15)
    assert sound.pitch_hz == pytest.approx(TONE_HZ, rel=0.02)


async def test_a_broken_stream_is_an_error(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """A vendor that breaks off after its first bytes never looks like the end of the file."""
    drip = Drip()
    upstream.answers(drip)
    client = stock(await serve(a_table(upstream)))
    drip.send(SPOKEN)
    received = []

    async with client.entered(client.client.audio.speech.with_streaming_response.create(**ASKED)) as reply:
        with pytest.raises(httpx2.RemoteProtocolError):
            async for chunk in client.each(reply.iter_bytes()):
                received.append(chunk)
                drip.abort()

    assert b"".join(received) == SPOKEN


async def test_a_voice_is_the_vendors_own(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """OpenAI's names become the vendor's, `{"id"}` passes as it is; a null is nothing, `extra_body` arrives."""
    upstream.answers(audio(SPOKEN))
    client = stock(await serve(a_table(upstream, speaker="elevenlabs/eleven_v3")))

    for voice in ("nova", {"id": "JBFqnCBsd6RMkjVDRZzb"}):
        asked = {**ASKED, "voice": voice, "instructions": None, "extra_body": {"seed": 7}}
        await client.call(lambda sdk, asked=asked: sdk.audio.speech.create(**asked))

    voices = [seen.path.split("/")[3] for seen in upstream.seen]
    assert voices == ["XrExE9yKIg1WjnnlVkGX", "JBFqnCBsd6RMkjVDRZzb"]
    assert upstream.seen[0].json == {"text": "Hello", "model_id": "eleven_v3", "seed": 7}
