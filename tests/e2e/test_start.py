"""A start loads what the first call needs, and nothing that nobody has asked for: libraries cost memory and time.

The router runs as a process of its own, and Python itself lists what it imports.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from router.media.wav import wav_header
from router.tasks.store import open_store
from router.vendors import _own, module_of
from tests.conftest import KEY
from tests.fakes import Upstream, audio
from tests.tasks.test_store import a_task

SHIPPED = (Path(__file__).parents[2] / "routes.yaml").read_text()
FIRST = 'openai: {api_key: "${OPENAI_API_KEY}"}'
NAMED = {"openai", "elevenlabs", "deepgram", "groq", "stability", "fal", "replicate", "local"}
"""The vendors of the shipped table."""

UNASKED = {
    "av": "codecs: nothing was transcoded",
    "aiohttp": "a client for tests and benches",
    "router.media.transcode": "the same",
    "router.media.probe": "no upload was measured",
    "espeakng_loader": "engines are programs of their own",
    "pocketsphinx": "the same",
    "router.engines": "the same",
    "sqlalchemy": "no task is kept",
    "aiosqlite": "the same",
    "sqlite3": "the same",
    "router.tasks.store": "the same",
    "router.api.docs.openapi": "nobody reads the docs",
    "router.api.docs.page": "the same",
    "router.importing.litellm": "no other gateway's table is read",
    "router.commands.calls": "another command",
    "jsonschema": "no schema is checked",
    "opentelemetry.sdk": "no traces are wanted",
    "pydantic": "installed here for tests alone; Litestar would load it for everybody",
    "anyio._backends": "Litestar's events, which nobody listens to",
}

WAV = wav_header(24_000, 1) + bytes(48_000)
"""A second of silence, in another format than is asked for."""


class Started:
    """A router, and what it has imported so far."""

    def __init__(self, url: str, told: Path) -> None:
        self._url = url
        self._told = told

    @property
    def imported(self) -> set[str]:
        return set(re.findall(r"^import '(\S+)' #", self._told.read_text(), re.MULTILINE))

    async def ask(self, path: str, **body: Any) -> bytes:
        method = "POST" if body else "GET"
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, self._url + path, json=body or None) as reply,
        ):
            assert reply.status == 200, await reply.text()
            return await reply.read()

    async def speak(self, codec: str) -> bytes:
        return await self.ask("/v1/audio/speech", model="tts-1", voice="alloy", input="Hello", response_format=codec)


@asynccontextmanager
async def started(folder: Path, upstream: Upstream) -> AsyncIterator[Started]:
    """`audio-router serve` with the shipped table, whose first vendor is `upstream`; its state is in `folder`."""
    table, told = folder / "routes.yaml", folder / "told"
    table.write_text(SHIPPED.replace(FIRST, f"{FIRST[:-1]}, base_url: '{upstream.url}'}}"))
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_KEY", "_TOKEN"))}
    with told.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-v", "-m", "router", "serve", "--config", str(table), "--port", "0"),
            env={**kept, "XDG_STATE_HOME": str(folder), "OPENAI_API_KEY": KEY},
            stdout=asyncio.subprocess.PIPE,
            stderr=out,
        )
    try:
        assert process.stdout
        first = await process.stdout.readline()
        address = re.search(rb"http://127\.0\.0\.1:\d+", first)
        assert address, told.read_text()[-2_000:]
        while b"Ctrl-C" not in (line := await process.stdout.readline()):
            assert line, told.read_text()[-2_000:]
        yield Started(address[0].decode(), told)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


def within(imported: set[str], names: Sequence[str]) -> set[str]:
    """Those of the names that were imported, themselves or something within them."""
    return {name for name in names if any(one == name or one.startswith(f"{name}.") for one in imported)}


async def test_one_speech_call_loads_nothing_that_nobody_has_asked_for(tmp_path: Path, upstream: Upstream) -> None:
    """Not the vendors that the table does not name, no codec, no database, no docs: `UNASKED` says why for each."""
    upstream.answers(audio(b"ID3abc"))
    async with started(tmp_path, upstream) as router:
        assert await router.speak("mp3") == b"ID3abc"
        imported = router.imported

    vendors = {module_of(name) for name in _own()}
    assert vendors & imported == {module_of(name) for name in NAMED}
    assert within(imported, [*UNASKED]) == set()


async def test_what_is_asked_for_is_loaded_then(tmp_path: Path, upstream: Upstream) -> None:
    """The names above are those of what is really loaded, once it is needed."""
    upstream.answers(audio(WAV, content_type="audio/wav"))
    async with started(tmp_path, upstream) as router:
        assert await router.speak("mp3")
        assert b"<!doctype html>" in await router.ask("/docs")
        imported = router.imported

    asked = ["av", "router.media.transcode", "router.api.docs.openapi", "router.api.docs.page"]
    assert within(imported, asked) == set(asked)


async def test_tasks_that_have_ended_do_not_load_the_database(tmp_path: Path, upstream: Upstream) -> None:
    """An earlier run's, in the state folder: they are looked at with the standard library alone."""
    store = await open_store(tmp_path / "audio-router")
    await store.add(a_task(), "me", 0.0)
    await store.change("task_1", "me", status="done", ended_at=1e12)
    await store.close()
    async with started(tmp_path, upstream) as router:
        while "sqlite3" not in router.imported:
            await asyncio.sleep(0.02)
        upstream.answers(audio(b"ID3abc"))
        await router.speak("mp3")
        imported = router.imported

    assert within(imported, ["sqlalchemy", "aiosqlite", "router.tasks.store"]) == set()
