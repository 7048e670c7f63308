"""One try at one target, up to its commit: a place, a request, an answer that has begun; or a recording of it.

What lives here: what is done with one vendor. Which is tried, when the next one is, and what is made of a failure:
`relay`.
"""

from __future__ import annotations

from asyncio import CancelledError, Event
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial

from msgspec.structs import replace

from router.cache.recordings import Recordings
from router.chain import Attempt, Chain
from router.passing import arriving_in, can_pass, is_of_slow_client
from router.reply import Audio, Reply
from router.routing.fit import Fitted
from router.routing.history import History
from router.routing.judge import pause_before_again
from router.routing.pricing import Bill
from router.sending import Sender, recording_key
from router.streams import ending, heard, remade
from router.telemetry import CallRecord
from router.upstream.ahead import Opener, after, begun, in_turn
from router.upstream.keeping import NOBODY, Keeper
from router.upstream.places import Places
from router.upstream.transport import Transport
from router.upstream.waiting import Abandoned, DeadlineOver, Limits, Waiting
from router.wire.faults import Fault, Kind

__all__ = ["Attempts"]


class _Remembered:
    """Let the history have what comes of an attempt, as far as its vendor was asked."""

    __slots__ = ("_attempt", "_clock", "_history")

    def __init__(self, attempt: Attempt, history: History, clock: Callable[[], float]) -> None:
        self._attempt = attempt
        self._history = history
        self._clock = clock

    def __enter__(self) -> None:
        """Nothing has come of it yet."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        attempt = self._attempt
        if isinstance(error, Fault):
            error.may_exist = error.may_exist or attempt.course.may_exist
            if is_of_slow_client(attempt.fitted, error):
                self._history.let_go_of(attempt.fitted)
                raise Abandoned from error
        elif error is not None and attempt.is_early:
            self._history.let_go_of(attempt.fitted)
            return
        if not attempt.is_asked:
            return
        if error is None:
            self._history.spoke(attempt.fitted, attempt.began, self._clock())
        elif isinstance(error, Fault):
            self._history.blamed(attempt.fitted, error, attempt.began, self._clock())
        else:  # left, too late, or a bug: no word on the vendor
            is_late = attempt.is_late or isinstance(error, DeadlineOver)
            self._history.abandoned(attempt.fitted, attempt.began, self._clock(), is_late=is_late)


class Attempts:
    """Makes attempts, for all calls of a process."""

    def __init__(
        self, transports: Mapping[str, Transport], recordings: Recordings, history: History, clock: Callable[[], float]
    ) -> None:
        self._sender = Sender(transports)
        self._recordings = recordings
        self._history = history
        self._places = Places()
        self._clock = clock

    async def close(self) -> None:
        """Let what has still to be said to vendors be said."""
        await self._sender.close()

    async def make(self, attempt: Attempt, chain: Chain, record: CallRecord, commitment: AsyncExitStack) -> Reply:
        """One try at one target, up to its first audio, first words or whole transcript.

        What is open then it leaves with `commitment`, in which nothing is before. Raises `Fault`, or what is nobody's:
        `DeadlineOver`, and `Abandoned`; then nothing is open.
        """
        limits = chain.limits(attempt.fitted, attempt.began)
        arriving = arriving_in(attempt.fitted)
        try:
            with (
                _Remembered(attempt, self._history, self._clock),
                Waiting(limits, is_started=arriving is None) as waiting,
            ):
                if arriving:
                    arriving.when_whole(partial(self._start, attempt, waiting))
                on_sent = waiting.request_is_sent
                if chain.cache:
                    return await self._recorded(attempt, chain, record, limits, on_sent, commitment)
                return await self._asked(attempt, record, limits, on_sent, commitment, chain.keeper)
        except BaseException as error:
            await commitment.__aexit__(type(error), error, error.__traceback__)
            raise

    def _start(self, attempt: Attempt, waiting: Waiting) -> None:
        """The upload is whole: from here on it is the vendor that is waited for."""
        attempt.began = self._clock()
        waiting.starts()

    async def _asked(
        self,
        attempt: Attempt,
        record: CallRecord,
        limits: Limits,
        on_sent: Callable[[], None],
        opened: AsyncExitStack,
        keeper: Keeper = NOBODY,
    ) -> Reply:
        """The vendor's own reply, begun, once there is a place for the call; not before an upload is whole."""
        fitted = attempt.fitted
        arriving = arriving_in(fitted)
        if arriving and not can_pass(fitted):
            await arriving.until_whole()
        bound = fitted.target.concurrency
        if bound and keeper.begun_at != fitted.target.name:  # else it is there already
            taken = self._places.taken(fitted.target.name, bound.limit, bound.queue, bound.wait)
            await opened.enter_async_context(taken)
        attempt.began, attempt.is_asked = self._clock(), True
        self._history.began(fitted, attempt.began)

        def is_sent() -> None:
            attempt.is_sent = True
            on_sent()

        first, *following = fitted.pieces()
        answer = await self._sender.send(first, limits, attempt.course, is_sent, opened, keeper)
        if arriving:
            await arriving.until_whole()  # a vendor may know its answer before that
        bill = Bill(first, answer.units, answer=answer.text)
        reply = Reply(fitted, record, [bill], attempt.began, requests=1 + len(following))
        reply.transcript, reply.text = answer.transcript, answer.text
        if answer.audio:
            reply.audio = await self._spoken(answer.audio, following, reply, opened)
        elif answer.heard:
            reply.heard = await begun(answer.heard)
        return reply

    # ------------------------------------------------------------------ speech

    async def _recorded(
        self,
        attempt: Attempt,
        chain: Chain,
        record: CallRecord,
        limits: Limits,
        on_sent: Callable[[], None],
        opened: AsyncExitStack,
    ) -> Reply:
        """The same speech as it was asked for before, or is being asked for by a twin; else the vendor's own, kept."""
        fitted = attempt.fitted
        assert chain.cache
        reply = Reply(fitted, record, [], attempt.began, requests=0)

        async def speak(held: AsyncExitStack) -> AsyncIterator[bytes]:
            # an attempt of its own, which twins may outlive the first with; without the deadline, for theirs are others
            own = Attempt(fitted, self._clock())
            patient = replace(limits, attempt_s=limits.silence_s, is_deadline=False)

            def is_sent() -> None:
                attempt.is_sent = True
                waiting.request_is_sent()
                on_sent()

            with _Remembered(own, self._history, self._clock), Waiting(patient) as waiting:
                made = await self._asked(own, record, patient, is_sent, held)
            assert made.audio
            reply.bills, reply.requests, reply.began = made.bills, made.requests, made.began
            return await held.enter_async_context(aclosing(self._whole(made.audio, own)))

        key = recording_key(fitted, None if chain.cache.shared else chain.owner)
        listening = await opened.enter_async_context(self._recordings.listening(key, chain.cache.ttl, speak))
        reply.cache = listening.how
        chunks = listening.chunks()
        reply.audio = Audio(await anext(chunks), chunks)
        return reply

    async def _whole(self, audio: Audio, attempt: Attempt) -> AsyncGenerator[bytes]:
        """All of it; how it ends is remembered of its vendor, whoever still listens."""
        try:
            yield audio.first
            async for chunk in audio.rest:
                yield chunk
        except Fault as fault:
            self._history.blamed(attempt.fitted, fault, attempt.began, self._clock())
            raise
        except (CancelledError, GeneratorExit):
            self._history.succeeded(attempt.fitted, attempt.began, self._clock())
            raise
        self._history.succeeded(attempt.fitted, attempt.began, self._clock())

    async def _spoken(
        self, chunks: AsyncIterator[bytes], following: Sequence[Fitted], reply: Reply, opened: AsyncExitStack
    ) -> Audio:
        """Wait for the first audio that can go out: the vendor's own bytes, or what is made of them while they stream.

        Pieces that follow are asked for while the one before still streams, and all become one recording.
        """
        audio = await heard(chunks, reply.bills[0], opened)
        told = reply.bills[0].asked
        if not following and told.source == told.wanted:
            return audio
        chunks, openers = self._openers(after(audio.first, audio.rest), following, reply)
        parts = in_turn(chunks, openers, pause_before_again)
        made = remade(await opened.enter_async_context(aclosing(parts)), told)
        chunks = await opened.enter_async_context(aclosing(made))
        return Audio(await anext(chunks), chunks)

    def _openers(
        self, first: AsyncIterator[bytes], following: Sequence[Fitted], reply: Reply
    ) -> tuple[AsyncIterator[bytes], Sequence[Opener]]:
        """What opens the pieces that follow: while the one before still streams, unless places are counted there."""
        if not reply.fitted.target.concurrency:
            return first, [partial(self._open_piece, one, reply) for one in following]
        ends = [Event() for _ in following]

        async def after(end: Event, piece: Fitted, next_end: Event, held: AsyncExitStack) -> AsyncIterator[bytes]:
            await end.wait()
            return ending(await self._open_piece(piece, reply, held), next_end)

        openers = [
            partial(after, end, piece, next_end)
            for end, piece, next_end in zip(ends, following, [*ends[1:], Event()], strict=True)
        ]
        return ending(first, ends[0]) if ends else first, openers

    async def _open_piece(self, fitted: Fitted, reply: Reply, held: AsyncExitStack) -> AsyncIterator[bytes]:
        """A later piece, begun; no other target may speak it. Raises `Fault`."""
        timing = fitted.target.timing["speech"]
        limits = Limits(timing.timeout_s, timing.first_byte_s, timing.timeout_s, timing.connect_s)
        attempt = Attempt(fitted, self._clock())
        try:
            async with AsyncExitStack() as opened:
                with Waiting(limits) as waiting:
                    answer = await self._sender.send(fitted, limits, attempt.course, waiting.request_is_sent, opened)
                    assert answer.audio
                    bill = Bill(fitted, answer.units)
                    audio = await heard(answer.audio, bill, opened)
                held.push_async_exit(opened.pop_all())
        except Fault as fault:
            fault.may_exist = fault.may_exist or attempt.course.may_exist
            reply.record.attempts.append(attempt.told(fault.kind.value, self._clock(), fault))
            if fault.kind is not Kind.BUSY:  # which our own other piece may be the reason of
                self._history.blamed(fitted, fault, attempt.began, self._clock())
            raise
        reply.bills.append(bill)
        return after(audio.first, audio.rest)
