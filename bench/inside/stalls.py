"""How long the event loop stands still at most, under loads that have a lot of work in them.

What lives here: the router in this process, and beside it a timer that is due every five milliseconds; how late it
comes is what any other call waits. Vendor and clients are processes of their own, on the other core.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time

import uvloop
from msgspec import Struct

from bench.inside.outside import LOADS
from bench.speed.measure import free_port
from router.api.draining import DrainingServer
from router.api.server import server_config
from router.app import create_app, furnish
from router.commands.serving import COLLECTIONS
from router.config import parse
from router.telemetry import configure_logging, to_log

__all__ = ["Stall", "stalls"]

TICK_S = 0.005
CORES = sorted(os.sched_getaffinity(0))  # one and the same where there is only one
VENDORS = """\
vendors:
  own: {{like: openai, base_url: "http://127.0.0.1:{port}/v1"}}
tasks: {{folder: "{folder}"}}
routes:
  tts-1: {{targets: [own/tts-1]}}
  whisper-1: {{targets: [own/long]}}
  short: {{targets: [own/short]}}
"""


class Stall(Struct, frozen=True):
    """Milliseconds at most under a load, as the median of rounds: by which the timer came late, and what the loop's
    thread worked meanwhile, which others on this machine do not disturb."""

    load: str
    late_ms: float
    busy_ms: float


def stalls(rounds: int, names: Sequence[str] = LOADS) -> Sequence[Stall]:
    """Each load so many times, in turns."""
    os.sched_setaffinity(0, CORES[-1:])
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            late = uvloop.run(_measured(rounds, names, Path(folder)))
    finally:
        os.sched_setaffinity(0, CORES)
    return [Stall(name, *(median(column) for column in zip(*late[name], strict=True))) for name in names]


class _Ticker:
    """The most since it was last asked: how late the timer came, how long the loop's thread had worked before it."""

    def __init__(self) -> None:
        self._late_s = self._busy_s = 0.0

    async def tick(self) -> None:
        while True:
            due, began = perf_counter() + TICK_S, thread_time()  # uvloop's own clock counts milliseconds
            await asyncio.sleep(TICK_S)
            self._late_s = max(self._late_s, perf_counter() - due)
            self._busy_s = max(self._busy_s, thread_time() - began)

    def taken_ms(self) -> tuple[float, float]:
        taken = self._late_s * 1_000, self._busy_s * 1_000
        self._late_s = self._busy_s = 0.0
        return taken


async def _measured(rounds: int, names: Sequence[str], folder: Path) -> dict[str, list[tuple[float, float]]]:
    late: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    vendor_port, port, ticker = free_port(), free_port(), _Ticker()
    configure_logging((folder / "log").open("w"))  # open for as long as anything may be logged
    table = VENDORS.format(port=vendor_port, folder=folder)
    async with (
        _outside("vendor", str(vendor_port)),
        _served(table, port),
        _outside("client", f"http://127.0.0.1:{port}") as client,
    ):
        assert client.stdin
        assert client.stdout
        await _said(client.stdout, b"ready")
        ticking = asyncio.create_task(ticker.tick())
        for name in [name for _ in range(rounds) for name in names]:
            await asyncio.sleep(0.2)
            ticker.taken_ms()
            client.stdin.write(f"{name}\n".encode())
            await _said(client.stdout, b"done")
            late[name].append(ticker.taken_ms())
        ticking.cancel()
    return late


async def _said(stream: asyncio.StreamReader, word: bytes) -> None:
    line = await stream.readline()
    if line.strip() != word:
        raise RuntimeError("a load has failed; see what was printed before")


@asynccontextmanager
async def _served(table: str, port: int) -> AsyncIterator[None]:
    house = furnish(parse(table, "bench.yaml", {}), to_log)
    config = server_config(create_app(house))
    config.port = port
    server = DrainingServer(config, house.gate)
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _outside(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *("taskset", "--cpu-list", str(CORES[0]), sys.executable, "-m", "bench.inside.outside", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
