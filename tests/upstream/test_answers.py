"""Telling answers apart, and errors in a vendor's shape, with the bytes cut anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from router.upstream.answers import interim_of, read_answer
from router.upstream.audible import Audible
from router.upstream.documents import Bounds
from router.upstream.lookup import fault_in
from router.vendors import find_vendor
from router.vendors.spec import ErrorShape, Unit
from router.wire.audio import MP3
from router.wire.faults import Fault, Kind


class Canned:
    """A response from a list of chunks."""

    def __init__(self, *chunks: bytes, status: int = 200, **headers: str) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {"content-type": "application/json", **headers}
        self._chunks = chunks

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


BODY = '{"text":"grüß dich","duration":2.5,"usage":{"type":"duration","seconds":3}}'.encode()
NOTHING: frozenset[str] = frozenset()
OPENAI = find_vendor("openai")
assert OPENAI
assert OPENAI.transcription
assert OPENAI.speech


async def test_a_transcript_is_the_same_wherever_its_bytes_are_cut() -> None:
    """Two pieces at every boundary, and byte by byte."""
    cuts = [(BODY[:index], BODY[index:]) for index in range(len(BODY) + 1)]
    for chunks in [*cuts, tuple(BODY[index : index + 1] for index in range(len(BODY)))]:
        answer = await read_answer(Canned(*chunks), OPENAI.transcription, OPENAI, {}, NOTHING)

        assert answer.transcript
        assert (answer.transcript.text, answer.transcript.duration) == ("grüß dich", 2.5)
        assert answer.units == {Unit.SECOND: 3.0}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"text"', "not JSON"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "not JSON"),
        (b'{"text":"x","logprobs":[{"token":"x","logprob":0,"bytes":9000000000}]}', "unexpected transcript: TypeError"),
        (b"{}", "unexpected transcript: KeyError: 'text'"),
        (b"[]", "unexpected transcript: AttributeError"),
        (b'{"text":"x","words":[7]}', "unexpected transcript: TypeError"),
        (b'{"text":7}', "unexpected transcript: ValidationError"),
        (b'{"text":"x","duration":"long"}', "unexpected transcript: ValidationError"),
        (b'{"text":"x","duration":1e999}', "not JSON"),
        (b'{"text":"x","words":[{"word":"a","start":null,"end":1}]}', "unexpected transcript: ValidationError"),
        (b'{"text":"x","segments":[{"text":null,"start":0,"end":1}]}', "unexpected transcript: AttributeError"),
    ],
)
async def test_what_is_no_transcript_is_garbled(body: bytes, message: str) -> None:
    """Never a crash, whatever a vendor sends."""
    with pytest.raises(Fault) as garbled:
        await read_answer(Canned(body), OPENAI.transcription, OPENAI, {}, NOTHING)

    assert garbled.value.kind is Kind.GARBLED
    assert message in garbled.value.message


async def test_an_error_inside_a_200_is_an_error() -> None:
    """A code where success was due is a fault of its kind, for audio and for text."""
    body = b'{"error":{"message":"no money","code":"insufficient_quota"}}'
    for operation in (OPENAI.speech, OPENAI.transcription):
        with pytest.raises(Fault) as fault:
            await read_answer(Canned(body), operation, OPENAI, {}, NOTHING)

        assert (fault.value.kind, fault.value.message) == (Kind.QUOTA, "no money")


async def test_a_document_where_events_were_due_is_no_stream() -> None:
    """A vendor that always streams its speech says what is wrong in plain JSON, by a code of its own."""
    vendor = find_vendor("minimax")
    assert vendor
    assert vendor.speech
    body = b'{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}'

    with pytest.raises(Fault) as fault:
        await read_answer(Canned(body, **{"content-type": "application/json"}), vendor.speech, vendor, {}, NOTHING)

    assert (fault.value.kind, fault.value.message) == (Kind.QUOTA, "insufficient balance")


async def test_no_secret_leaves_in_a_message() -> None:
    """A vendor that repeats our key is scrubbed."""
    response = Canned(b'{"error":{"message":"key sk-secret is bad"}}', status=401)

    with pytest.raises(Fault) as fault:
        await read_answer(response, OPENAI.speech, OPENAI, {"api_key": "sk-secret"}, NOTHING)

    assert fault.value.message == "key … is bad"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan", "retry-after-ms": "nan"}, None),
        ({"retry-after": "1e12"}, 86_400.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 -0000"}, None),
        ({"retry-after": "soon", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, None),
    ],
)
def test_how_long_a_vendor_asks_us_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds, seconds, or a date by the vendor's own clock; nonsense is nothing."""
    assert fault_in(ErrorShape(), 429, headers, {}).retry_after_s == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (307, Kind.FAILED),
        (400, Kind.INPUT),
        (401, Kind.KEY),
        (402, Kind.QUOTA),
        (403, Kind.KEY),
        (404, Kind.NO_MODEL),
        (408, Kind.TRY_AGAIN),
        (409, Kind.TRY_AGAIN),
        (413, Kind.INPUT),
        (418, Kind.INPUT),
        (422, Kind.INPUT),
        (425, Kind.TRY_AGAIN),
        (429, Kind.BUSY),
        (500, Kind.FAILED),
        (529, Kind.FAILED),
    ],
)
def test_without_a_known_code_the_status_says_the_kind(status: int, kind: Kind) -> None:
    """Status first, for every vendor alike."""
    assert fault_in(ErrorShape(), status, {}, {"message": "m"}).kind is kind


