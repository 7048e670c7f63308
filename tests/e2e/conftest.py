"""The journeys run on uvloop, as production does; everything else runs on asyncio's own loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial

import pytest
import uvloop


class GuardedLoop(uvloop.Loop):
    """uvloop looks names up by itself; here it asks `socket`, where the guard against the network stands."""

    async def getaddrinfo(self, host, port, **hints):
        return await self.run_in_executor(None, partial(socket.getaddrinfo, host, port, **hints))


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": GuardedLoop}
