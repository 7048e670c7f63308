"""Thousands of calls over three vendors, two of which fail three times in ten, in ten ways: every call succeeds.

The router is a process of its own, so that its memory, descriptors and threads are its own. Prints its figures.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import quantiles

import aiohttp
import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from tests.conftest import KEY
from tests.e2e.jobs import MODEL
from tests.fakes import scripted_upstream
from tests.load.chaos import SEED, WAYS, ChaosVendor, digest, recording_of, song_of, told
from tests.processes import Holding, RouterProcess, router_process

CALLS = 6_000
KINDS = {"speech": 0.60, "transcription": 0.36, "music": 0.04}
AT_ONCE = 24
SHARE = 0.33
"""Of what each of the two is asked. The third is asked what both have failed at: of all attempts it is 3 in 10."""
MODELS = 600
"""So that no target is asked often enough to be sent to rest for its failures: what is tested here is the way on."""
WARM_UP = 600
LONGEST_S = 180
MOST_GROWTH_BYTES = 48 * 1024**2
KEPT_FOR_S = 40.0
"""aiohttp keeps connections to vendors for 15 s, and looks after them about as often."""
DATABASE_FDS = 3  # of tasks: the database, its log, its index

pytestmark = pytest.mark.load


class Tally(Struct):
    """What has come of the calls."""

    calls: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    attempts: int = 0
    wrong: list[str] = field(default_factory=list)


def table(vendors: list[ChaosVendor], folder: Path) -> str:
    """The same three for every kind and model; a vendor that stalls is left after a third of a second."""
    lines = ["vendors:"]
    for one in vendors:
        lines += [f"  {one.name}: {{like: openai, base_url: '{one.url}', api_key: {KEY}}}"]
        lines += [f"  {one.name}-jobs: {{like: replicate, base_url: '{one.url}', api_key: {KEY}}}"]
    lines += ["defaults: {first_byte_timeout: 330ms, music: {first_byte_timeout: 3s}}", "routes:"]
    for route, target in (("speak", "{}/m{}"), ("hear", "{}/m{}"), ("sing", "{}-jobs/" + MODEL + "-{}")):
        for model in range(MODELS):
            targets = ", ".join(target.format(one.name, model) for one in vendors)
            lines += [f"  {route}-{model}: {{targets: [{targets}]}}"]
    return "\n".join([*lines, f"tasks: {{folder: '{folder}'}}", ""])


class Caller:
    """Makes calls, and checks every byte of what comes."""

    def __init__(self, router: RouterProcess, tally: Tally) -> None:
        self._http = router.http
        self._tally = tally

    async def make(self, number: int) -> None:
        call, lot = f"call-{number}", random.Random(f"{SEED} {number}")
        (kind,) = lot.choices(list(KINDS), list(KINDS.values()))
        began = time.perf_counter()
        is_right = await getattr(self, f"_{kind}")(call, number % MODELS, lot)
        self._tally.seconds.setdefault(kind, []).append(time.perf_counter() - began)
        self._tally.calls[kind] += 1
        if not is_right:
            self._tally.wrong.append(f"{kind} {call}")

    async def _speech(self, call: str, model: int, _lot: random.Random) -> bool:
        body = {"model": f"speak-{model}", "voice": "alloy", "input": f"{call} speaks"}
        async with self._http.post("/v1/audio/speech", json=body) as reply:
            return await reply.read() == recording_of(self._teller(reply), call)

    async def _music(self, call: str, model: int, _lot: random.Random) -> bool:
        async with self._http.post(
            "/v1/audio/music", json={"model": f"sing-{model}", "input": f"{call} sings"}
        ) as reply:
            return await reply.read() == song_of(self._teller(reply).removesuffix("-jobs"), call)

    async def _transcription(self, call: str, model: int, lot: random.Random) -> bool:
        file = b"RIFF" + call.encode() + b" " + lot.randbytes(lot.randrange(50_000, 500_000))
        form = aiohttp.FormData({"model": f"hear-{model}"})
        form.add_field("file", file, filename="a.wav", content_type="audio/wav")
        async with self._http.post("/v1/audio/transcriptions", data=form) as reply:
            vendor = self._teller(reply)
            return reply.status == 200 and (await reply.json())["text"] == f"{vendor} {digest(file)}"

    def _teller(self, reply: aiohttp.ClientResponse) -> str:
        self._tally.attempts += int(reply.headers.get("x-router-attempts", "0"))
        return reply.headers.get("x-router-target", "").partition("/")[0]


async def run(router: RouterProcess, tally: Tally, numbers: range) -> None:
    """All of these calls, so many at once."""
    caller, left = Caller(router, tally), iter(numbers)

    async def work() -> None:
        for number in left:
            await caller.make(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def idle(router: RouterProcess) -> Holding:
    """What it holds once it has answered anything, and nobody is connected."""
    async with aiohttp.ClientSession() as one, one.get(f"{router.url}/health/live") as reply:
        assert reply.status == 200
    await asyncio.sleep(0.5)
    return router.holding()


async def at_rest(router: RouterProcess, before: Holding) -> Holding:
    """What it holds as soon as that is no more than before, or after the time for which connections are kept."""
    until = time.monotonic() + KEPT_FOR_S
    while (now := router.holding()).fds > before.fds + DATABASE_FDS and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return now


def tell(tally: Tally, vendors: list[ChaosVendor], before: Holding, after: Holding, took_s: float) -> None:
    """The figures of docs/RELIABILITY.md."""
    faults: Counter[str] = sum((one.faults for one in vendors), Counter())
    figures = {
        "seed": SEED,
        "seconds": round(took_s, 1),
        "calls": sum(tally.calls.values()),
        "by_kind": dict(tally.calls),
        "attempts": tally.attempts,
        "retries": tally.attempts - sum(tally.calls.values()),
        "faults": sum(faults.values()),  # more than retries: a kept connection that was closed is tried once more
        "faults_by_way": dict(faults),
        "asked": {one.name: one.asked for one in vendors},
        "latency_ms": {
            kind: {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1)}
            for kind, taken in tally.seconds.items()
            for cuts in [quantiles(taken, n=100)]
        },
        "rss_mb": {"before": before.rss_bytes >> 20, "after": after.rss_bytes >> 20},
        "rss_growth_mb": round((after.rss_bytes - before.rss_bytes) / 2**20, 1),
        "fds": [before.fds, after.fds],
        "threads": [before.threads, after.threads],
        "wrong": tally.wrong[:10],
    }
    for name, figure in figures.items():
        print(f"chaos {name}: {told(figure)}")  # noqa: T201 - it is what the run is for


@pytest.mark.timeout(LONGEST_S + 60)
async def test_every_call_succeeds_while_vendors_fail(tmp_path: Path) -> None:
    """Byte for byte, and what the router holds is in the end what it held after the first calls."""
    vendors = [ChaosVendor("one", SHARE), ChaosVendor("two", SHARE), ChaosVendor("three", 0.0)]
    tally = Tally()
    async with AsyncExitStack() as stack:
        for one in vendors:
            upstream = await stack.enter_async_context(scripted_upstream())
            one.url = upstream.url
            upstream.answers(one.answer)
            upstream.seen = Forgotten()
        router = await stack.enter_async_context(router_process(table(vendors, tmp_path / "state"), tmp_path))
        at_first = await idle(router)
        began = time.monotonic()
        async with asyncio.timeout(LONGEST_S):
            await run(router, tally, range(WARM_UP))
            before = router.holding()
            await run(router, tally, range(WARM_UP, CALLS))
        took_s = time.monotonic() - began
        await router.http.close()
        after = await at_rest(router, at_first)
        tell(tally, vendors, replace(before, fds=at_first.fds), after, took_s)

    assert tally.wrong == []
    assert 0.25 < (tally.attempts - CALLS) / tally.attempts < 0.35
    assert [set(one.faults) for one in vendors] == [set(WAYS), set(WAYS), set()]
    assert after.rss_bytes - before.rss_bytes < MOST_GROWTH_BYTES
    assert after.fds <= at_first.fds + DATABASE_FDS
    assert (after.threads, after.unnamed_files) <= (before.threads, at_first.unnamed_files)


class Forgotten(list):  # type: ignore[type-arg]
    """Keeps nothing: hundreds of megabytes of uploads would be kept by the vendor of a test."""

    def append(self, _seen: object) -> None:
        return
