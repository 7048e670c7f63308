"""The vendor and the clients of `stalls`, in processes of their own: their work would count as the router's.

`python -m bench.inside.outside vendor PORT`, or `client URL`, which reads one load a line and says `done`. The text of
a call says what the vendor answers.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from bench.inside.transcoding import sound
from router.media.wav import wav_header

__all__ = ["LOADS"]

WORDS = 9_000  # an hour at 150 a minute
PACED, FAST = 20, 20
UPLOAD_BYTES = 25_000_000
FAST_S = 60
BLOCK = bytes(range(256)) * 16

LOADS = ("nothing", "paced", "mp3", "opus", "aac", "small", "json", "captions")


async def _speech(request: web.Request) -> web.StreamResponse:
    what = (await request.json())["input"]
    reply = web.StreamResponse(headers={"content-type": "audio/wav" if what == "fast" else "audio/mpeg"})
    await reply.prepare(request)
    if what == "fast":
        await reply.write(wav_header(24_000, 1))
        for _ in range(FAST_S // 2):
            await reply.write(TWO_SECONDS)
    elif what == "paced":
        for _ in range(40):
            await reply.write(b"ID3" + BLOCK)
            await asyncio.sleep(0.05)
    else:
        await reply.write(b"ID3" + 3 * BLOCK)
    await reply.write_eof()
    return reply


async def _transcription(request: web.Request) -> web.Response:
    form = await request.post()
    is_long = str(form["model"]) == "long"
    return web.Response(body=HOUR if is_long else b'{"text":"one"}', content_type="application/json")


def _vendor(port: int) -> None:
    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/v1/audio/speech", _speech)
    app.router.add_post("/v1/audio/transcriptions", _transcription)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


TWO_SECONDS = sound(2)


def _hour() -> bytes:
    words = [{"word": f"word{at}", "start": at * 0.4, "end": at * 0.4 + 0.35} for at in range(WORDS)]
    text = " ".join(f"{one['word']}{'.' if at % 12 == 11 else ''}" for at, one in enumerate(words))
    step = 12
    segments = [
        {"id": at // step, "start": at * 0.4, "end": (at + step) * 0.4, "text": text.split(" ")[at]}
        for at in range(0, WORDS, step)
    ]
    return msgspec.json.encode(
        {"task": "transcribe", "language": "en", "duration": 3600.0, "text": text, "words": words, "segments": segments}
    )


HOUR = _hour()


async def _speak(http: aiohttp.ClientSession, what: str, codec: str = "mp3") -> None:
    asked = {"model": "tts-1", "voice": "alloy", "input": what, "response_format": codec}
    async with http.post("/v1/audio/speech", json=asked) as reply:
        assert reply.status == 200, await reply.text()
        async for _ in reply.content.iter_any():
            pass


async def _listen(http: aiohttp.ClientSession, **asked: Any) -> None:
    async with http.post("/v1/audio/transcriptions", **asked) as reply:
        assert reply.status == 200, await reply.text()
        await reply.read()


async def _paced(http: aiohttp.ClientSession) -> None:
    await asyncio.gather(*(_speak(http, "paced") for _ in range(PACED)))


async def _load(http: aiohttp.ClientSession, name: str, upload: bytes) -> None:
    match name:
        case "nothing":
            await asyncio.sleep(2)
        case "paced":
            await _paced(http)
        case "mp3" | "opus" | "aac":
            await asyncio.gather(_paced(http), *(_speak(http, "fast", name) for _ in range(FAST)))
        case "small":
            await asyncio.gather(*(_often(http) for _ in range(64)))
        case "json":
            headers = {"content-type": "application/json"}
            await asyncio.gather(_paced(http), _listen(http, data=upload, headers=headers))
        case "captions":
            form = {"model": "whisper-1", "response_format": "srt", "timestamp_granularities[]": "word"}
            data = aiohttp.FormData(form)
            data.add_field("file", wav_header(24_000, 1) + TWO_SECONDS, filename="a.wav")
            await asyncio.gather(_paced(http), _listen(http, data=data))


async def _often(http: aiohttp.ClientSession) -> None:
    for _ in range(20):
        await _speak(http, "small")


async def _client(url: str) -> None:
    audio: Mapping[str, str] = {"data": base64.b64encode(bytes(UPLOAD_BYTES)).decode(), "format": "wav"}
    upload = msgspec.json.encode({"model": "short", "input_audio": audio})
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector, timeout=aiohttp.ClientTimeout(60)) as http:
        await _speak(http, "small")  # the connection, and what is loaded with a first call
        print("ready", flush=True)
        while name := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await _load(http, name, upload)
            print("done", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "vendor":
        _vendor(int(sys.argv[2]))
    else:
        asyncio.run(_client(sys.argv[2]))
