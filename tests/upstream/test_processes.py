"""Child programs as a transport, with an engine that does what the test says."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import msgspec
import pytest

from router.upstream import ahead
from router.upstream.processes import ENGINES
from router.upstream.transport import Patience
from router.wire.faults import Fault, Kind
from router.wire.upload import Upload
from tests.upstream.scripted import (
    PATIENCE,
    SLEEPING,
    WHOLE,
    Factory,
    answer_of,
    children,
    eventually,
    exists,
    fault_of,
    ignore,
    is_running,
    outgoing,
    script,
)

# Answers


async def test_answers_like_http(transport_of: Factory) -> None:
    """An answer has a status, headers by their names in lower case, and its body without empty chunks."""
    steps = [["head"], ["data", "one"], ["data", ""], ["data", "two"], ["end"]]
    async with transport_of().send(script(steps), PATIENCE, ignore) as response:
        assert response.status == 200
        assert response.headers["content-type"] == "text/plain"
        chunks = [chunk async for chunk in response.chunks()]
    assert all(chunks)
    assert b"".join(chunks) == b"onetwo"


async def test_upload_arrives_whole(transport_of: Factory, tmp_path: Path) -> None:
    """A body of bytes and uploads, in memory and on disk, arrives as it is, in its order, larger than any buffer."""
    file = tmp_path / "upload"
    file.write_bytes(os.urandom(3_000_001))
    kept = os.urandom(700_000)
    steps = msgspec.json.encode([["head"], ["echo"], ["end"]]) + b"\n"
    with file.open("rb") as source:
        body = [steps, Upload("a", "audio/wav", source), b"between", Upload("b", "audio/wav", kept)]
        answer = await answer_of(transport_of(), outgoing(body))
    expected = steps + file.read_bytes() + b"between" + kept
    assert answer == f"{len(expected)} {zlib.crc32(expected)}"


async def test_says_when_sent(transport_of: Factory) -> None:
    """`on_sent` is called once, before the answer is there."""
    events: list[str] = []
    async with transport_of().send(script(WHOLE), PATIENCE, lambda: events.append("sent")):
        events.append("answered")
    assert events == ["sent", "answered"]


async def test_knows_its_engines(transport_of: Factory) -> None:
    """An engine that is none is the request's fault, and the fault names those that there are."""
    fault = await fault_of(transport_of(), outgoing(b"", "flite"))
    assert fault.kind is Kind.INPUT
    assert "'flite'" in fault.message
    assert "ready, unable" in fault.message
    assert set(ENGINES) == {"espeak-ng", "pocketsphinx"}


# Processes


async def test_keeps_a_process_warm(transport_of: Factory) -> None:
    """The next call is answered by the same process."""
    transport = transport_of()
    assert await answer_of(transport, script(WHOLE)) == await answer_of(transport, script(WHOLE))


async def test_starts_when_asked(transport_of: Factory) -> None:
    """No process runs before the first call."""
    transport_of()
    assert children() == []


async def test_ends_an_idle_process(transport_of: Factory) -> None:
    """A process that nobody asks for is gone after the idle time, and the next call starts another."""
    transport = transport_of(idle_s=0.05)
    pid = int(await answer_of(transport, script(WHOLE)))
    await eventually(lambda: not exists(pid))
    assert int(await answer_of(transport, script(WHOLE))) != pid


async def test_bounds_its_processes(transport_of: Factory) -> None:
    """However many calls there are at once, no more processes than the limit answer them all."""
    transport = transport_of(limit=2)
    pids = await asyncio.gather(*(answer_of(transport, script(WHOLE)) for _ in range(12)))
    assert len(set(pids)) == 2


async def test_serves_in_turn(transport_of: Factory) -> None:
    """Calls that wait are served in the order in which they came."""
    transport = transport_of(limit=1)
    served: list[int] = []

    async def call(number: int) -> None:
        async with transport.send(script(WHOLE), PATIENCE, lambda: served.append(number)) as response:
            [_ async for _ in response.chunks()]

    await asyncio.gather(*(call(number) for number in range(6)))
    assert served == [0, 1, 2, 3, 4, 5]


