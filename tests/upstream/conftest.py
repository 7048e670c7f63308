"""Transports over the scripted engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.upstream.processes import ProcessTransport
from tests.upstream.scripted import PROGRAM, STARTS, Factory, eventually


@pytest.fixture
async def transport_of() -> AsyncIterator[Factory]:
    """Makes transports over the scripted engine, and sees that they leave no process, task or descriptor behind."""
    before = _belongings()
    made: list[ProcessTransport] = []

    def make(**settings) -> ProcessTransport:
        made.append(ProcessTransport({start: (PROGRAM, start) for start in STARTS}, **settings))
        return made[-1]

    yield make
    for transport in made:
        await transport.close()
    await eventually(lambda: _belongings() == before)


def _belongings() -> tuple[int, int]:
    return len(asyncio.all_tasks()), len(list(Path("/dev/fd").iterdir()))
