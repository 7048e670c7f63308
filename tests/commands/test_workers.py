"""`serve --workers N`: several processes on one port, which together are what one would be, and end together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families as families
from rich.console import Console

from router.commands.serve import serve, welcome
from router.config import parse
from tests.conftest import KEY, table_of
from tests.fakes import Drip, Upstream, audio
from tests.plans import plan_from
from tests.processes import RouterProcess, children, is_there, router_process

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}
WAIT_S = 30


def table(upstream: Upstream, route: str = "tts-1", more: str = "") -> str:
    entry = f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": entry}, {route: ["one/tts-1"]}, more)


@asynccontextmanager
async def serving(upstream: Upstream, folder: Path, *more: str, workers: int = 2) -> AsyncIterator[RouterProcess]:
    """A router whose workers all serve by now."""
    async with router_process(table(upstream), folder, "--workers", str(workers), *more) as router:
        await until(lambda: len(children(router.pid)) == workers)
        for pid in children(router.pid):
            await begun(router, pid)
        yield router


async def begun(router: RouterProcess, pid: int) -> None:
    """Until a worker answers: it can, alone."""
    others = [one for one in children(router.pid) if one != pid]
    for one in others:
        os.kill(one, signal.SIGSTOP)
    try:
        async with asyncio.timeout(WAIT_S):
            assert await asked(router, "/health/live") == 200
    finally:
        for one in others:
            os.kill(one, signal.SIGCONT)


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.02)


async def asked(router: RouterProcess, path: str) -> int:
    """The status of a reply to a client that nobody knows yet."""
    async with aiohttp.ClientSession(router.url) as newcomer, newcomer.get(path) as reply:
        return reply.status


async def spoken(router: RouterProcess) -> bytes:
    async with aiohttp.ClientSession(router.url) as newcomer, newcomer.post("/v1/audio/speech", json=SPEECH) as reply:
        assert reply.status == 200
        return await reply.read()


async def figures(router: RouterProcess) -> dict[str, float]:
    """Of each name, the sum of its samples."""
    async with aiohttp.ClientSession(router.url) as newcomer, newcomer.get("/metrics") as reply:
        assert reply.status == 200
        text = await reply.text()
    told: dict[str, float] = {}
    for sample in (sample for family in families(text) for sample in family.samples):
        told[sample.name] = told.get(sample.name, 0.0) + sample.value
    return told


async def models(router: RouterProcess) -> list[str]:
    async with aiohttp.ClientSession(router.url) as newcomer, newcomer.get("/v1/models") as reply:
        return [model["id"] for model in (await reply.json())["data"] if "/" not in model["id"]]


async def ended(router: RouterProcess, workers: list[int]) -> int:
    status = await asyncio.wait_for(router.process.wait(), WAIT_S)
    assert not [pid for pid in workers if is_there(pid)]
    return status


# ------------------------------------------------------------------ what they answer


async def test_whoever_is_free_answers(upstream: Upstream, tmp_path: Path) -> None:
    """Each worker takes from the same port; one that hangs keeps nobody waiting."""
    upstream.answers(audio(b"ID3"))
    async with serving(upstream, tmp_path, workers=3) as router:
        for pid in children(router.pid):
            os.kill(pid, signal.SIGSTOP)
            for _ in range(5):
                assert await spoken(router) == b"ID3"
            os.kill(pid, signal.SIGCONT)


async def test_figures_are_those_of_all_whoever_is_asked(upstream: Upstream, tmp_path: Path) -> None:
    """Counted once, seen at once; what a worker had counted is not lost with it, and one that hangs hides nothing."""
    upstream.answers(audio(b"ID3"))
    async with serving(upstream, tmp_path) as router:
        first, second = children(router.pid)
        for still, calls in ((first, 3), (second, 4)):
            os.kill(still, signal.SIGSTOP)
            for _ in range(calls):
                await spoken(router)
            os.kill(still, signal.SIGCONT)
        async with asyncio.timeout(WAIT_S):
            while (await figures(router))["audio_router_calls_total"] < 7:  # an event is a moment behind its reply
                await asyncio.sleep(0.02)
        told = [await figures(router) for _ in range(6)]
        os.kill(first, signal.SIGSTOP)
        with_one_still = await figures(router)
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(children(router.pid)) == 2 and first not in children(router.pid))
        after = await figures(router)

    for one in (*told, with_one_still, after):
        assert one["audio_router_calls_total"] == 7
        assert one["audio_router_call_first_byte_seconds_count"] == 7
    assert told[0]["audio_router_workers"] == 2
    assert told[0]["audio_router_target_resting"] == 0
    assert told[0]["process_resident_memory_bytes"] > 3 * 1024**2
    assert after["audio_router_workers_replaced_total"] == 1


async def test_half_of_the_figures_is_none(upstream: Upstream, tmp_path: Path) -> None:
    """A parent that hangs keeps no call waiting. Counters that seem to have begun anew would mislead who reads them."""
    upstream.answers(audio(b"ID3"))
    async with serving(upstream, tmp_path) as router:
        os.kill(router.pid, signal.SIGSTOP)
        assert await spoken(router) == b"ID3"
        async with aiohttp.ClientSession(router.url) as http, http.get("/metrics") as reply:
            refused = reply.status, (await reply.json())["error"]["code"]
        os.kill(router.pid, signal.SIGCONT)
        assert (await figures(router))["audio_router_workers"] == 2

    assert refused == (503, "no_figures")


async def test_a_call_is_under_way_in_one_of_them(upstream: Upstream, tmp_path: Path) -> None:
    """Those of all workers are added up."""
    drips = Drip(), Drip()
    upstream.answers(*drips)
    async with serving(upstream, tmp_path) as router, aiohttp.ClientSession(router.url) as http:
        replies = []
        for still, drip in zip(children(router.pid), drips, strict=True):
            os.kill(still, signal.SIGSTOP)
            drip.send(b"ID3")
            replies.append(await http.post("/v1/audio/speech", json=SPEECH))
            os.kill(still, signal.SIGCONT)
        under_way = (await figures(router))["audio_router_calls_in_flight"]
        for reply, drip in zip(replies, drips, strict=True):
            drip.end()
            await reply.read()

    assert under_way == 2


async def test_one_worker_is_one_process(upstream: Upstream, tmp_path: Path) -> None:
    """As ever: no parent, and no figure that tells of workers."""
    async with router_process(table(upstream), tmp_path, "--workers", "1") as router:
        assert await asked(router, "/health/live") == 200
        assert children(router.pid) == []
        assert "audio_router_workers" not in await figures(router)


async def test_the_table_may_say_how_many(upstream: Upstream, tmp_path: Path) -> None:
    """The command line says it louder."""
    text = table(upstream, more="server: {workers: 3}\n")
    async with router_process(text, tmp_path) as router:
        await until(lambda: len(children(router.pid)) == 3)
    async with router_process(text, tmp_path, "--workers", "2") as router:
        await until(lambda: len(children(router.pid)) == 2)


# ------------------------------------------------------------------ who dies


async def test_who_dies_is_replaced(upstream: Upstream, tmp_path: Path) -> None:
    """The others answer meanwhile; it is told by its number and what it died of."""
    upstream.answers(audio(b"ID3"))
    async with serving(upstream, tmp_path) as router:
        first, second = children(router.pid)
        os.kill(first, signal.SIGKILL)
        assert await spoken(router) == b"ID3"
        await until(lambda: len(children(router.pid)) == 2 and first not in children(router.pid))
        (new,) = [pid for pid in children(router.pid) if pid != second]
        await begun(router, new)
        (event,) = router.events("worker died")

    assert (event["worker"], event["pid"], event["why"], event["level"]) == (1, first, "SIGKILL", "error")


async def test_a_worker_that_dies_again_and_again_ends_the_whole(upstream: Upstream, tmp_path: Path) -> None:
    """A few times in a row, each time soon after its start: status 1, and an error that says so."""
    async with serving(upstream, tmp_path) as router:
        steady, other = children(router.pid)
        seen = set()
        async with asyncio.timeout(WAIT_S):
            while router.process.returncode is None:
                for pid in children(router.pid) if is_there(router.pid) else []:
                    if pid != steady and is_there(pid):
                        seen.add(pid)
                        os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.01)
        assert await ended(router, [steady, *seen]) == 1
        last = router.events("in a row")

    assert other in seen
    assert len(seen) == 5
    assert [(event["level"], event["worker"]) for event in last] == [("error", 2)]


async def test_who_is_left_alone_ends(upstream: Upstream, tmp_path: Path) -> None:
    """Workers whose parent was killed drain, and are gone, with the port."""
    async with serving(upstream, tmp_path) as router:
        workers = children(router.pid)
        router.process.kill()
        await router.process.wait()
        await until(lambda: not [pid for pid in workers if is_there(pid)])
        with pytest.raises(aiohttp.ClientConnectorError):
            await asked(router, "/health/live")


# ------------------------------------------------------------------ the end


@pytest.mark.parametrize("is_terminal", [False, True])
async def test_asked_to_end_they_let_streams_end_whole(upstream: Upstream, tmp_path: Path, is_terminal: bool) -> None:
    """Nobody new is let in by any of them. A terminal's Ctrl-C reaches workers as well, which is no second one."""
    drip = Drip()
    upstream.answers(drip)
    async with serving(upstream, tmp_path) as router:
        workers = children(router.pid)
        drip.send(b"ID3one ")
        async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
            assert await reply.content.readexactly(7) == b"ID3one "
            if is_terminal:
                for pid in (*workers, router.pid):
                    os.kill(pid, signal.SIGINT)
            else:
                router.process.terminate()
            async with asyncio.timeout(WAIT_S):
                while await is_open(router):
                    await asyncio.sleep(0.02)
            drip.send(b"two")
            drip.end()
            assert await reply.read() == b"two"
        status = await ended(router, workers)

    assert status == (0 if is_terminal else -signal.SIGTERM)
    assert not router.events("worker died")


