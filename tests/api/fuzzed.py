"""Requests that schemathesis makes of our own OpenAPI document, sent to a router whose vendors answer well.

What lives here: the vendors, which operations there are, and what every reply must be. How many, and when: the tests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from router.wire.audio import MP3
from tests.api.described import check_body
from tests.conftest import KEY, Running, table_of
from tests.fakes import Upstream, audio, document, plain
from tests.media.sounds import clip

__all__ = ["fuzz", "operations", "table"]

MODELS = {"SoundBody": ["song"], "ExplainBody": ["m", "song", "one/tts-1", "nobody"]}
"""What is asked for in a document whose model may be any text, else `m`: no vendor would ever be reached."""
CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EVENTS = "text/event-stream"
HANGS_S = 10
ALIASES = "Other paths of the same"

WORDS = [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "world.", "start": 0.5, "end": 1.0}]
SEGMENT = {"id": "s", "start": 0.0, "end": 1.0, "text": "Hello world.", "speaker": "A"}
LOGPROBS = [{"token": "Hello", "logprob": -0.1, "bytes": [72]}]
HEARD = {"language": "english", "duration": 1.0, "text": "Hello world.", "words": WORDS, "segments": [SEGMENT]}
DELTA = {"type": "transcript.text.delta", "delta": "Hello world."}
DONE = {"type": "transcript.text.done", "text": "Hello world.", "logprobs": LOGPROBS}
SPOKEN = clip(MP3, 0.1)


async def answer(request: web.Request) -> web.StreamResponse:
    """A vendor that is always well, in the words of OpenAI or of ElevenLabs."""
    if not request.path.endswith("transcriptions") and not request.path.endswith("translations"):
        return await audio(SPOKEN)(request)
    if b'name="stream"' in await request.read():
        told = (DELTA, {"type": "transcript.text.segment", **SEGMENT}, DONE)
        events = b"".join(b"data: " + msgspec.json.encode(one) + b"\n\n" for one in told)
        return await plain(events, EVENTS)(request)
    return await document({**HEARD, "logprobs": LOGPROBS})(request)


def table(upstream: Upstream, folder: Path) -> str:
    """Everything can be asked for, and is made by a vendor that is made to answer."""
    upstream.answers(answer)
    vendors = {
        name: f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"
        for name, like in (("one", "openai"), ("xi", "elevenlabs"))
    }
    routes = {
        "m": ["one/gpt-4o-transcribe-diarize", "one/tts-1"],
        "song": ["xi/music_v1", "xi/eleven_text_to_sound_v2"],
    }
    return table_of(vendors, routes, f"tasks: {{folder: '{folder}'}}\n")


async def fuzz(router: Running, examples: int, seed: int) -> Counter[int]:
    """So many requests of each operation that fit the document, and as many that do not; gives statuses and numbers.

    Raises what a reply broke, with the request as a line of curl.
    """
    async with router.http.get("/openapi.json") as reply:
        described = _reaching(await reply.json())
    statuses: Counter[int] = Counter()
    for operation in operations(_without_events(described)):
        for mode in _modes(operation):

            @_so_many(examples, seed)
            @given(operation.as_strategy(generation_mode=mode))
            def check(case: Case) -> None:
                reply = case.call(base_url=router.url, timeout=HANGS_S)
                statuses[reply.status_code] += 1
                case.validate_response(reply, checks=CHECKED)
                if EVENTS in reply.headers.get("content-type", [""])[0]:
                    _check_events(described, case, reply.text)

            await asyncio.to_thread(check)
    return statuses


def _so_many(examples: int, seed: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    quiet = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    return lambda check: hypothesis.seed(seed)(quiet(check))


def operations(described: Mapping[str, Any]) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """Each once: the same handler under another path is the same."""
    for one in schemathesis.openapi.from_dict(dict(described)).get_all_operations():
        operation = one.ok()
        if ALIASES not in operation.definition.raw["tags"]:
            yield operation


def _modes(operation: APIOperation[Any, Any, Any, Any]) -> list[GenerationMode]:
    """A path or a head alone cannot be wrong, only unknown."""
    can_be_wrong = list(operation.body) or list(operation.query)
    return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if can_be_wrong else [GenerationMode.POSITIVE]


def _reaching(described: dict[str, Any]) -> dict[str, Any]:
    for name, shape in described["components"]["schemas"].items():
        model = shape.get("properties", {}).get("model", {})
        if "maxLength" in model:  # one that is asked for
            model["enum"] = MODELS.get(name, ["m"])
    return described


def _without_events(described: Mapping[str, Any]) -> dict[str, Any]:
    """What an event holds is checked here: until OpenAPI 3.2 its data, as JSON, has no place of its own."""
    copy = msgspec.json.decode(msgspec.json.encode(described))
    for operations in copy["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["200"].get("content", {})
            content |= {EVENTS: {}} if EVENTS in content else {}
    return copy


def _check_events(described: Mapping[str, Any], case: Case, stream: str) -> None:
    operation = described["paths"][case.path][case.method.lower()]
    schema = operation["responses"]["200"]["content"][EVENTS]["schema"]
    for block in stream.removesuffix("\n\n").split("\n\n"):
        if not block.startswith(":"):
            check_body(described, schema, msgspec.json.decode(block.removeprefix("data: ")))
