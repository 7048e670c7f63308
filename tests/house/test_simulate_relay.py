"""The simulation plays what the relay does: both have the same day, call by call, with the same vendors."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

import pytest

from bench.simulate.engine import WORDS, simulate
from bench.simulate.rules import RULES
from bench.simulate.tally import Tally
from bench.simulate.traffic import Arrival, arrivals
from bench.simulate.vendors import Answer, opened
from bench.simulate.world import compiled, table_of
from router.cache.recordings import Recordings
from router.cache.store import BoundedMemoryCache
from router.relay import Relay
from router.telemetry import CallRecord
from router.upstream.transport import Outgoing, Patience, Response
from router.wire.audio import PCM
from router.wire.calls import SpeechCall
from router.wire.errors import CallError
from router.wire.faults import Fault, Kind

CALLS, SEED = 600, 3
CURRENT: ContextVar[Arrival] = ContextVar("the call that is routed")


class _Skipping(selectors.DefaultSelector):
    """Nothing is waited for: time is where the next timer is."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += max(timeout or 0.0, 0.0)
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, selector: _Skipping) -> None:
        super().__init__(selector)
        self._skipping = selector

    def time(self) -> float:
        return self._skipping.now


class _Answered:
    """A simulated vendor's answer on the wire."""

    def __init__(self, answer: Answer) -> None:
        fault = answer.fault
        self._answer = answer
        self.status = fault.status if fault else 200
        self.headers: Mapping[str, str] = {"content-type": "audio/pcm"}
        if fault:
            wait_s = fault.retry_after_s
            self.headers = {"content-type": "application/json"} | ({"retry-after": f"{wait_s:g}"} if wait_s else {})

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._answer.fault:
            yield b'{"error": {"message": "no"}}'
            return
        yield b"\0\0"
        if (breaks_s := self._answer.breaks_s) is not None:
            await asyncio.sleep(breaks_s)
            raise Fault(Kind.GARBLED, "the connection broke")
        await asyncio.sleep(self._answer.stream_s)
        yield b"\0\0"


class _Wire:
    """The simulated vendors as a transport."""

    def __init__(self) -> None:
        self._vendors = {vendor.profile.name: vendor for vendor in opened(CALLS, SEED)}
        self._asked: Counter[tuple[int, str]] = Counter()

    @asynccontextmanager
    async def send(
        self, request: Outgoing, _patience: Patience, on_sent: Callable[[], None]
    ) -> AsyncIterator[Response]:
        name = urlsplit(request.url).netloc.removesuffix(".invalid")
        arrival = CURRENT.get()
        self._asked[arrival.number, name] += 1
        answer = self._vendors[name].asked(
            arrival, self._asked[arrival.number, name], asyncio.get_running_loop().time()
        )
        on_sent()
        try:
            await asyncio.sleep(min(answer.after_s, 86_400))
        finally:
            self._vendors[name].waiting -= 1
        if answer.fault and answer.fault.status is None:
            raise answer.fault
        yield _Answered(answer)


def _relayed(route: str) -> Tally:
    """The day as the relay itself has it."""
    tally, loop = Tally(), _VirtualLoop(_Skipping())
    relay = Relay(
        compiled(table_of()),
        {"http": _Wire()},  # type: ignore[dict-item]
        lambda _record: None,
        Recordings(BoundedMemoryCache(0), lambda: 0),
        clock=loop.time,
        draw=lambda: CURRENT.get().draw,
    )

    async def one(arrival: Arrival) -> None:
        CURRENT.set(arrival)
        text = WORDS[: arrival.characters]
        call = SpeechCall(model=route, text=text, voice=arrival.voice, format=PCM)
        record = CallRecord(str(arrival.number), "speech", route)
        first_s = math.nan
        try:
            async with relay.answer(call, record) as reply:
                first_s = loop.time() - arrival.at
                assert reply.audio
                async for _ in reply.audio.rest:
                    pass
        except (CallError, Fault):
            pass
        if record.outcome == "ok":
            tally.spoke(arrival.at, first_s)
        tally.ended(record.outcome, 0.0, len(record.attempts), has_hedged=False)  # type: ignore[arg-type]

    async def day() -> None:
        async with asyncio.TaskGroup() as calls:
            for arrival in arrivals(CALLS, SEED):
                await asyncio.sleep(arrival.at - loop.time())
                calls.create_task(one(arrival))

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(day())
    return tally


@pytest.mark.parametrize("key", ["order", "hedged-quick", "cost-quick", "latency"])
def test_the_simulation_has_the_day_that_the_relay_has(key: str) -> None:
    """Outcomes and attempts are the same, and each call's first audio comes when the relay's own does."""
    relayed, simulated = _relayed(key), simulate(RULES[key], CALLS, SEED)

    assert simulated.outcomes == relayed.outcomes
    assert simulated.attempts == relayed.attempts
    assert simulated.first_s() == pytest.approx(relayed.first_s(), abs=1e-5)