async def is_open(router: RouterProcess) -> bool:
    """Whether a newcomer is still let in; a worker that ends with nothing to do is gone before the others."""
    try:
        return await asked(router, "/health/ready") == 200
    except aiohttp.ClientError:
        return False


async def test_a_second_ctrl_c_waits_for_nobody(upstream: Upstream, tmp_path: Path) -> None:
    """A call that hangs is cut off, at once: long before what it would be given to end."""
    drip = Drip()
    upstream.answers(drip)
    async with serving(upstream, tmp_path) as router:
        workers = children(router.pid)
        drip.send(b"ID3")
        async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
            assert await reply.content.readexactly(3) == b"ID3"
            router.process.send_signal(signal.SIGINT)
            await until(lambda: len([pid for pid in workers if is_there(pid)]) == 1)  # the other had nothing to do
            router.process.send_signal(signal.SIGINT)
            await asyncio.wait_for(ended(router, workers), 8)  # 10 s are the grace
            with pytest.raises(aiohttp.ClientError):
                await reply.read()


# ------------------------------------------------------------------ a new table


async def test_a_new_table_is_every_workers(upstream: Upstream, tmp_path: Path) -> None:
    """On a SIGHUP to the parent. Who is replaced later begins with the newest that was good."""
    file = tmp_path / "routes.yaml"
    async with serving(upstream, tmp_path) as router:
        file.write_text(table(upstream, "second"))
        router.process.send_signal(signal.SIGHUP)
        await until(lambda: len(router.events("table reloaded")) == 2)
        assert [await models(router) for _ in range(6)] == [["second"]] * 6

        file.write_text("servr: {}\n")
        await until(lambda: len(router.events("table refused")) == 2)
        for pid in children(router.pid):
            before = children(router.pid)
            os.kill(pid, signal.SIGKILL)
            await until(lambda before=before: len({*children(router.pid)} - {*before}) == 1)
            (new,) = {*children(router.pid)} - {*before}
            await begun(router, new)
        assert [await models(router) for _ in range(6)] == [["second"]] * 6


