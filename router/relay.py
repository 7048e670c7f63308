"""The data path of one call, top to bottom: choose, try, fall back, commit, stream, account.

Before the first byte is in hand every failure may move on to the next target; after it none may.

What lives here is the order of things. Opinions are `routing`'s, sockets are `upstream`'s, samples are `media`'s; no
HTTP server is known here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from time import monotonic

from msgspec import Struct

from router.media.paths import Undecodable
from router.routing.fit import Fitted
from router.routing.health import Health
from router.routing.judge import Failure, exhausted, judge
from router.routing.plan import Plan, Timing
from router.routing.select import Selection, select
from router.telemetry import AttemptRecord, CallRecord, Sink
from router.upstream.answers import Answer, read_answer
from router.upstream.dress import dress
from router.upstream.transport import Patience, Transport
from router.wire.audio import PCM
from router.wire.calls import Call, CallKind
from router.wire.errors import CallError
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Transcript

__all__ = ["CLIENT_LEFT", "Audio", "Relay", "Reply"]

CONNECT_S = 10.0
CLIENT_LEFT = 499


class Audio(Struct):
    """Speech that has begun: its first bytes, and the rest as it arrives (raises `Fault` when it breaks off)."""

    first: bytes
    rest: AsyncIterator[bytes]


class Reply(Struct):
    """A call that is committed to one target. Exactly one of `audio` and `transcript`."""

    fitted: Fitted
    record: CallRecord
    audio: Audio | None = None
    transcript: Transcript | None = None


class _Chain(Struct, frozen=True):
    """The targets to try for one call, how often each, and until when."""

    selection: Selection
    kind: CallKind
    tries: int
    began: float

    def targets(self) -> Iterator[tuple[Fitted, Timing]]:
        return ((fitted, fitted.target.timing[self.kind]) for fitted in self.selection.able)

    def times(self, timing: Timing, now: float) -> _Times:
        """The time of the next attempt: its own, within what the deadline of the call leaves."""
        left_s = math.inf if timing.deadline_s is None else max(0.0, self.began + timing.deadline_s - now)
        return _Times(timing, min(timing.timeout_s, left_s), is_deadline=left_s < timing.timeout_s)


class _Times(Struct, frozen=True):
    """Seconds left for an attempt; `is_deadline`: it is the call's deadline that ends them."""

    timing: Timing
    left_s: float
    is_deadline: bool


class _DeadlineOver(Exception):
    """The time of the whole call is over: no verdict on the target that was being waited for."""