async def test_leaves_the_line(monkeypatch: pytest.MonkeyPatch, transport_of: Factory) -> None:
    """A call that is cancelled while it waits gives its place up to those behind it."""
    monkeypatch.setattr(ahead, "MOST_AHEAD_BYTES", 10)  # so that the first is not over before it is read
    transport = transport_of(limit=1)
    async with transport.send(script([["head"], ["data", "x" * 99], ["pid"], ["end"]]), PATIENCE, ignore) as response:
        impatient = asyncio.create_task(answer_of(transport, script(WHOLE)))
        patient = asyncio.create_task(answer_of(transport, script(WHOLE)))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        pid = b"".join([chunk async for chunk in response.chunks()]).decode().strip("x")
    assert await patient == pid


# Ends


@pytest.mark.parametrize("steps", [SLEEPING, [["head"], ["pid"], *[["data", "x" * 9000]] * 200, ["end"]]])
async def test_ends_with_the_client(
    monkeypatch: pytest.MonkeyPatch, transport_of: Factory, steps: list[list[str]]
) -> None:
    """Leaving early ends the process at once, silent or talking, and the next call has a new one."""
    monkeypatch.setattr(ahead, "MOST_AHEAD_BYTES", 100_000)  # who says more waits for its reader
    transport = transport_of(limit=1)
    async with transport.send(script(steps), PATIENCE, ignore) as response:
        first = await anext(response.chunks())  # what follows at once may be in it
        pid = int(first.strip(b"x"))
        await asyncio.sleep(0.05)  # so that what it says fills every buffer
    assert not exists(pid)
    assert int(await answer_of(transport, script(WHOLE))) != pid


async def test_ends_when_cancelled(transport_of: Factory) -> None:
    """Cancelling a call in the middle of it ends its process."""
    transport = transport_of(limit=1)
    pid = asyncio.get_running_loop().create_future()

    async def call() -> None:
        async with transport.send(script(SLEEPING), PATIENCE, ignore) as response:
            async for chunk in response.chunks():
                pid.set_result(int(chunk))

    task = asyncio.create_task(call())
    process = await pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not exists(process)
    assert await answer_of(transport, script(WHOLE))


@pytest.mark.parametrize(("turns", "turn_s"), [*((turns, 0) for turns in range(9)), (20, 0.001), (80, 0.001)])
async def test_cancelled_at_any_point(transport_of: Factory, turns: int, turn_s: float) -> None:
    """A call that is cancelled at any turn of the loop leaves nothing behind, and its place is free again."""
    transport = transport_of(limit=1)
    task = asyncio.create_task(answer_of(transport, script(SLEEPING)))
    for _ in range(turns):
        await asyncio.sleep(turn_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == []
    assert await answer_of(transport, script(WHOLE))


async def test_crash_costs_one_call(transport_of: Factory) -> None:
    """A process that crashes before its answer costs that call; the fault names the signal, and the next call works."""
    transport = transport_of(limit=1)
    fault = await fault_of(transport, script([["crash"]]))
    assert fault.kind is Kind.FAILED
    assert "SIGSEGV" in fault.message
    assert await answer_of(transport, script(WHOLE))


async def test_killed_from_outside(transport_of: Factory) -> None:
    """A process killed in the middle of its answer breaks it off as garbled, and the next call works."""
    transport = transport_of(limit=1)
    async with transport.send(script(SLEEPING), PATIENCE, ignore) as response:
        chunks = response.chunks()
        os.kill(int(await anext(chunks)), signal.SIGKILL)
        with pytest.raises(Fault, match="SIGKILL") as caught:
            await anext(chunks)
    assert caught.value.kind is Kind.GARBLED
    assert await answer_of(transport, script(WHOLE))


async def test_ended_before_its_body(transport_of: Factory) -> None:
    """A process that ends by itself after the head and before any byte has failed, and its status is told."""
    fault = await fault_of(transport_of(), script([["head"], ["exit"]]))
    assert fault.kind is Kind.FAILED
    assert "status 3" in fault.message


async def test_ended_during_the_upload(transport_of: Factory) -> None:
    """A process that ends while the request is still being written has failed, without a hang."""
    transport = transport_of()
    pid = int(await answer_of(transport, script(WHOLE)))
    os.kill(pid, signal.SIGSTOP)  # so that the pipe fills up
    call = asyncio.create_task(fault_of(transport, outgoing([Upload("a", "audio/wav", bytes(2**22))])))
    await asyncio.sleep(0.05)
    assert not call.done()
    os.kill(pid, signal.SIGKILL)
    assert (await call).kind is Kind.FAILED


async def test_died_while_idle(transport_of: Factory) -> None:
    """A warm process that died unasked is passed over."""
    transport = transport_of()
    pid = int(await answer_of(transport, script(WHOLE)))
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not exists(pid))
    await asyncio.sleep(0.01)  # the loop hears of it in its next turn
    assert int(await answer_of(transport, script(WHOLE))) != pid