# ------------------------------------------------------------------ what is said


def test_who_cannot_fork_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence and a way out, status 1, before anything is bound."""
    monkeypatch.delattr(os, "fork")
    loaded = parse("vendors: {local: {}}\nroutes: {m: {targets: [local/espeak-ng]}}\n", "routes.yaml", {})
    said = StringIO()

    status = serve(loaded, None, 0, {}, Console(file=StringIO()), Console(file=said, width=200), workers=2)

    assert status == 1
    assert "expected --workers 1" in said.getvalue()


def test_no_worker_is_no_number_of_workers(tmp_path: Path) -> None:
    """Asked wrongly: status 2."""
    command = [sys.executable, "-m", "router", "serve", "--workers", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "--workers" in done.stderr


def test_the_welcome_says_what_each_worker_has_for_itself() -> None:
    """And says nothing of it where there is one process."""
    text = "vendors: {local: {}}\nroutes: {m: {targets: [local/espeak-ng]}}\n"
    loaded, plan = parse(text, "routes.yaml", {}), plan_from(text, {})

    several = list(welcome(plan, loaded, "http://here", {}, workers=4))
    alone = list(welcome(plan, loaded, "http://here", {}))

    assert [line for line in several if line not in alone] == [
        "workers: 4; each has limits, a cache and a memory of vendors' failures of its own"
    ]
