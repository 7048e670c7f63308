"""The data path of one call, top to bottom: choose, try, fall back, commit, stream, account.

Before the first byte is in hand every failure may move on to the next target; after it none may.

What lives here is the order of things. Opinions are `routing`'s, sockets are `upstream`'s, samples are `media`'s; no
HTTP server is known here.
"""

from __future__ import annotations

import random
from asyncio import CancelledError, to_thread
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from operator import length_hint
from time import monotonic

from msgspec.structs import replace

from router.attempt import Attempts
from router.cache.recordings import Recordings
from router.chain import Attempt, Chain, Since, chain_of, with_length
from router.passing import Whole, begun_early, can_begin, known
from router.reply import Audio, Reply, measure, settled, tell_cost
from router.resuming import Resuming, can_resume
from router.routing.fit import Fitted, fit_chat
from router.routing.history import History
from router.routing.judge import Failure, exhausted, judge
from router.routing.plan import Plan
from router.routing.pricing import estimate, total
from router.routing.select import Selection, select
from router.routing.translating import asked, batches, fewer, in_english, is_english, lines_of, prepared, read_lines
from router.telemetry import CallRecord, Sink, milliseconds
from router.upstream.keeping import NOBODY, Keeper
from router.upstream.racing import Alarm, Race, Run, first_of
from router.upstream.transport import Transport
from router.upstream.waiting import Abandoned, DeadlineOver
from router.wire.arriving import Arriving
from router.wire.calls import Call, ListenCall, SpeechCall
from router.wire.errors import CallError
from router.wire.faults import Fault
from router.wire.transcripts import Transcript

__all__ = ["CLIENT_LEFT", "Audio", "Relay", "Reply"]

CLIENT_LEFT = 499
SIDE_BY_SIDE = 2  # attempts at once, where a late target is hedged
Lay = Callable[[Selection, Call], Chain]
GIVEN_UP = frozenset({"timeout", "deadline", "cancelled"})  # what a vendor may do, and bill, all the same


