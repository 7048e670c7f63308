"""The data path of one call, top to bottom: choose, try, fall back, commit, stream, account.

Before the first byte is in hand every failure may move on to the next target; after it none may.

What lives here is the order of things. Opinions are `routing`'s, sockets are `upstream`'s, samples are `media`'s; no
HTTP server is known here.
"""

from __future__ import annotations

import math
from asyncio import CancelledError, to_thread
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from time import monotonic

from msgspec import Struct
from msgspec.structs import replace

from router.media.join import joined
from router.media.paths import Undecodable
from router.routing.fit import Fitted, fit_chat
from router.routing.health import Health
from router.routing.judge import Failure, exhausted, judge, pause_before_again
from router.routing.plan import Plan
from router.routing.select import Selection, select
from router.routing.translating import asked, batches, fewer, in_english, is_english, lines_of, prepared, read_lines
from router.telemetry import AttemptRecord, CallRecord, Sink
from router.upstream.ahead import begun, in_turn
from router.upstream.answers import Answer, audible, read_answer
from router.upstream.dress import dress
from router.upstream.transport import Patience, Transport
from router.upstream.waiting import DeadlineOver, Limits, waited
from router.vendors.spec import Heard, Unit
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
    """A call that is committed to one target. Exactly one of `audio`, `transcript`, `heard`.

    `heard` are the parts of a transcript as the vendor makes them, the whole of it last; it raises `Fault` when it
    breaks off. `bills`: what each answer says will be billed, a stream's until its end.
    """

    fitted: Fitted
    record: CallRecord
    bills: list[dict[Unit, float]]
    audio: Audio | None = None
    transcript: Transcript | None = None
    heard: AsyncIterator[Heard] | None = None
    text: str | None = None

    @property
    def units(self) -> dict[Unit, float]:
        """What will be billed, as far as vendors have said so."""
        return {unit: sum(bill.get(unit, 0.0) for bill in self.bills) for bill in self.bills for unit in bill}


