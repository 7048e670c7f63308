"""Being watched: figures and readiness that are true over the wire, a log that keeps what it hears to itself."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families as families

from router.api.draining import DrainingServer
from router.api.server import server_config
from router.app import House, compiled, create_app, furnish
from router.config import parse
from router.routing.health import Blame
from router.telemetry import configure_logging, log, to_log
from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.jobs import MODEL, entry
from tests.fakes import Drip, Upstream, audio, failure

SPEECH = {"model": "m", "voice": "alloy", "input": "Hello."}
KEYS = "keys: {alice: {key: sk-alice}}\n"


def table(upstream: Upstream, more: str = "") -> str:
    entry = f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": entry}, {"m": ["{target: one/tts-1, price: {per_1m_characters: 15}}"]}, more)


async def figures(router: Running, **headers: str) -> dict[str, float]:
    """Each sample as Prometheus writes it."""
    async with router.http.get("/metrics", headers=headers) as reply:
        assert (reply.status, reply.content_type) == (200, "text/plain")
        text = await reply.text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [*families(text)]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def eventually(router: Running, name: str, value: float) -> None:
    async with asyncio.timeout(5):
        while (await figures(router)).get(name) != value:
            await asyncio.sleep(0.01)


# ------------------------------------------------------------------ figures


async def test_a_call_is_in_the_figures(serve: Serve, upstream: Upstream) -> None:
    """While it runs, and when it has ended."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(table(upstream))
    drip.send(b"ID3x")

    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        assert reply.status == 200
        assert (await figures(router))['audio_router_calls_in_flight{kind="speech"}'] == 1
        drip.end()
        await reply.read()
    await eventually(router, 'audio_router_calls_in_flight{kind="speech"}', 0)

    told = await figures(router)
    assert told['audio_router_calls_total{kind="speech",outcome="ok",route="m"}'] == 1
    assert told['audio_router_attempts_total{outcome="ok",target="one/tts-1"}'] == 1
    assert told['audio_router_first_byte_seconds_count{kind="speech",target="one/tts-1"}'] == 1
    assert told['audio_router_cost_dollars_total{target="one/tts-1"}'] > 0
    assert told['audio_router_sent_bytes_total{kind="speech"}'] == 4
    assert told['audio_router_target_resting{target="one/tts-1"}'] == 0
    assert told["audio_router_tasks_running"] == 0


async def test_a_client_that_leaves_is_in_flight_no_longer(serve: Serve, upstream: Upstream) -> None:
    """Nor is one that was refused."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(table(upstream))

    async with router.http.post("/v1/audio/music", json={}) as refused:
        assert refused.status == 400
    work = asyncio.create_task(router.http.post("/v1/audio/speech", json=SPEECH).__aenter__())
    await drip.begun.wait()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work

    await eventually(router, 'audio_router_calls_in_flight{kind="speech"}', 0)
    assert (await figures(router))['audio_router_calls_in_flight{kind="music"}'] == 0


async def test_no_name_of_a_clients_becomes_a_label(serve: Serve, upstream: Upstream) -> None:
    """Not as a model, a target of its own, a voice, a field or a header; the table's own names do."""
    upstream.answers(audio(b"ID3x"))
    router = await serve(table(upstream))
    canary = "canary-7f3a"
    bodies: list[dict[str, Any]] = [
        {**SPEECH, "model": canary},
        {**SPEECH, "model": f"one/{canary}"},
        {**SPEECH, "route": {"targets": [f"one/{canary}"]}},
        {**SPEECH, "voice": canary, canary: canary},
    ]

    for body in bodies:
        async with router.http.post("/v1/audio/speech", json=body, headers={"x-request-id": canary}) as reply:
            await reply.read()

    told = await figures(router)
    assert not [name for name in told if canary in name]
    assert sum(value for name, value in told.items() if name.startswith("audio_router_calls_total")) == len(bodies)
    assert told['audio_router_calls_total{kind="speech",outcome="ok",route="other"}'] == 1
    assert told['audio_router_attempts_total{outcome="ok",target="other"}'] == 2


