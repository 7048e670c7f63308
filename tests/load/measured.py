"""A router as a process of its own, whose memory is watched; and clients that read as slowly as one likes.

Vendors play in the test's process, so that what they hold does not count.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

MB = 1024 * 1024
SAMPLE_EVERY_S = 0.02
SLOW_BUFFER_BYTES = 4096
HEAD_WAIT_S = 30


class Router:
    """A router that serves. `grown` tells by how much its resident memory grew, at most, over what it was before."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        assert found
        return int(found[1]) / 1024

    @asynccontextmanager
    async def watched(self, what: str) -> AsyncIterator[Growth]:
        """Sample while the context lasts; the figure is printed at its end."""
        growth = Growth(self.resident_mb())
        growth.peak_mb = growth.before_mb

        async def sample() -> None:
            while True:
                growth.peak_mb = max(growth.peak_mb, self.resident_mb())
                await asyncio.sleep(SAMPLE_EVERY_S)

        sampling = asyncio.create_task(sample())
        try:
            yield growth
        finally:
            sampling.cancel()
            print(f"\n{what}: {growth.before_mb:.0f} MB before, {growth.mb:+.1f} MB at the peak")  # noqa: T201 - asked for


class Growth(Struct):
    """Resident memory before and at its peak."""

    before_mb: float
    peak_mb: float = 0.0

    @property
    def mb(self) -> float:
        return self.peak_mb - self.before_mb


@asynccontextmanager
async def router_process(folder: Path, table: str) -> AsyncIterator[Router]:
    """`audio-router serve` with this table, its spools and its tasks in `folder`."""
    file = folder / "routes.yaml"
    file.write_text(f"{table}tasks: {{folder: '{folder}/tasks'}}\n")
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "router", "serve", "--config", str(file), "--port", "0"),
        env={**environment, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout
    printed = b""
    try:
        async for line in process.stdout:
            printed += line
            if b"Stop with Ctrl-C." in line:
                break
        found = re.search(rb"listens on http://127\.0\.0\.1:(\d+)", printed)
        assert found, printed
        yield Router(process.pid, int(found[1]))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()


class Reader:
    """A client with the smallest buffers there are: what it does not read waits at the router, or before it."""

    def __init__(self, router: Router, path: str, body: object) -> None:
        self._port = router.port
        content = msgspec.json.encode(body)
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self._request = f"{head}content-length: {len(content)}\r\n\r\n".encode() + content
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
        self._socket.setblocking(False)
        self.read_bytes = 0

    async def ask(self) -> float:
        """Seconds until the first bytes of the reply are here."""
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        await loop.sock_connect(self._socket, ("127.0.0.1", self._port))
        await loop.sock_sendall(self._socket, self._request)
        async with asyncio.timeout(HEAD_WAIT_S):
            head = await loop.sock_recv(self._socket, 1024)
        assert head.startswith(b"HTTP/1.1 200"), head
        self.read_bytes += len(head)
        return time.perf_counter() - began

    async def read(self, seconds: float, bytes_a_second: int = 1024) -> None:
        """Go on for that long, at that pace."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            self.read_bytes += len(await loop.sock_recv(self._socket, bytes_a_second))
            await asyncio.sleep(1)

    async def rest(self) -> int:
        """All that is left, as fast as it comes; how much the reply was in all, with its head."""
        loop = asyncio.get_running_loop()
        while chunk := await loop.sock_recv(self._socket, MB):
            self.read_bytes += len(chunk)
        return self.read_bytes

    def close(self) -> None:
        self._socket.close()