class Relay:
    """Answers calls by the plan of the moment; calls under way keep theirs.

    `draw`: chance, from 0 to 1.
    """

    def __init__(
        self,
        plan: Plan,
        transports: Mapping[str, Transport],
        sink: Sink,
        recordings: Recordings,
        *,
        history: History | None = None,
        clock: Callable[[], float] = monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.plan = plan
        self.history = history or History()
        self._attempts = Attempts(transports, recordings, self.history, clock)
        self._sink = sink
        self._clock = clock
        self._draw = draw

    async def close(self) -> None:
        """Let what has still to be said to vendors be said."""
        await self._attempts.close()

    def adopt(self, plan: Plan) -> None:
        """Let this be the plan of all calls from now on; vendors that refused our account are asked again."""
        self.plan = plan
        self.history.health.forgive_refusals(self._clock())

    def check(self, call: Call) -> None:
        """Raise the `CallError` of a call that nobody could answer."""
        select(self.plan, call, self.history, self._clock(), self._draw())

    @asynccontextmanager
    async def answer(
        self, call: Call, record: CallRecord, keeper: Keeper = NOBODY, whole: Whole | None = None
    ) -> AsyncIterator[Reply]:
        """The committed reply to a call; leaving the context ends the vendor's call. Raises `CallError`.

        While the body of the context runs, a `Fault` that leaves it is recorded as a failure after commit. `whole`: the
        call in the end, where its upload still arrives.
        """
        began, plan = Since(self._clock()), self.plan
        reply: Reply | None = None
        given_up: list[Fitted] = []
        lay = partial(chain_of, plan=plan, began=began, given_up=given_up, owner=record.key, keeper=keeper)
        try:
            async with AsyncExitStack() as commitment:
                if whole is not None:
                    if chain := self._early(call, plan, lay):
                        run = partial(self._first_success, chain, record)
                        reply = await begun_early(run, call, whole, commitment)
                    call = await known(whole)
                    began.at = self._clock() if reply is None else began.at
                if reply is None:
                    call = await with_length(call, plan)
                    chain = lay(select(plan, call, self.history, self._clock(), self._draw(), keeper.begun_at), call)
                    reply = await self._begun(chain, call, record, commitment)
                assert chain
                record.target, record.dropped = reply.fitted.target.name, reply.fitted.dropped
                record.cache = reply.cache
                if reply.fitted.is_to_translate:
                    reply.transcript = await self._translated(reply, call, chain)
                await measure(reply, given_up)
                record.first_byte_ms = milliseconds(self._clock() - began.at)
                tell_cost(record, total([reply.cost(), *map(estimate, given_up)]))
                yield reply
            self._praise(reply)
            record.outcome, record.status = "ok", 200
        except CallError as error:
            is_refused = all(one.outcome == "abandoned" for one in record.attempts)
            record.outcome, record.status = "refused" if is_refused else "failed", error.status
            raise
        except Fault as fault:
            record.outcome, record.status = "interrupted", 200
            if reply is not None:
                self._blame(reply, fault)
            raise
        except CancelledError:
            record.outcome, record.status = ("handed on", 202) if keeper.leaves_jobs() else ("client left", CLIENT_LEFT)
            if record.first_byte_ms is not None and reply is not None:
                self._praise(reply)
            raise
        finally:
            record.units = reply.units if reply is not None else {}
            tell_cost(record, settled(reply, record, given_up))
            record.total_ms = milliseconds(self._clock() - began.at)
            record.is_told = True
            self._sink(record)

    # ------------------------------------------------------------------ attempts, up to the commit

    def _early(self, call: Call, plan: Plan, lay: Lay) -> Chain | None:
        """Whom to ask while the upload arrives; what is wrong with the call then is told when all of it is known."""
        assert isinstance(call, ListenCall)
        assert isinstance(call.audio, Arriving)
        try:
            selection = select(plan, call, self.history, self._clock(), self._draw())
            if not can_begin(plan, call, selection):
                return None
        except CallError:
            return None
        chain = lay(selection, call)
        call.audio.when_whole(lambda: setattr(chain.began, "at", self._clock()))
        return chain

    async def _begun(self, chain: Chain, call: Call, record: CallRecord, commitment: AsyncExitStack) -> Reply:
        """The reply of the first target that commits; of a route that resumes, the first piece of it."""
        if not (chain.resumes and isinstance(call, SpeechCall) and can_resume(call)):
            return await self._first_success(chain, record, commitment)
        spoken = Resuming(chain, call.format, record, self._first_success, self._blame, self._praise)
        return await spoken.begun(commitment)

    async def _first_success(self, chain: Chain, record: CallRecord, commitment: AsyncExitStack) -> Reply:
        """Try the chain until one target commits. Raises `RouteExhausted` when none does."""
        failures: list[Failure] = []
        targets = iter(list(chain.able) if chain.is_hedged else chain.able)
        walk: Run[Reply] = partial(self._walk, chain, targets, failures, record)

        def lost(other: Reply) -> None:
            chain.given_up.extend(bill.asked for bill in other.bills)

        if chain.is_hedged:
            reply = await first_of(walk, SIDE_BY_SIDE, commitment, lost)
        else:
            reply = await walk(commitment, None)
        if reply is None:
            raise exhausted(failures, is_direct=chain.is_direct, is_late=False, is_of_client=chain.is_of_client)
        return reply

    async def _walk(
        self,
        chain: Chain,
        targets: Iterator[Fitted],
        failures: list[Failure],
        record: CallRecord,
        commitment: AsyncExitStack,
        race: Race | None,
    ) -> Reply | None:
        """Try the targets that are left until one commits; None when there are no more.

        `race` starts another walk over the same targets beside this one.
        """
        for fitted in targets:
            self.history.budgets.called(fitted.target.name, chain.retry_share)
            for more in reversed(range(chain.tries)):
                attempt = Attempt(fitted, self._clock())
                try:
                    late_s = chain.hedge_after_s(fitted) if race else None
                    with Alarm(late_s, partial(self._hedge, attempt, chain, targets, race)):
                        reply = await self._attempts.make(attempt, chain, record, commitment)
                except DeadlineOver as over:
                    self._tell(record, attempt, "deadline", chain)
                    raise exhausted(failures, is_direct=chain.is_direct, is_late=True) from over
                except Fault as fault:
                    await chain.keeper.failed(fitted.target.name)
                    failures.append(Failure(fitted.target.name, fault))
                    self._tell(record, attempt, fault.kind.value, chain, fault)
                    if not (more and judge(fault).same_again and self._may_ask_again(fitted, chain)):
                        break
                except (CancelledError, Abandoned) as left:
                    is_abandoned = attempt.is_early or isinstance(left, Abandoned)
                    self._tell(record, attempt, "abandoned" if is_abandoned else "cancelled", chain)
                    raise
                else:
                    if reply.is_own:
                        self._tell(record, attempt, "ok", chain)
                    return reply
        return None

    def _tell(
        self, record: CallRecord, attempt: Attempt, outcome: str, chain: Chain, fault: Fault | None = None
    ) -> None:
        """Record an attempt, and what it may cost though nothing came of it."""
        told = attempt.told(outcome, self._clock(), fault)
        is_left = outcome == "cancelled" and chain.keeper.leaves_jobs()  # somebody else will settle it
        if attempt.is_sent and (outcome in GIVEN_UP or (fault and attempt.course.is_owed)) and not is_left:
            sent = replace(attempt.fitted.pieces()[0], is_to_translate=False)
            chain.given_up.append(sent)
            cost = estimate(sent)
            told.cost_usd = None if cost is None else cost.usd
        record.attempts.append(told)

    def _blame(self, reply: Reply, fault: Fault) -> None:
        """It broke off; of what is kept that is told where it is made."""
        if reply.cache is None:
            self.history.blamed(reply.fitted, fault, reply.began, self._clock())

    def _praise(self, reply: Reply) -> None:
        """It went well, as long as somebody listened; else as above."""
        if reply.cache is None:
            self.history.succeeded(reply.fitted, reply.began, self._clock())

    def _may_ask_again(self, fitted: Fitted, chain: Chain) -> bool:
        return self.history.budgets.allows(fitted.target.name, chain.retry_share)

    def _hedge(self, attempt: Attempt, chain: Chain, targets: Iterator[Fitted], race: Race | None) -> None:
        """Start the next target, if there is one, beside one that is late, as long as that is no load of its own."""
        attempt.is_late = True
        if race and not race.is_full and length_hint(targets) and self._may_ask_again(attempt.fitted, chain):
            race.start_another()

    # ------------------------------------------------------------------ translation

    async def _translated(self, reply: Reply, call: Call, chain: Chain) -> Transcript:
        """What a target has written down, put into English by a chat model. Raises `RouteExhausted`."""
        heard = reply.transcript
        assert heard
        if is_english(heard):
            return heard

        def chain_for(lines: Sequence[str], first: int) -> Chain:
            system, user = asked(lines, call.tunables.get("prompt"))
            translators = [*chain.translators[first:], *chain.translators[:first]]
            able = [fit_chat(target, system, user) for target in translators]
            return replace(chain, able=able, is_direct=False, is_of_client=False, cache=None)

        heard = await to_thread(prepared, heard, reply.fitted.wants)  # an hour of words takes half a second to be cut
        english = [await self._in_english(lines, chain_for, reply) for lines in batches(lines_of(heard))]
        return in_english(heard, [line for lines in english for line in lines])

    async def _in_english(
        self,
        lines: Sequence[str],
        chain_for: Callable[[Sequence[str], int], Chain],
        reply: Reply,
        asked_before: int = 0,
    ) -> Sequence[str]:
        """As many lines in English. Where a model loses count, fewer at once are asked for, of the next model first."""
        async with AsyncExitStack() as answered:
            said = await self._first_success(chain_for(lines, asked_before), reply.record, answered)
        self._praise(said)
        reply.bills += said.bills
        reply.requests += said.requests
        assert said.text
        if (english := read_lines(said.text, len(lines))) is not None:
            return english
        parts = fewer(lines)
        return [line for part in parts for line in await self._in_english(part, chain_for, reply, asked_before + 1)]