class _Chain(Struct, frozen=True):
    """The targets to try, how often each, and until when. `is_of_client`: what they are asked is the client's own."""

    able: Sequence[Fitted]
    is_direct: bool
    kind: CallKind
    tries: int
    began: float
    is_of_client: bool = True

    def limits(self, fitted: Fitted, now: float) -> Limits:
        """The time of the next attempt: its own, within what the deadline of the call leaves."""
        timing = fitted.target.timing[self.kind]
        left_s = math.inf if timing.deadline_s is None else max(0.0, self.began + timing.deadline_s - now)
        is_deadline = left_s < timing.timeout_s
        return Limits(min(timing.timeout_s, left_s), timing.first_byte_s, timing.timeout_s, is_deadline=is_deadline)


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
        reply: Reply | None = None
        try:
            selection = select(plan, call, self._health, began)
            async with AsyncExitStack() as commitment:
                chain = _Chain(selection.able, selection.is_direct, call.kind, 1 + plan.table.defaults.retries, began)
                reply = await self._first_success(chain, record, commitment)
                record.target, record.dropped = reply.fitted.target.name, reply.fitted.dropped
                if reply.fitted.is_to_translate:
                    reply.transcript = await self._translated(reply, call, selection, chain)
                record.first_byte_ms = _ms(self._clock() - began)
                yield reply
            self._health.succeeded(reply.fitted.target)
            record.outcome, record.status = "ok", 200
        except CallError as error:
            record.outcome, record.status = "refused" if not record.attempts else "failed", error.status
            raise
        except Fault as fault:
            record.outcome, record.status = "interrupted", 200
            if reply is not None:
                self._hold_against(reply.fitted, fault)
            raise
        except CancelledError:
            record.outcome, record.status = "client left", CLIENT_LEFT
            raise
        finally:
            record.units = reply.units if reply is not None else {}
            record.total_ms = _ms(self._clock() - began)
            record.is_told = True
            self._sink(record)

    # ------------------------------------------------------------------ attempts, up to the commit

    async def _first_success(self, chain: _Chain, record: CallRecord, commitment: AsyncExitStack) -> Reply:
        """Try the chain until one target commits. Raises `RouteExhausted` when none does."""
        failures: list[Failure] = []
        for fitted in chain.able:
            for _ in range(chain.tries):
                started = self._clock()
                try:
                    reply = await self._attempt(fitted, record, chain.limits(fitted, started), commitment)
                except DeadlineOver as over:
                    record.attempts.append(AttemptRecord(fitted.target.name, "deadline", _ms(self._clock() - started)))
                    raise exhausted(failures, is_direct=chain.is_direct, is_late=True) from over
                except Fault as fault:
                    failures.append(Failure(fitted.target.name, fault))
                    record.attempts.append(_failed(fitted, fault, self._clock() - started))
                    if not self._hold_against(fitted, fault):
                        break
                else:
                    record.attempts.append(AttemptRecord(fitted.target.name, "ok", _ms(self._clock() - started)))
                    return reply
        raise exhausted(failures, is_direct=chain.is_direct, is_late=False, is_of_client=chain.is_of_client)

    async def _attempt(self, fitted: Fitted, record: CallRecord, limits: Limits, commitment: AsyncExitStack) -> Reply:
        """One try at one target, up to its first audio, first words or whole transcript.

        Raises `Fault`, or `DeadlineOver`, which is nobody's fault; then nothing is open.
        """
        async with AsyncExitStack() as opened:
            async with waited(limits) as waiting:
                first, *following = fitted.pieces()
                answer = await self._send(first, limits, waiting.request_is_sent, opened)
                reply = Reply(fitted, record, [answer.units], transcript=answer.transcript, text=answer.text)
                if answer.audio:
                    reply.audio = await self._spoken(answer.audio, following, reply, opened)
                elif answer.heard:
                    reply.heard = await begun(answer.heard)
            await commitment.enter_async_context(opened.pop_all())
        return reply

    async def _send(
        self, fitted: Fitted, limits: Limits, on_sent: Callable[[], None], opened: AsyncExitStack
    ) -> Answer:
        """Send the vendor's own request and read what kind of answer comes."""
        outlet = fitted.target.outlet
        request = dress(fitted.draft(), outlet.facts, outlet.settings, fitted.extras)
        transport = self._transports[outlet.facts.transport]
        patience = Patience(connect_s=CONNECT_S, silence_s=limits.silence_s)
        response = await opened.enter_async_context(transport.send(request, patience, on_sent))
        due = fitted.operation, outlet.facts, outlet.settings, fitted.wants
        return await read_answer(response, *due, as_events=fitted.ask.as_events, language=fitted.ask.language)

    def _hold_against(self, fitted: Fitted, fault: Fault) -> bool:
        """Record whose fault it was; True when the same target may be tried again."""
        verdict = judge(fault)
        self._health.failed(fitted.target, verdict.blame, self._clock(), fault.retry_after_s)
        return verdict.same_again

    # ------------------------------------------------------------------ speech

    async def _spoken(
        self, chunks: AsyncIterator[bytes], following: Sequence[Fitted], reply: Reply, opened: AsyncExitStack
    ) -> Audio:
        """Wait for the first audio that can go out: the vendor's own bytes, or what is made of them while they stream.

        Pieces that follow are asked for while the one before still streams, and all become one recording.
        """
        source, wanted = reply.fitted.source, reply.fitted.wanted
        chunks = await begun(audible(chunks, source))
        if following or source != wanted:
            parts = in_turn(chunks, [partial(self._open_piece, one, reply) for one in following], pause_before_again)
            remade = _remade(await opened.enter_async_context(aclosing(parts)), reply.fitted)
            chunks = await opened.enter_async_context(aclosing(remade))
        return Audio(await anext(chunks), chunks)

    async def _open_piece(self, fitted: Fitted, reply: Reply, held: AsyncExitStack) -> AsyncIterator[bytes]:
        """A later piece, begun; no other target may speak it. Raises `Fault`."""
        timing = fitted.target.timing["speech"]
        limits = Limits(timing.timeout_s, timing.first_byte_s, timing.timeout_s)
        started = self._clock()
        try:
            async with AsyncExitStack() as opened:
                async with waited(limits) as waiting:
                    answer = await self._send(fitted, limits, waiting.request_is_sent, opened)
                    assert answer.audio
                    chunks = await begun(audible(answer.audio, fitted.source))
                await held.enter_async_context(opened.pop_all())
        except Fault as fault:
            reply.record.attempts.append(_failed(fitted, fault, self._clock() - started))
            if fault.kind is not Kind.BUSY:  # which our own other piece may be the reason of
                self._hold_against(fitted, fault)
            raise
        reply.bills.append(answer.units)
        return chunks

    # ------------------------------------------------------------------ translation

    async def _translated(self, reply: Reply, call: Call, selection: Selection, chain: _Chain) -> Transcript:
        """What a target has written down, put into English by a chat model. Raises `RouteExhausted`."""
        heard = reply.transcript
        assert heard
        if is_english(heard):
            return heard

        def chain_for(lines: Sequence[str], first: int) -> _Chain:
            system, user = asked(lines, call.tunables.get("prompt"))
            translators = [*selection.translators[first:], *selection.translators[:first]]
            able = [fit_chat(target, system, user) for target in translators]
            return replace(chain, able=able, is_direct=False, is_of_client=False)

        heard = await to_thread(prepared, heard, reply.fitted.wants)  # an hour of words takes half a second to be cut
        english = [await self._in_english(lines, chain_for, reply) for lines in batches(lines_of(heard))]
        return in_english(heard, [line for lines in english for line in lines])

    async def _in_english(
        self,
        lines: Sequence[str],
        chain_for: Callable[[Sequence[str], int], _Chain],
        reply: Reply,
        asked_before: int = 0,
    ) -> Sequence[str]:
        """As many lines in English. Where a model loses count, fewer at once are asked for, of the next model first."""
        async with AsyncExitStack() as answered:
            said = await self._first_success(chain_for(lines, asked_before), reply.record, answered)
        self._health.succeeded(said.fitted.target)
        reply.bills += said.bills
        assert said.text
        if (english := read_lines(said.text, len(lines))) is not None:
            return english
        parts = fewer(lines)
        return [line for part in parts for line in await self._in_english(part, chain_for, reply, asked_before + 1)]


async def _remade(parts: AsyncIterator[AsyncIterator[bytes]], fitted: Fitted) -> AsyncGenerator[bytes]:
    """The parts as one recording in the format that is wanted. Raises `Fault` (GARBLED) for what is no such audio."""
    assert fitted.source
    assert fitted.wanted
    try:
        async with aclosing(joined(parts, fitted.source, fitted.wanted)) as made:
            async for chunk in made:
                yield chunk
    except Undecodable as error:
        raise Fault(Kind.GARBLED, str(error)) from error


def _failed(fitted: Fitted, fault: Fault, elapsed: float) -> AttemptRecord:
    return AttemptRecord(fitted.target.name, fault.kind.value, _ms(elapsed), fault.status, fault.message)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