async def test_close_ends_all(transport_of: Factory) -> None:
    """Closing ends idle processes, those in the middle of a call, and the wait of those in line."""
    transport = transport_of(limit=2)
    pids = [int(await answer_of(transport, script(WHOLE)))]
    async with transport.send(script(SLEEPING), PATIENCE, ignore) as response:
        chunks = response.chunks()
        pids.append(int(await anext(chunks)))
        async with transport.send(script(SLEEPING), PATIENCE, ignore) as other:
            pids.append(int(await anext(other.chunks())))
            waiting = asyncio.create_task(fault_of(transport, script(WHOLE)))
            await asyncio.sleep(0)
            await transport.close()
            assert not any(map(exists, pids))
        assert (await waiting).kind is Kind.CONNECT
        with pytest.raises(Fault):
            await anext(chunks)


async def test_close_during_a_start(transport_of: Factory) -> None:
    """A process that is being started when the transport closes ends, at whatever point of its start that is."""
    for turns in range(8):
        transport = transport_of()
        call = asyncio.create_task(fault_of(transport, outgoing(b"", "mute")))
        for _ in range(turns):
            await asyncio.sleep(0)
        await transport.close()
        assert (await call).kind is Kind.CONNECT
        assert children() == []


async def test_ends_with_the_router() -> None:
    """When the router is killed, its processes end by themselves."""
    program = (
        "import asyncio, sys\n"
        "from tests.upstream.scripted import *\n"
        "async def main():\n"
        "    transport = ProcessTransport({'ready': (PROGRAM, 'ready')})\n"
        "    print(await answer_of(transport, script(WHOLE)), flush=True)\n"
        "    await asyncio.sleep(3600)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    router = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE, cwd=root)
    assert router.stdout
    pid = int(await router.stdout.readline())
    assert is_running(pid)
    router.kill()
    await router.wait()
    await eventually(lambda: not is_running(pid))


async def test_a_long_line_is_told_to_be_busy(transport_of: Factory) -> None:
    """Whoever has stood in line for as long as a connection may take is sent away: come back in a second."""
    transport = transport_of(limit=1)
    async with transport.send(script(SLEEPING), PATIENCE, ignore):
        fault = await fault_of(transport, script(WHOLE), Patience(0.05, 20))

    assert (fault.kind, fault.retry_after_s) == (Kind.BUSY, 1.0)


async def test_a_slow_reader_holds_no_process(transport_of: Factory) -> None:
    """What an engine says is kept for who reads it later, and the place is the next call's."""
    transport = transport_of(limit=1)
    steps = [["head"], *[["data", "x" * 1_000]] * 1_000, ["end"]]
    async with transport.send(script(steps), PATIENCE, ignore) as response:
        async with asyncio.timeout(20):
            assert await answer_of(transport, script(WHOLE))
        assert b"".join([chunk async for chunk in response.chunks()]) == b"x" * 1_000_000
