"""Child programs as a transport: calls of one engine stand in line for a bounded number of warm processes.

What lives here: which programs there are, how many run, how long an idle one stays, and that none waits for a slow
reader: what it says is kept by `ahead`, up to its bound. What goes over their pipes is
`child`'s business, what they do `engines`', which this room starts and never imports.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from router.upstream.ahead import Ahead
from router.upstream.child import Child
from router.upstream.transport import Outgoing, Patience, Response
from router.wire.faults import Fault, Kind

__all__ = ["ENGINES", "ProcessTransport"]

ENGINES: Mapping[str, Sequence[str]] = {  # name -> what the interpreter is called with
    "espeak-ng": ("-m", "router.engines", "espeak_ng"),
    "pocketsphinx": ("-m", "router.engines", "pocketsphinx_engine"),
}


class ProcessTransport:
    """Answers calls by child programs. `limit` is the number of processes per engine, by default one per processor."""

    def __init__(
        self, engines: Mapping[str, Sequence[str]] = ENGINES, *, limit: int | None = None, idle_s: float = 60
    ) -> None:
        limit = limit or os.cpu_count() or 1
        self._crews = {name: _Crew(name, arguments, limit, idle_s) for name, arguments in engines.items()}

    @asynccontextmanager
    async def send(self, request: Outgoing, patience: Patience, on_sent: Callable[[], None]) -> AsyncIterator[Response]:
        """See `Transport.send`. Also raises `Fault` (INPUT for an engine that is none, FAILED for one that crashed)."""
        if (crew := self._crews.get(request.url)) is None:
            raise Fault(Kind.INPUT, f"there is no engine {request.url!r}, but {', '.join(self._crews)}")
        answers: list[Response] = []

        async def answered(held: AsyncExitStack) -> AsyncIterator[bytes]:
            child = await held.enter_async_context(crew.child(patience.connect_s))
            await child.ask(request.body)
            on_sent()
            answers.append(await child.answer(patience.silence_s))
            return _let_go_of(held, answers[0].chunks())

        ahead = Ahead(answered)
        try:
            await ahead.opened()
            yield _Spooled(answers[0], ahead)
        finally:
            await ahead.close()

    async def close(self) -> None:
        """End every process, those in the middle of a call too."""
        for crew in self._crews.values():
            await crew.close()


async def _let_go_of(held: AsyncExitStack, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks; what is held is let go of at their end."""
    async for chunk in chunks:
        yield chunk
    await held.aclose()


class _Spooled:
    """An answer that waits for its reader where the process need not: it is free when it has said everything."""

    def __init__(self, answer: Response, ahead: Ahead) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._ahead = ahead

    def chunks(self) -> AsyncIterator[bytes]:
        """See `Response.chunks`."""
        return self._ahead.chunks()


class _Crew:
    """The processes of one engine: started when there is need, kept while warm, never more than `limit`."""

    def __init__(self, name: str, arguments: Sequence[str], limit: int, idle_s: float) -> None:
        self._name = name
        self._arguments = arguments
        self._idle_s = idle_s
        self._places = asyncio.Semaphore(limit)  # hands places out in the order of asking
        self._idle: dict[Child, asyncio.TimerHandle] = {}
        self._children: set[Child] = set()
        self._is_closed = False

    @asynccontextmanager
    async def child(self, connect_s: float) -> AsyncIterator[Child]:
        """A process for one call. It is kept if it has answered to the end, and killed if not."""
        async with self._place(connect_s):
            if self._is_closed:
                raise Fault(Kind.CONNECT, f"{self._name} takes no calls any more")
            child = self._take() or await self._start(connect_s)
            try:
                yield child
            finally:
                if child.is_free and not self._is_closed:
                    self._keep(child)
                else:
                    await self._end(child)

    @asynccontextmanager
    async def _place(self, wait_s: float) -> AsyncIterator[None]:
        """A place among the processes. Raises `Fault` (BUSY) after standing in line for `wait_s`."""
        try:
            async with asyncio.timeout(wait_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise Fault(Kind.BUSY, f"every process of {self._name} is at work", retry_after_s=1.0) from error
        try:
            yield
        finally:
            self._places.release()

    async def close(self) -> None:
        self._is_closed = True
        for timer in self._idle.values():
            timer.cancel()
        self._idle.clear()
        await asyncio.gather(*(self._end(child) for child in self._children))

    def _take(self) -> Child | None:
        """The process that was used last, so that those that are not needed grow old."""
        while self._idle:
            child, timer = self._idle.popitem()
            timer.cancel()
            if child.is_alive:
                return child
            self._dismiss(child)
        return None

    async def _start(self, connect_s: float) -> Child:
        child = await Child.spawn(self._name, self._arguments)
        self._children.add(child)
        try:
            if self._is_closed:  # in the meantime
                child.kill()
            await child.load(connect_s)
        finally:
            if not child.is_free:
                await self._end(child)
        return child

    def _keep(self, child: Child) -> None:
        self._idle[child] = asyncio.get_running_loop().call_later(self._idle_s, self._retire, child)

    def _retire(self, child: Child) -> None:
        del self._idle[child]
        self._dismiss(child)

    def _dismiss(self, child: Child) -> None:
        """Kill it; it counts as ours until nothing of it is left."""
        child.kill().add_done_callback(lambda _: self._children.discard(child))

    async def _end(self, child: Child) -> None:
        self._dismiss(child)
        await child.end()
