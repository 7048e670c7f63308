"""Speech that another vendor goes on with: a text in pieces, each given out when it is whole (`resume: sentence`).

What lives here: the pieces, and who speaks the next one. A vendor that breaks off has said nothing of its piece then,
and whoever comes next begins at its beginning, a sentence's. How one piece is asked for: `relay`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from functools import partial
from tempfile import SpooledTemporaryFile

from msgspec.structs import replace

from router.chain import Chain
from router.reply import Audio, Reply
from router.routing.fit import Fitted
from router.streams import remade
from router.telemetry import CallRecord
from router.upstream.ahead import after, in_turn
from router.vendors.spec import SpeechAsk
from router.wire.audio import PCM, Format
from router.wire.calls import SpeechCall
from router.wire.errors import CallError
from router.wire.faults import Fault, Kind
from router.wire.sentences import split

__all__ = ["Resuming", "can_resume"]

LONGEST_PIECE = 200
"""Characters: some ten seconds. A client waits for the first piece to be whole."""
IN_MEMORY_BYTES = 1024 * 1024
STEP_BYTES = 64 * 1024

FirstSuccess = Callable[[Chain, CallRecord, AsyncExitStack], Awaitable[Reply]]


def can_resume(call: SpeechCall) -> bool:
    """Whether a call can be spoken so: events of a vendor's own, and voices that take turns, are one answer each."""
    return not call.turns


class Resuming:
    """One text, spoken on. `blame` and `praise` tell of each piece how it went."""

    def __init__(
        self,
        chain: Chain,
        wanted: Format,
        record: CallRecord,
        first_success: FirstSuccess,
        blame: Callable[[Reply, Fault], None],
        praise: Callable[[Reply], None],
    ) -> None:
        self._chain = chain
        self._wanted = wanted
        self._record = record
        self._first_success = first_success
        self._blame = blame
        self._praise = praise
        self._order = list(chain.able)  # who spoke last goes first, and who broke off comes no more
        self._reply: Reply | None = None

    async def begun(self, commitment: AsyncExitStack) -> Reply:
        """The reply once its first piece is whole. Raises `RouteExhausted`."""
        ask = self._order[0].ask
        assert isinstance(ask, SpeechAsk)
        texts = split(ask.text, LONGEST_PIECE)
        first, reply = await self._piece(texts[0], commitment)
        whole = next(fitted for fitted in self._chain.able if fitted.target is reply.fitted.target)
        self._reply = reply = replace(reply, fitted=replace(whole, wanted=self._wanted), requests=len(texts))
        openers = [partial(self._next, text) for text in texts[1:]]
        parts = await commitment.enter_async_context(aclosing(in_turn(first, openers, _never)))
        made = remade(parts, replace(reply.fitted, source=PCM))
        chunks = await commitment.enter_async_context(aclosing(made))
        reply.audio = Audio(await anext(chunks), chunks)
        return reply

    async def _next(self, text: str, held: AsyncExitStack) -> AsyncIterator[bytes]:
        """A later piece. Raises `Fault` where nobody is left: the client has its status already."""
        assert self._reply
        try:
            chunks, reply = await self._piece(text, held)
        except CallError as error:
            raise Fault(Kind.FAILED, f"nobody could go on: {error.message}") from error
        self._reply.bills += reply.bills
        return chunks

    async def _piece(self, text: str, held: AsyncExitStack) -> tuple[AsyncIterator[bytes], Reply]:
        """A piece that is whole, by the first who gets to its end."""
        while True:
            chain = replace(self._chain, able=[_of_piece(fitted, text) for fitted in self._order], cache=None)
            spool = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the reply
            held.callback(spool.close)
            async with AsyncExitStack() as answered:
                reply = await self._first_success(chain, self._record, answered)
                assert reply.audio
                others = [fitted for fitted in self._order if fitted.target is not reply.fitted.target]
                try:
                    async for chunk in after(reply.audio.first, reply.audio.rest):
                        spool.write(chunk)
                except Fault as fault:
                    self._blame(reply, fault)
                    self._order = others
                    if not others:
                        raise
                    continue
            self._praise(reply)
            self._order = [fitted for fitted in self._order if fitted not in others] + others
            return _read(spool), reply


def _of_piece(fitted: Fitted, text: str) -> Fitted:
    assert isinstance(fitted.ask, SpeechAsk)
    longest = fitted.longest if fitted.longest and len(text) > fitted.longest else None
    return replace(fitted, ask=replace(fitted.ask, text=text), longest=longest)


async def _read(spool: SpooledTemporaryFile[bytes]) -> AsyncIterator[bytes]:
    spool.seek(0)
    while chunk := spool.read(STEP_BYTES):
        yield chunk


def _never(_fault: Fault, _failures: int) -> None:
    """A piece has been asked of everybody already."""