@pytest.mark.parametrize("header", ["nan", "inf", "-1", "many"])
async def test_units_that_are_no_amount_are_not_told(header: str) -> None:
    """A header may hold anything; what is billed is a number or unknown."""
    eleven = find_vendor("elevenlabs")
    assert eleven
    assert eleven.speech

    answer = await read_answer(
        Canned(b"ID3", **{"content-type": "audio/mpeg", "character-cost": header}), eleven.speech, eleven, {}, NOTHING
    )

    assert answer.units == {}


@pytest.mark.parametrize(
    ("wants", "lacking"),
    [
        ("segments", "segments"),
        ("words", "words"),
        ("segments speakers", "segments and speakers"),
        ("logprobs", "logprobs"),
    ],
)
async def test_structure_that_was_asked_for_and_did_not_come_is_garbled(wants: str, lacking: str) -> None:
    """Words without times are no captions; silence lacks nothing."""
    asked = frozenset(wants.split())

    with pytest.raises(Fault, match=f"without {lacking}") as garbled:
        await read_answer(Canned(b'{"text":"hello"}'), OPENAI.transcription, OPENAI, {}, asked)
    silence = await read_answer(Canned(b'{"text":""}'), OPENAI.transcription, OPENAI, {}, asked)

    assert garbled.value.kind is Kind.GARBLED
    assert silence.transcript


@pytest.mark.parametrize(
    "content_type",
    ["text/html; charset=utf-8", "TEXT/PLAIN", "Application/JSON", "application/problem+json", "text/xml"],
)
async def test_text_is_no_audio_whatever_its_type_is_called(content_type: str) -> None:
    """A login page is not speech."""
    with pytest.raises(Fault) as garbled:
        await read_answer(Canned(b"<html>", **{"content-type": content_type}), OPENAI.speech, OPENAI, {}, NOTHING)

    assert garbled.value.kind is Kind.GARBLED


# ------------------------------------------------------------------ how much


class Pouring(Canned):
    """Sends for ever, and counts."""

    poured = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            for chunk in self._chunks:
                self.poured += len(chunk)
                yield chunk


FEW = Bounds(document=1_000, reply=1_000)


async def test_a_document_is_bounded() -> None:
    """A result and an answer on the way to one; what is no error is not cut, but refused."""
    pouring = Pouring(b" " * 100)
    for reading in (
        read_answer(pouring, OPENAI.transcription, OPENAI, {}, NOTHING, bounds=FEW),
        interim_of(pouring, OPENAI, {}, FEW),
    ):
        with pytest.raises(Fault, match="more than 1,000 bytes") as garbled:
            await reading
        assert garbled.value.kind is Kind.GARBLED
    assert pouring.poured == 2 * 1_100


async def test_a_transcript_in_events_is_bounded() -> None:
    """Its parts are held up to the last one: a vendor that never comes to it is cut off."""
    event = b'data: {"type":"transcript.text.delta","delta":"and on "}\n\n'
    pouring = Pouring(event, **{"content-type": "text/event-stream"})
    answer = await read_answer(pouring, OPENAI.transcription, OPENAI, {}, NOTHING, as_events=True, bounds=FEW)
    assert answer.heard

    with pytest.raises(Fault, match="more than 1,000 bytes") as garbled:
        [part async for part in answer.heard]

    assert garbled.value.kind is Kind.GARBLED
    assert pouring.poured < 1_200


class Taking:
    """Where audio is poured to."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def take(self, chunk: bytes) -> bool:
        self.received.append(chunk)
        return True

    async def room(self) -> None:
        """There always is."""


async def test_audio_is_bounded() -> None:
    """Everything up to the bound has gone out by then, and nothing beyond it; read or poured."""
    received = []
    with pytest.raises(Fault, match="more than 1,000 bytes") as garbled:
        async for chunk in Audible(Pouring(b"\xff" * 300).chunks(), MP3, FEW.reply):
            received.append(chunk)
    assert (garbled.value.kind, len(b"".join(received))) == (Kind.GARBLED, 900)

    taking = Taking()
    with pytest.raises(Fault, match="more than 1,000 bytes") as garbled:
        await Audible(Pouring(b"\xff" * 300).chunks(), MP3, FEW.reply).pour(taking)
    assert (garbled.value.kind, len(b"".join(taking.received))) == (Kind.GARBLED, 900)


@pytest.mark.parametrize(("body", "said"), [([], "an empty answer"), ([b'{"error":'], "text where audio")])
async def test_what_is_no_audio_is_not_poured(body: list[bytes], said: str) -> None:
    """As when it is read."""

    async def chunks():
        for chunk in body:
            yield chunk

    taking = Taking()
    with pytest.raises(Fault, match=said):
        await Audible(chunks(), MP3, FEW.reply).pour(taking)

    assert taking.received == []


async def test_an_endless_error_is_cut() -> None:
    """What it says at first is enough."""
    pouring = Pouring(b"no " * 100, status=500)

    with pytest.raises(Fault, match="no no"):
        await read_answer(pouring, OPENAI.speech, OPENAI, {}, NOTHING)

    assert pouring.poured < 70_000
