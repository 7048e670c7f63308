"""A router in a process of its own: it can be killed, and what it holds is counted from outside, by /proc.

What lives here: starting, ending, counting. What a test expects of the figures is the test's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

__all__ = ["Holding", "RouterProcess", "children", "is_there", "router_process"]


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
    log: Path

    def events(self, word: str = "") -> list[dict[str, Any]]:
        """What it has logged so far, in lines that are whole, under names with this word."""
        lines = self.log.read_text().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if word in event["event"]]

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


def children(pid: int) -> list[int]:
    """The processes that a process has started, and that have not been waited for."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    """Whether a process lives. One that has ended, and that nobody waits for, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@asynccontextmanager
async def router_process(table_text: str, folder: Path, *arguments: str) -> AsyncIterator[RouterProcess]:
    """A router that serves this table from `folder`; temporary files go to `folder/tmp`, the log to `folder/log`."""
    file, temporary, log = folder / "routes.yaml", folder / "tmp", folder / "log"
    file.write_text(table_text)
    temporary.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "-m", "router", "serve", "--config", str(file), "--port", "0", *arguments),
            env=environment | {"TMPDIR": str(temporary)},
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout
        line = (await process.stdout.readline()).decode()
        url = line.split("listens on ")[1].split()[0]
        async with aiohttp.ClientSession(base_url=url, connector=aiohttp.TCPConnector(limit=0)) as http:
            yield RouterProcess(process.pid, url, http, process, temporary, log)
    finally:
        if process.returncode is None:
            for pid in (process.pid, *children(process.pid)):  # workers would drain first
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await process.wait()
        assert process.stdout
        await process.stdout.read()  # whoever still writes to it is waited for, too