class Relay:
    """Answers calls by the plan of the moment. `plan` may be swapped at any time; calls under way keep theirs."""

    def __init__(
        self,
        plan: Plan,
        transports: Mapping[str, Transport],
        sink: Sink,
        *,
        health: Health | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.plan = plan
        self._transports = transports
        self._sink = sink
        self._health = health or Health()
        self._clock = clock

    @asynccontextmanager
    async def answer(self, call: Call, record: CallRecord) -> AsyncIterator[Reply]:
        """The committed reply to a call; leaving the context ends the vendor's call. Raises `CallError`.

        While the body of the context runs, a `Fault` that leaves it is recorded as a failure after commit.
        """
        began, plan = self._clock(), self.plan
        try:
            selection = select(plan, call, self._health, began)
            async with AsyncExitStack() as commitment:
                chain = _Chain(selection, call.kind, 1 + plan.table.defaults.retries, began)
                reply = await self._first_success(chain, record, commitment)
                record.first_byte_ms = _ms(self._clock() - began)
                yield reply
            self._health.succeeded(reply.fitted.target)
            record.outcome, record.status = "ok", 200
        except CallError as error:
            record.outcome, record.status = "refused" if not record.attempts else "failed", error.status
            raise
        except Fault as fault:
            record.outcome, record.status = "interrupted", 200
            self._hold_against(reply.fitted, fault)
            raise
        except asyncio.CancelledError:
            record.outcome, record.status = "client left", CLIENT_LEFT
            raise
        finally:
            record.total_ms = _ms(self._clock() - began)
            record.is_told = True
            self._sink(record)

    async def _first_success(self, chain: _Chain, record: CallRecord, commitment: AsyncExitStack) -> Reply:
        """Try the chain until one target commits. Raises `RouteExhausted` when none does."""
        failures: list[Failure] = []
        for fitted, timing in chain.targets():
            for _ in range(chain.tries):
                started = self._clock()
                try:
                    reply = await self._attempt(fitted, record, chain.times(timing, started), commitment)
                except _DeadlineOver as over:
                    record.attempts.append(AttemptRecord(fitted.target.name, "deadline", _ms(self._clock() - started)))
                    raise exhausted(failures, is_direct=chain.selection.is_direct, is_late=True) from over
                except Fault as fault:
                    failures.append(Failure(fitted.target.name, fault))
                    record.attempts.append(_failed(fitted, fault, self._clock() - started))
                    if not self._hold_against(fitted, fault):
                        break
                else:
                    record.attempts.append(AttemptRecord(fitted.target.name, "ok", _ms(self._clock() - started)))
                    return reply
        raise exhausted(failures, is_direct=chain.selection.is_direct, is_late=False)

    async def _attempt(self, fitted: Fitted, record: CallRecord, times: _Times, commitment: AsyncExitStack) -> Reply:
        """One try at one target, up to its first audio or whole transcript.

        Raises `Fault`, or `_DeadlineOver`, which is nobody's fault; then nothing is open.
        """
        async with AsyncExitStack() as opened:
            first_byte = None
            try:
                async with asyncio.timeout(times.left_s) as scope:
                    first_byte = _FirstByte(scope, times.timing.first_byte_s)
                    answer = await self._send(fitted, times.timing, first_byte.is_due, opened)
                    audio = await _committed(answer.audio, fitted, opened) if answer.audio else None
                    first_byte.has_come()
            except TimeoutError as error:
                if times.is_deadline and not (first_byte and first_byte.is_nearer):
                    raise _DeadlineOver from error
                raise Fault(Kind.TIMEOUT, "no answer in time") from error
            await commitment.enter_async_context(opened.pop_all())
        record.target, record.dropped, record.units = fitted.target.name, fitted.dropped, answer.units
        return Reply(fitted, record, audio=audio, transcript=answer.transcript)

    async def _send(
        self, fitted: Fitted, timing: Timing, on_sent: Callable[[], None], opened: AsyncExitStack
    ) -> Answer:
        """Send the vendor's own request and read what kind of answer comes."""
        outlet = fitted.target.outlet
        request = dress(fitted.draft(), outlet.facts, outlet.settings, fitted.extras)
        transport = self._transports[outlet.facts.transport]
        patience = Patience(connect_s=CONNECT_S, silence_s=timing.timeout_s)
        response = await opened.enter_async_context(transport.send(request, patience, on_sent))
        return await read_answer(response, fitted.operation, outlet.facts, outlet.settings, fitted.wants)

    def _hold_against(self, fitted: Fitted, fault: Fault) -> bool:
        """Record whose fault it was; True when the same target may be tried again."""
        verdict = judge(fault)
        self._health.failed(fitted.target, verdict.blame, self._clock(), fault.retry_after_s)
        return verdict.same_again


class _FirstByte:
    """The time to the first byte: it runs from the moment the vendor has the whole request, until that byte is here."""

    def __init__(self, scope: asyncio.Timeout, within_s: float) -> None:
        self._scope = scope
        self._within_s = within_s
        self._is_awaited = True
        self.is_nearer = False

    def is_due(self) -> None:
        limit = self._scope.when()
        due = asyncio.get_running_loop().time() + self._within_s
        if self._is_awaited and not self._scope.expired() and (limit is None or due < limit):
            self._scope.reschedule(due)
            self.is_nearer = True

    def has_come(self) -> None:  # a vendor may answer before it has read everything
        self._is_awaited = False


async def _committed(chunks: AsyncIterator[bytes], fitted: Fitted, opened: AsyncExitStack) -> Audio:
    """Wait for the first audio that can go out: the vendor's own bytes, or what is made of them while they stream."""
    if fitted.source != fitted.wanted:
        chunks = await opened.enter_async_context(aclosing(_transcoded(chunks, fitted)))
    async for first in chunks:
        if fitted.wanted != PCM and first[:1] in (b"{", b"<"):  # no audio begins so, but for samples
            raise Fault(Kind.GARBLED, "text where audio was due")
        return Audio(first, chunks)
    raise Fault(Kind.GARBLED, "an empty answer where audio was due")


async def _transcoded(chunks: AsyncIterator[bytes], fitted: Fitted) -> AsyncGenerator[bytes]:
    from router.media.transcode import transcode  # noqa: PLC0415 - codecs are loaded when one is needed

    assert fitted.source
    assert fitted.wanted
    try:
        async with aclosing(transcode(chunks, fitted.source, fitted.wanted)) as made:
            async for chunk in made:
                yield chunk
    except Undecodable as error:
        raise Fault(Kind.GARBLED, str(error)) from error


def _failed(fitted: Fitted, fault: Fault, elapsed: float) -> AttemptRecord:
    return AttemptRecord(fitted.target.name, fault.kind.value, _ms(elapsed), fault.status, fault.message)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