async def test_a_target_that_rests_is_told_and_its_figure_falls_when_it_is_back(
    serve: Serve, upstream: Upstream
) -> None:
    """A refused account rests it until the table is read again."""
    upstream.answers(failure(401))
    router = await serve(table(upstream))
    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        assert reply.status == 502

    resting = (await figures(router))['audio_router_target_resting{target="one/tts-1"}']
    router.house.adopt(compiled(parse(table(upstream), "routes.yaml", {})))

    assert resting == 1
    assert (await figures(router))['audio_router_target_resting{target="one/tts-1"}'] == 0


async def test_figures_ask_for_a_key_where_calls_do(serve: Serve, upstream: Upstream) -> None:
    """They tell vendors, models and money."""
    router = await serve(table(upstream, KEYS))

    async with router.http.get("/metrics") as refused:
        assert refused.status == 401
    assert await figures(router, authorization="Bearer sk-alice")


async def test_a_table_may_open_them(serve: Serve, upstream: Upstream) -> None:
    """For a port that only the scraper reaches; calls ask for the key all the same."""
    router = await serve(table(upstream, KEYS + "server: {metrics: open}\n"))

    assert await figures(router)
    async with router.http.post("/v1/audio/speech", json=SPEECH) as refused:
        assert refused.status == 401


# ------------------------------------------------------------------ readiness


async def health(router: Running, path: str) -> tuple[int, str | None]:
    async with router.http.get(f"/health/{path}") as reply:
        body = await reply.json()
        return reply.status, body.get("error", {}).get("code")


async def test_it_is_not_ready_while_everybody_rests(serve: Serve, upstream: Upstream) -> None:
    """And is again when one is back; it lives all the time."""
    router = await serve(table(upstream))
    target = router.house.relay.plan.routes["m"].targets[0]
    now = asyncio.get_running_loop().time()
    assert await health(router, "ready") == (200, None)

    router.house.relay.history.health.failed(target, Blame.EJECT, now, now)
    resting = await health(router, "ready")
    alive = await health(router, "live")
    router.house.relay.history.health.forgive_refusals(now)

    assert resting == (503, "no_able_target")
    assert alive == (200, None)
    assert await health(router, "ready") == (200, None)


async def test_it_is_not_ready_where_nobody_is_configured(serve: Serve) -> None:
    """No key for any vendor: calls could only be refused."""
    router = await serve(table_of({"openai": "{api_key: '${OPENAI_API_KEY}'}"}, {"m": ["openai/tts-1"]}))

    assert await health(router, "ready") == (503, "no_able_target")
    assert await health(router, "live") == (200, None)


@asynccontextmanager
async def draining(text: str, grace_s: float = 5) -> AsyncIterator[tuple[str, DrainingServer, asyncio.Task[None]]]:
    """A server that can be asked to end, as a signal does."""
    house: House = furnish(parse(text, "routes.yaml", {}))
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = DrainingServer(server_config(create_app(house), grace_s=grace_s), house.gate)
    serving = asyncio.create_task(server._serve(sockets=[listener]))  # without uvicorn's own handlers of signals
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        yield url, server, serving
    finally:
        server.force_exit = server.should_exit = True
        await serving


async def test_while_it_drains_it_says_so_and_calls_under_way_end_well(upstream: Upstream) -> None:
    """A call that is inside is heard to its end; nobody new gets in; when the last has left it ends."""
    drip = Drip()
    upstream.answers(drip)
    drip.send(b"ID3be")
    async with draining(table(upstream)) as (url, server, serving), aiohttp.ClientSession(url) as http:
        async with http.post("/v1/audio/speech", json=SPEECH) as reply:
            server.handle_exit(15, None)
            await asyncio.sleep(0.2)
            async with http.get("/health/ready") as ready:
                assert (ready.status, (await ready.json())["error"]["code"]) == (503, "shutting_down")
            async with http.get("/health/live") as live:
                assert live.status == 200
            async with http.post("/v1/audio/speech", json=SPEECH) as late:
                assert (late.status, late.headers["retry-after"]) == (503, "1")
                assert (await late.json())["error"]["code"] == "shutting_down"
            drip.send(b"gun")
            drip.end()
            assert await reply.read() == b"ID3begun"
        async with asyncio.timeout(2):
            await serving


