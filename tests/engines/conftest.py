"""The embedded engines, as the router runs them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest
import pytest_asyncio

from router.upstream.processes import ProcessTransport
from router.upstream.transport import Body, Outgoing, Patience
from tests.engines.engine import Ask, Heard

PATIENCE = Patience(connect_s=30, silence_s=30)


@pytest.fixture(scope="session")
def wheels() -> None:
    """Skips what needs the extra `local` where it is not installed; REQUIRE_ALL=1 insists on it."""
    missing = [wheel for wheel in ("espeakng_loader", "pocketsphinx") if find_spec(wheel) is None]
    if missing and os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL is set and {missing} missing: pip install 'audio-router[local]'")
    if missing:
        pytest.skip(f"{missing} missing: pip install 'audio-router[local]'")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transport(wheels: None) -> AsyncIterator[ProcessTransport]:
    """The engines, which stay warm for the tests of a file."""
    one = ProcessTransport(limit=1)
    yield one
    await one.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ask(transport: ProcessTransport) -> Ask:
    """`await ask(engine, body)`: the whole answer."""

    async def answer(engine: str, body: Body) -> Heard:
        async with transport.send(Outgoing("POST", engine, {}, body), PATIENCE, lambda: None) as response:
            content = b"".join([chunk async for chunk in response.chunks()])
            return Heard(response.status, response.headers["content-type"], content)

    return answer
