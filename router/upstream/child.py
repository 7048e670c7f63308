"""One child program and the frames on its pipes; the protocol is written down in `engines/pipe.py`.

What lives here: starting it, asking it, reading its answer, ending it. How many of them there are is `processes`'
business. Their standard error is ours, so that it never fills up and a stack trace is seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from router.upstream.transport import Body
from router.wire.arriving import Passing
from router.wire.faults import Fault, Kind

__all__ = ["Answer", "Child"]

MAX_FRAME_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
GRACE_S = 1.0


class _Ready(Struct, tag_field="type", tag="ready"):
    pass


class _Unable(Struct, tag_field="type", tag="unable"):
    message: str


class _Head(Struct, tag_field="type", tag="head"):
    status: int
    content_type: str


class _Data(Struct, tag_field="type", tag="data"):
    size: int


class _End(Struct, tag_field="type", tag="end"):
    pass


_FRAMES = msgspec.json.Decoder(_Ready | _Unable | _Head | _Data | _End)
_END = b'{"type":"end"}\n'

_Frame = _Ready | _Unable | _Head | _End | bytes
"""What a frame says; of `data` the bytes themselves."""


class Child:
    """A running child program. It answers one call at a time."""

    def __init__(self, name: str, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self.name = name
        self._process = process
        self._stdin = process.stdin
        self._stdin.transport.set_write_buffer_limits(high=0)  # drained means that the pipe has it
        self._stdout = process.stdout
        self._reading = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None
        self.is_free = False

    @classmethod
    async def spawn(cls, name: str, arguments: Sequence[str]) -> Child:
        """Start the program: this interpreter with `arguments`. Raises `Fault` (CONNECT)."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdin=PIPE, stdout=PIPE, env=_environment()
            )
        except OSError as error:
            raise Fault(Kind.CONNECT, f"{name} could not be started: {error}") from error
        return cls(name, process)

    @property
    def pid(self) -> int:
        """The operating system's number of it."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """As far as is known: its end is noticed a moment after it happens."""
        return self._process.returncode is None and not self._stdout.at_eof()

    async def load(self, connect_s: float) -> None:
        """Wait until it takes calls. Raises `Fault` (CONNECT)."""
        try:
            async with asyncio.timeout(connect_s):
                frame = await self._read()
        except TimeoutError as error:
            raise Fault(Kind.CONNECT, f"{self.name} was not ready within {connect_s:g} s") from error
        except EOFError as error:
            raise Fault(Kind.CONNECT, f"{self.name} did not start: {await self._last_words()}") from error
        match frame:
            case _Ready():
                self.is_free = True
            case _Unable(message):
                raise Fault(Kind.CONNECT, f"{self.name} cannot start: {message}")
            case _:
                raise self._out_of_turn(frame)

    async def ask(self, body: Body) -> None:
        """Send a call's whole body. Raises `Fault` (FAILED)."""
        self.is_free = False
        try:
            for part in [body] if isinstance(body, bytes) else body:
                assert not isinstance(part, Passing)  # a program is asked when the whole is here
                for piece in [part] if isinstance(part, bytes) else part.chunks():
                    self._stdin.write(b'{"type":"data","size":%d}\n' % len(piece))
                    self._stdin.write(piece)
                    await self._stdin.drain()
            self._stdin.write(_END)
            await self._stdin.drain()
        except ConnectionError as error:
            raise await self._lost(Kind.FAILED) from error

    async def answer(self, silence_s: float) -> Answer:
        """Wait for the head, for as long as it takes. Raises `Fault` (FAILED, GARBLED)."""
        frame = await self._next(Kind.FAILED, None)
        if isinstance(frame, _Head):
            return Answer(self, frame, silence_s)
        raise self._out_of_turn(frame)

    async def body(self, silence_s: float) -> AsyncIterator[bytes]:
        """The answer's body, once. Raises `Fault` (FAILED before the first byte, GARBLED after it, TIMEOUT)."""
        if_lost = Kind.FAILED
        while not isinstance(frame := await self._next(if_lost, silence_s), _End):
            if not isinstance(frame, bytes):
                raise self._out_of_turn(frame)
            if frame:
                if_lost = Kind.GARBLED
                yield frame
        self.is_free = True

    def kill(self) -> asyncio.Task[None]:
        """End it at once, whatever it does. The task is done when nothing of it is left."""
        if self._ending is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._ending = asyncio.create_task(self._reap())
        return self._ending

    async def end(self) -> None:
        """End it at once and wait until nothing of it is left, which goes on if this is cancelled."""
        await asyncio.shield(self.kill())

    async def _reap(self) -> None:
        self._stdin.close()
        async with self._reading:
            while await self._stdout.read(READ_BYTES):
                pass  # asyncio lets go of a pipe, and of the process, only when it has been read to its end
        await self._process.wait()

    async def _next(self, if_lost: Kind, silence_s: float | None) -> _Frame:
        try:
            async with asyncio.timeout(silence_s):
                return await self._read()
        except TimeoutError as error:
            raise Fault(Kind.TIMEOUT, f"{self.name} was silent for {silence_s:g} s") from error
        except EOFError as error:
            raise await self._lost(if_lost) from error

    async def _read(self) -> _Frame:
        """The next frame. Raises `EOFError` at the end, and `Fault` (GARBLED)."""
        async with self._reading:
            try:
                frame: _Ready | _Unable | _Head | _Data | _End = _FRAMES.decode(await self._stdout.readuntil(b"\n"))
            except (msgspec.DecodeError, asyncio.LimitOverrunError) as error:
                raise Fault(Kind.GARBLED, f"{self.name} sent what is no frame") from error
            if not isinstance(frame, _Data):
                return frame
            if not 0 <= frame.size <= MAX_FRAME_BYTES:
                raise Fault(Kind.GARBLED, f"{self.name} announced a frame of {frame.size} bytes")
            return await self._stdout.readexactly(frame.size)

    def _out_of_turn(self, frame: _Frame) -> Fault:
        return Fault(Kind.GARBLED, f"{self.name} sent a frame out of turn: {type(frame).__name__.strip('_').lower()}")

    async def _lost(self, kind: Kind) -> Fault:
        return Fault(kind, f"{self.name} broke off: {await self._last_words()}")

    async def _last_words(self) -> str:
        with contextlib.suppress(TimeoutError):  # its pipes end a moment before it does
            async with asyncio.timeout(GRACE_S):
                await self._process.wait()
        await self.end()
        code = self._process.returncode
        assert code is not None
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"it ended with status {code}"


def _environment() -> dict[str, str]:
    """What an interpreter needs to start, and no vendor's key: a child reads files of strangers."""
    everything = os.environ  # noqa: TID251 - handed on, never read for a decision
    return {name: everything[name] for name in PASSED_ON if name in everything}


class Answer:
    """A `Response` out of frames."""

    def __init__(self, child: Child, head: _Head, silence_s: float) -> None:
        self.status = head.status
        self.headers: Mapping[str, str] = {"content-type": head.content_type}
        self._body = child.body(silence_s)

    def chunks(self) -> AsyncIterator[bytes]:
        """See `Response.chunks`."""
        return self._body
