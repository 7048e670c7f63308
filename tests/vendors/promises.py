"""What must hold between a vendor file and the evidence for it: a test module of a vendor is rows, and this class.

What lives here: the tests that every such module runs over its rows. Promises that need no rows: `test_contract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import Struct

from router.upstream.answers import Answer, read_answer
from router.vendors.spec import Operation, Unit
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Delta, Segment, Transcript
from tests.vendors.evidence import (
    Answered,
    Case,
    Reply,
    as_we_do,
    error_of,
    facts_of,
    fitted,
    key_of,
    names_of,
    our_request,
    recorded,
    reply_of,
)
from tests.vendors.journeys import journey_of, played
from tests.vendors.subjects import operations

NOTHING: Mapping[Unit, float] = {}


class Reading(Struct, frozen=True):
    """A row: what the reply to the case of that name says. No transcript: its bytes are the audio.

    Of a stream of events: `parts` come before the transcript, or `audio` is what they hold.
    """

    name: str
    transcript: Transcript | None = None
    units: Mapping[Unit, float] = NOTHING
    parts: Sequence[Delta | Segment] = ()
    audio: bytes | None = None

    @property
    def is_events(self) -> bool:
        """Whether it is the answer to a call that asked for events."""
        return bool(self.parts or self.audio)


class Way(Struct, frozen=True):
    """A row: a call whose vendor takes several steps, and what comes of it. `case` and the journey share the name.

    `audio`: what the last step brings, else a `transcript`. `fault`: what it ends with instead.
    """

    case: Case
    audio: bytes | None = None
    transcript: Transcript | None = None
    units: Mapping[Unit, float] = NOTHING
    fault: Kind | None = None

    @property
    def name(self) -> str:
        return self.case.name


class Refusal(Struct, frozen=True):
    """A row: what the error of that name says."""

    name: str
    kind: Kind
    message: str
    code: str | None = None
    retry_after_s: float | None = None


def plain(heard: Any) -> Any:
    """Transcripts and their parts with lists as lists, so that they equal others of the same words; audio, readable."""
    return msgspec.json.decode(msgspec.json.encode(heard))


class AnswerPromises:
    """What a vendor answers. Subclassed in its test module, which gives the rows."""

    vendor: ClassVar[str]
    cases: ClassVar[Sequence[Case]] = ()
    readings: ClassVar[Sequence[Reading]]
    refusals: ClassVar[Sequence[Refusal]]
    ways: ClassVar[Sequence[Way]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        every = {"case": self.cases, "reading": self.readings, "refusal": self.refusals, "way": self.ways}
        for row, rows in every.items():
            if row in metafunc.fixturenames:
                metafunc.parametrize(row, rows, ids=[one.name for one in rows])

    async def test_the_reply_is_read_exactly(self, reading: Reading):
        """Text, words, times, speakers, billed units; or the audio, byte for byte."""
        reply = reply_of(self.vendor, reading.name)
        answer = await self._read(reply, reading.name.partition("-")[0], as_events=reading.is_events)
        *parts, whole = [part async for part in answer.heard] if answer.heard else [answer.transcript]
        audio = b"".join([chunk async for chunk in answer.audio]) if answer.audio else None

        assert plain([*reading.parts, reading.transcript]) == plain([*parts, whole])
        assert audio is None or (reading.audio or reply.content()) == audio
        assert reading.units == answer.units

    async def test_the_error_is_told_apart(self, refusal: Refusal):
        """Every error has its kind, whichever status and shape it comes in."""
        reply = error_of(self.vendor, refusal.name)
        with pytest.raises(Fault) as caught:
            await self._read(reply, next(operations(self.vendor))[0])
        fault = caught.value

        assert refusal == Refusal(refusal.name, fault.kind, fault.message, fault.code, fault.retry_after_s)
        assert reply.status == fault.status

    def test_every_fixture_has_a_row_and_every_row_a_fixture(self):
        """Nothing in the folder is forgotten, and no two rows share a name."""
        every = {"request": self.cases, "reply": self.readings, "error": self.refusals, "journey": self.ways}
        for what, rows in every.items():
            assert sorted(names_of(self.vendor, what)) == sorted(row.name for row in rows)

    async def _read(self, reply: Reply, kind: str, *, as_events: bool = False) -> Answer:
        facts = facts_of(self.vendor)
        operation: Operation = getattr(facts, kind)
        secrets = {"api_key": key_of(self.vendor)}
        return await read_answer(Answered(reply), operation, facts, secrets, frozenset(), as_events=as_events)


class JobPromises(AnswerPromises):
    """What a vendor is asked, step by step, for one that takes several."""

    async def test_the_job_is_seen_through(self, way: Way, monkeypatch: pytest.MonkeyPatch):
        """Each step is the one that the vendor documents, with our key where it belongs; the end is the result."""
        journey, call = journey_of(self.vendor, way.name), fitted(self.vendor, way.case)
        if way.fault:
            with pytest.raises(Fault) as caught:
                await played(call, journey, monkeypatch)
            assert caught.value.kind is way.fault
            return
        answer, audio = await played(call, journey, monkeypatch)

        assert plain([way.transcript, way.units]) == plain([answer.transcript, answer.units])
        assert way.audio == audio


class VendorPromises(AnswerPromises):
    """What a vendor is sent, too: for one whose official SDK has sent the same."""

    def test_the_request_is_the_sdks(self, case: Case):
        """What we send for a call equals what the vendor's own SDK sends for the same parameters."""
        expected = as_we_do(recorded(self.vendor, case).request, case.differences)
        actual = our_request(self.vendor, case)

        assert expected == actual
