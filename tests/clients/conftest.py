"""Clients against a router of this machine. `make test-clients` runs these in an environment of their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from router.telemetry import CallRecord
from tests.clients.stock import AsyncStock, Stock, SyncStock
from tests.conftest import Running
from tests.e2e.conftest import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]

if os.getenv("TEST_CLIENTS") != "1":  # make test: the stock Python SDK alone, in tests/e2e
    collect_ignore_glob = ["test_*.py"]

SILENCED = {  # nobody is told what a test does
    "ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "OTEL_SDK_DISABLED": "true",
}
OUR_OWN = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No telemetry, no key or address but a test's own, no proxy before the router."""
    for name, value in SILENCED.items():
        monkeypatch.setenv(name, value)
    for name in OUR_OWN:
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


async def told(router: Running, calls: int) -> list[CallRecord]:
    """The events of so many calls; the newest ends a moment after its reply."""
    async with asyncio.timeout(5):
        while len(router.records) < calls:
            await asyncio.sleep(0.005)
    return router.records


OpenStock = Callable[..., Stock]


@pytest.fixture(params=[SyncStock, AsyncStock], ids=["sync", "async"])
async def stock(request: pytest.FixtureRequest) -> AsyncIterator[OpenStock]:
    """`stock(router, **options)`: the stock Python SDK at this router, once as `OpenAI` and once as `AsyncOpenAI`."""
    async with AsyncExitStack() as stack:

        def open_stock(router: Running, **options) -> Stock:
            client: Stock = request.param(f"{router.url}/v1", **options)
            stack.push_async_callback(client.close)
            return client

        yield open_stock