async def test_draining_waits_no_longer_than_its_grace(upstream: Upstream) -> None:
    """A call that does not end is broken off: its client hears no clean end."""
    drip = Drip()
    upstream.answers(drip)
    drip.send(b"ID3")
    async with (
        draining(table(upstream), grace_s=0.3) as (url, server, serving),
        aiohttp.ClientSession(url) as http,
        http.post("/v1/audio/speech", json=SPEECH) as reply,
    ):
        server.handle_exit(15, None)
        async with asyncio.timeout(2):
            await serving
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.read()


async def test_who_serves_nobody_ends_at_once(upstream: Upstream) -> None:
    """The grace is for calls."""
    async with draining(table(upstream)) as (_, server, serving):
        server.handle_exit(15, None)
        async with asyncio.timeout(1):
            await serving


# ------------------------------------------------------------------ the log


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Every line that the process writes, as production writes it."""
    stream, handlers, level = io.StringIO(), logging.root.handlers[:], logging.root.level
    monkeypatch.setattr(log, "_lines", None)  # as before, afterwards
    monkeypatch.setattr(log, "_log", structlog.get_logger())  # a used one keeps the stream it was first used with
    configure_logging(stream)
    yield stream
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def parrot(status: int) -> Any:
    """A vendor that refuses, and repeats all it was sent."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")
        said = f"cannot do {body} {' '.join(request.headers.values())}"
        return web.json_response({"error": {"message": said, "type": "t", "code": None}}, status=status)

    return answer


CANARY = "canary-7f3a-sings"


def form(**fields: str) -> aiohttp.FormData:
    made = aiohttp.FormData({"model": "hear", **fields})
    made.add_field("file", b"RIFF" + CANARY.encode(), filename=f"{CANARY}.wav")
    return made


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_the_log_holds_nothing_of_what_was_said(
    serve: Serve, upstream: Upstream, logged: io.StringIO, status: int
) -> None:
    """No text, voice, prompt, lyrics, header or key, whatever a vendor repeats of it; but for the names of models."""
    upstream.answers(audio(b"ID3x") if status == 200 else parrot(status))
    like = f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"
    routes = {"m": ["one/tts-1"], "hear": ["one/whisper-1"], "sing": [f"rep/{MODEL}"]}
    router = await serve(table_of({"one": like, "rep": entry(upstream)}, routes, KEYS))
    headers = {"authorization": "Bearer sk-alice", "traceparent": CANARY, "x-own": CANARY, "user-agent": CANARY}
    spoken = {
        **SPEECH,
        "input": f"My {CANARY} here.",
        "voice": CANARY,
        "instructions": CANARY,
        "own": {"deep": [CANARY]},
    }
    sung = {"model": "sing", "input": f"A {CANARY}.", "lyrics": CANARY, "prompt": CANARY}

    for path, sent in (
        ("speech", {"json": spoken}),
        ("music", {"json": sung}),
        ("transcriptions", {"data": form(prompt=CANARY, language=CANARY)}),
        ("transcriptions", {"data": form(prompt=CANARY)}),
        ("speech", {"json": spoken, "headers": {**headers, "authorization": f"Bearer {CANARY}"}}),
        ("speech", {"data": CANARY.encode()}),
    ):
        async with router.http.post(f"/v1/audio/{path}", **({"headers": headers} | sent)) as reply:
            await reply.read()
    for record in router.records:
        to_log(record)
    await asyncio.sleep(0)  # a turn's events are written together

    lines = logged.getvalue()
    assert [msgspec.json.decode(line)["event"] for line in lines.splitlines()].count("call") == 6
    assert "canary" not in lines.lower()
    assert "sk-alice" not in lines
    assert KEY not in lines
