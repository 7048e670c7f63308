"""A router in a process of its own: it can be killed, and what it holds is counted from outside, by /proc.

What lives here: starting, ending, counting. What a test expects of the figures is the test's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from msgspec import Struct

__all__ = ["Holding", "RouterProcess", "router_process"]


class Holding(Struct, frozen=True):
    """What a process holds at one moment."""

    rss_bytes: int
    fds: int
    threads: int
    unnamed_files: int


class RouterProcess(Struct):
    """A router that serves, and a client of it."""

    pid: int
    url: str
    http: aiohttp.ClientSession
    process: asyncio.subprocess.Process
    temporary: Path

    def holding(self) -> Holding:
        """Its memory, its open files, its threads, and those of the files that have no name on the disk."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        figures = dict(line.split(":", 1) for line in status.splitlines())
        targets = open_files(self.pid)
        return Holding(
            rss_bytes=int(figures["VmRSS"].split()[0]) * 1024,
            fds=len(targets),
            threads=int(figures["Threads"]),
            unnamed_files=sum(target.endswith("(deleted)") for target in targets),
        )


def open_files(pid: int | str) -> list[str]:
    """What each open descriptor of a process leads to."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # that of the listing itself is closed by now
            found.append(str(entry.readlink()))
    return found


@asynccontextmanager
async def router_process(table_text: str, folder: Path) -> AsyncIterator[RouterProcess]:
    """A router that serves this table from `folder`; its temporary files go to `folder/tmp`."""
    file, temporary = folder / "routes.yaml", folder / "tmp"
    file.write_text(table_text)
    temporary.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "router", "serve", "--config", str(file), "--port", "0"),
        env=environment | {"TMPDIR": str(temporary)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout
        line = (await process.stdout.readline()).decode()
        url = line.split("listens on ")[1].split()[0]
        async with aiohttp.ClientSession(base_url=url, connector=aiohttp.TCPConnector(limit=0)) as http:
            yield RouterProcess(process.pid, url, http, process, temporary)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
