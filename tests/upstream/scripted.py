"""How a test talks to the scripted engine, and how it looks at processes from outside."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from router.upstream.processes import ProcessTransport
from router.upstream.transport import Body, Outgoing, Patience, Transport
from router.wire.faults import Fault

PROGRAM = str(Path(__file__).parent / "scripted_engine.py")
STARTS = ("ready", "unable", "exit", "mute", "babble")
PATIENCE = Patience(connect_s=20, silence_s=20)
HANG_S = 20

WHOLE = [["head"], ["pid"], ["end"]]
SLEEPING = [["head"], ["pid"], ["sleep"]]

Factory = Callable[..., ProcessTransport]


async def eventually(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(HANG_S):
        while not is_true():
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """A process that has ended and was not reaped does not run."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


def exists(pid: int) -> bool:
    """A process that has ended and was not reaped still exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def script(steps: list[list[str]]) -> Outgoing:
    return outgoing(msgspec.json.encode(steps))


def outgoing(body: Body, engine: str = "ready") -> Outgoing:
    return Outgoing("POST", engine, {}, body)


def ignore() -> None:
    pass


async def answer_of(transport: Transport, request: Outgoing, patience: Patience = PATIENCE) -> str:
    async with transport.send(request, patience, ignore) as response:
        return b"".join([chunk async for chunk in response.chunks()]).decode()


async def fault_of(transport: Transport, request: Outgoing, patience: Patience = PATIENCE) -> Fault:
    with pytest.raises(Fault) as caught:
        await answer_of(transport, request, patience)
    return caught.value


def children() -> list[str]:
    shown = subprocess.run(["ps", "-o", "ppid=,args=", "-A"], capture_output=True, text=True, check=True)
    mine = [line for line in shown.stdout.splitlines() if line.split()[0] == str(os.getpid())]
    return [line for line in mine if PROGRAM in line]
