"""The engine's end of the pipes to the router: frames, and the loop that answers one call after the other.

A frame is one line of JSON; a `data` frame is followed by as many bytes as its line says. From start to end:

    engine   {"type":"ready"}                             loaded, takes calls; or it cannot start, says why and ends:
             {"type":"unable","message":"..."}
    router   {"type":"data","size":3} and 3 bytes         the request's body, in any number of pieces
             {"type":"end"}
    engine   {"type":"head","status":200,"content_type":"audio/pcm"}
             {"type":"data","size":4} and 4 bytes         the answer's body, as it is made
             {"type":"end"}                               ready for the next call

A refusal is an answer of status 400 with {"error":{"message":...,"code":...}}. An engine lives as long as its standard
input is open; there is no other way to end it but to kill it, and nothing is lost when that happens.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import IO

import msgspec
from msgspec import Struct

__all__ = ["Answer", "Engine", "Refusal", "Unable", "serve"]

SPOOL_BYTES = 8 * 1024 * 1024  # a longer request goes to a temporary file that has no name and so leaves nothing behind


class Refusal(Exception):
    """The engine will not take this request, by the client's fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Unable(Exception):
    """The engine cannot start here, and says why."""


class _Data(Struct, tag_field="type", tag="data"):
    size: int


class _End(Struct, tag_field="type", tag="end"):
    pass


class _Ready(Struct, tag_field="type", tag="ready"):
    pass


class _Unable(Struct, tag_field="type", tag="unable"):
    message: str


class _Head(Struct, tag_field="type", tag="head"):
    status: int
    content_type: str


_FRAMES = msgspec.json.Decoder(_Data | _End)


class Answer:
    """One call's answer as it goes out: opened once, written any number of times."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self.is_open = False

    def open(self, content_type: str, status: int = 200) -> None:
        """Send the head. What is wrong with the request has to be known by now."""
        assert not self.is_open
        self.is_open = True
        _write(self._sink, _Head(status, content_type))

    def write(self, piece: bytes) -> None:
        """Send a piece of the body at once; waits while the router does not read."""
        assert self.is_open
        if piece:
            _write(self._sink, _Data(len(piece)), piece)


Engine = Callable[[IO[bytes], Answer], None]
"""Answers one call: the request's body from its start, and where the answer goes. Before that opens, it may refuse."""


def serve(load: Callable[[], Engine]) -> None:
    """Load the engine and answer calls until the router closes the pipe."""
    source, sink = _take_over_standard_streams()
    try:
        engine = load()
    except ModuleNotFoundError as error:
        _write(sink, _Unable(f"the package {error.name!r} is missing: pip install 'audio-router[local]'"))
    except Unable as error:
        _write(sink, _Unable(str(error)))
    else:
        _write(sink, _Ready())
        while _answer_one(engine, source, sink):
            pass


def _answer_one(engine: Engine, source: IO[bytes], sink: IO[bytes]) -> bool:
    """Answer the next call; False when the router has closed the pipe instead."""
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as body:
        if not _receive(source, body):
            return False
        body.seek(0)
        answer = Answer(sink)
        try:
            engine(body, answer)
        except Refusal as refusal:
            answer.open("application/json", 400)
            answer.write(msgspec.json.encode({"error": {"message": refusal.message, "code": refusal.code}}))
    _write(sink, _End())
    return True


def _receive(source: IO[bytes], body: IO[bytes]) -> bool:
    while line := source.readline():
        frame = _FRAMES.decode(line)
        if isinstance(frame, _End):
            return True
        body.write(source.read(frame.size))
    return False


def _write(sink: IO[bytes], frame: Struct, payload: bytes = b"") -> None:
    sink.write(msgspec.json.encode(frame) + b"\n")
    sink.write(payload)
    sink.flush()


def _take_over_standard_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Return what the router writes and where it reads, both moved away from where libraries read and print."""
    source, sink = os.dup(sys.stdin.fileno()), os.dup(sys.stdout.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # The end of the pipe is the one way to end: a terminal's Ctrl-C and a service manager's SIGTERM reach the whole
    # process group, and must not cost the calls that the router still wants to finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody reads the answer any more
    threading.Thread(target=_end_with_the_router, args=[source], daemon=True).start()
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def _end_with_the_router(source: int) -> None:
    """Wait until the router is gone, in the middle of a call as well, and end at once."""
    hang_up = select.poll()
    hang_up.register(source, 0)
    hang_up.poll()
    os._exit(0)
