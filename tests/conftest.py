"""A router on a real socket, driven as clients drive it; and a guard that nothing leaves this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
import uvicorn
from hypothesis import HealthCheck, settings
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct
from openai import AsyncOpenAI

from router.api.server import server_config
from router.app import House, create_app, furnish
from router.config import parse
from router.telemetry import CallRecord
from tests.fakes import Upstream, scripted_upstream

KEY = "sk-vendor-secret"

# how fast a machine is proves nothing: no example has a deadline, nor has the making of them
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ALL=1 a skipped test has failed: something that should be there is not."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, but REQUIRE_ALL=1: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up any host but this machine fails the test."""
    look_up = socket.getaddrinfo

    def guarded(host: str | bytes | None, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if str(name).endswith(".invalid"):  # RFC 2606: no such name will ever be
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        is_here = name in {None, "localhost", ""} or _is_loopback(str(name))
        assert is_here, f"a test looked up {name!r}"
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Running(Struct):
    """A router that serves: its address, its house, and the events of its calls."""

    url: str
    house: House
    records: list[CallRecord]
    client: AsyncOpenAI
    http: aiohttp.ClientSession

    async def record(self) -> CallRecord:
        """The event of the newest call, which ends a moment after its reply."""
        async with asyncio.timeout(5):
            while not self.records:
                await asyncio.sleep(0.005)
        return self.records[-1]


Serve = Callable[..., Awaitable[Running]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(yaml_text, **environment)`: a running router."""
    async with AsyncExitStack() as stack:

        async def start(text: str, key: str = "sk-anything", **environment: str) -> Running:
            records: list[CallRecord] = []
            house = furnish(parse(text, "routes.yaml", environment), records.append)
            url = await stack.enter_async_context(served(create_app(house)))
            client = await stack.enter_async_context(AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0))
            http = await stack.enter_async_context(aiohttp.ClientSession(base_url=url))
            return Running(url, house, records, client, http)

        yield start


def bare(handle: ASGIApp) -> ASGIApp:
    """An application that is one function for every request."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await handle(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})

    return app


@asynccontextmanager
async def served(app: ASGIApp, **limits: float) -> AsyncIterator[str]:
    """Any application behind the production server, on a port of its own; gives the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(app, **{"grace_s": 1, **limits}))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with scripted_upstream() as one:
        yield one


@pytest.fixture
async def spare() -> AsyncIterator[Upstream]:
    """A second vendor."""
    async with scripted_upstream() as one:
        yield one


def table_of(vendors: Mapping[str, str], routes: Mapping[str, list[str]], more: str = "") -> str:
    """A table: vendor name -> entry, route -> targets, and any further lines."""
    lines = ["vendors:", *(f"  {name}: {entry}" for name, entry in vendors.items()), "routes:"]
    for name, targets in routes.items():
        lines += [f"  {name}:", "    targets:", *(f"      - {target}" for target in targets)]
    return "\n".join(lines) + "\n" + more
