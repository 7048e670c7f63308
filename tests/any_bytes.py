"""What holds of our parsers whatever they are fed: promises as functions of drawn bytes, and how these are drawn.

What lives here: the promises. `tests/wire/test_any_bytes.py` keeps them in a moment, `tests/load` for minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import strategies as st

from router.api.brackets import nested, path_of
from router.api.explaining import call_of
from router.api.forms import Form, FormLimits, FormReading
from router.api.sounds import parse_sound
from router.api.speech import fields_of, parse_speech
from router.media.flac import MetadataReader
from router.media.id3 import TagSkipper
from router.media.ogg import OggReader
from router.media.paths import Undecodable
from router.media.wav import WavReader, wav_header
from router.upstream.sse import EventParser
from router.wire.errors import CallError, InvalidCall
from router.wire.faults import Fault
from router.wire.languages import code_of, name_of
from tests.forms import read_form

__all__ = ["PROMISES", "Promise"]

Drawn = tuple[bytes, list[int]]
Promise = Callable[[Any], None]
Feed = Callable[[bytes], Iterable[Any]]

LIMITS = FormLimits(max_upload=400, max_text=200, max_parts=6)
MOST_EVENT = 64


def cut(of: st.SearchStrategy[bytes]) -> st.SearchStrategy[Drawn]:
    """Bytes, and where they are cut."""
    return of.flatmap(lambda whole: st.tuples(st.just(whole), st.lists(st.integers(0, len(whole)), max_size=6)))


def mixed(*words: bytes, most: int = 30) -> st.SearchStrategy[bytes]:
    """These words and any bytes between them, in any order."""
    return st.lists(st.sampled_from(words) | st.binary(max_size=8), max_size=most).map(b"".join)


def pieces(drawn: Drawn) -> list[bytes]:
    whole, cuts = drawn
    return [whole[start:end] for start, end in pairwise([0, *sorted(cuts), len(whole)])]


def fed(feed: Feed, chunks: Sequence[bytes], refusal: type[Exception]) -> list[Any] | None:
    """What comes out, piece by piece; None where it is refused on the way."""
    try:
        return [one for chunk in chunks for one in feed(chunk)]
    except refusal:
        return None


def same_wherever_cut(new: Callable[[], Feed], refusal: type[Exception]) -> Promise:
    """The same comes out, or both are refused, and nothing else is ever raised."""

    def promise(drawn: Drawn) -> None:
        assert fed(new(), pieces(drawn), refusal) == fed(new(), [drawn[0]], refusal)

    return promise


def event_feed() -> Feed:
    return EventParser(MOST_EVENT).feed


def a_form_is_the_same_wherever_cut(drawn: Drawn) -> None:
    """No piece is empty: that is how the parser is told of the end, and the door never hands one on."""
    whole = form_of([drawn[0]] if drawn[0] else [])
    cut = [piece for piece in pieces(drawn) if piece]
    assert form_of(cut) == whole
    assert form_of(cut, begins_at_its_file=True) == whole


def form_of(chunks: Sequence[bytes], *, begins_at_its_file: bool = False) -> tuple[Any, ...]:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def read() -> Form:
        if not begins_at_its_file:
            return await read_form("multipart/form-data; boundary=b", arriving(), LIMITS)
        reading = FormReading("multipart/form-data; boundary=b", arriving(), LIMITS, sum(map(len, chunks)))
        await reading.to_file()
        file = reading.arriving
        await reading.to_end()
        if file and reading.form.file and file.is_as_supposed(reading.form.file.size):
            file.end(reading.form.file)
            assert b"".join([piece async for piece in file.pieces()]) == b"".join(reading.form.file.chunks())
            assert (file.name, file.content_type) == (reading.form.file.name, reading.form.file.content_type)
        return reading.form

    try:
        form = asyncio.run(read())
    except CallError as error:
        return (error.status,)
    file = form.file and (form.file.name, form.file.content_type, b"".join(form.file.chunks()))
    return (form.fields, file)


def a_name_is_read_or_refused(fields: list[tuple[str, str]]) -> None:
    with contextlib.suppress(InvalidCall):
        for name, _ in fields:
            assert path_of(name)[0] in name
        values = nested(fields)
        assert values.keys() <= {path_of(name)[0] for name, _ in fields}


def a_body_is_read_or_refused(body: bytes) -> None:
    for read in (
        lambda: parse_speech(body, 1_000),
        lambda: parse_sound(body, "music", 1_000).call,
        lambda: call_of(fields_of(body), 1_000),
    ):
        with contextlib.suppress(InvalidCall):
            msgspec.json.encode(read().extras)  # it can be written again


def a_language_has_one_code(text: str) -> None:
    assert code_of(code_of(text)) == code_of(text)
    assert name_of(code_of(text)) == name_of(text)


PAGE = b"OggS" + bytes(22) + b"\x02\x05\xff" + b"x" * 260
WAV = [wav_header(24_000)[start:end] for start, end in ((0, 12), (12, 36), (36, 44))]
DISPOSITION = b'Content-Disposition: form-data; name="'
FORM = [b"--b\r\n", b"--b--\r\n", b"--b", b"\r\n", b"\r\n\r\n", DISPOSITION, b'a"', b'a"; filename="b.wav"', b"text"]
PART = b"--b\r\n" + DISPOSITION + b'a"\r\n\r\ntext\r\n'
UPLOADED = b"--b\r\n" + DISPOSITION + b'file"; filename="x"\r\n\r\nRIFF\r\n'
SSE = [b"data: {}", b"data", b"event: a", b":", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xe2\x82", b"id: 1", b"\0"]
BEGUN = b"--b\r\n"  # before the first boundary the parser takes the beginning of a piece for that of a line
NAMES = st.text("ab[]0.\0é", max_size=24)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["model", "input", "voice", "speed", "response_format", "dialogue", "route", "duration", "seed", "kind", "x"]
GOOD = {"model": "m", "input": "Hi", "voice": "alloy"}
BODIES = (
    st.dictionaries(st.sampled_from(FIELDS), ANY_JSON, max_size=5).map(lambda some: msgspec.json.encode(GOOD | some))
    | ANY_JSON.map(msgspec.json.encode)
    | mixed(b'{"model":"m"', b',"input":"Hi"', b',"voice":"a"', b"}", b"[", b"{", b'"', b"\\ud800", b"1e999", b"null")
)

PROMISES: Mapping[str, tuple[st.SearchStrategy[Any], Promise]] = {
    "wav": (cut(mixed(*WAV, b"LIST\x03\0\0\0abcd")), same_wherever_cut(lambda: WavReader().feed, Undecodable)),
    "flac": (
        cut(mixed(b"fLaC", b"\0\0\0\x22" + bytes(34), b"\x84\0\0\x04abcd", b"\xff\xf8")),
        same_wherever_cut(lambda: MetadataReader().feed, Undecodable),
    ),
    "ogg": (cut(mixed(b"OggS", PAGE, PAGE[:27])), same_wherever_cut(lambda: OggReader().feed, Undecodable)),
    "id3": (
        cut(mixed(b"ID3", b"ID3\x04\0\0\0\0\0\x05hello", b"\xff\xfb")),
        same_wherever_cut(lambda: TagSkipper().feed, Undecodable),
    ),
    "events": (cut(mixed(*SSE)), same_wherever_cut(event_feed, Fault)),
    "form": (cut(mixed(*FORM, PART, UPLOADED).map(BEGUN.__add__)), a_form_is_the_same_wherever_cut),
    "names": (st.lists(st.tuples(NAMES, st.text(max_size=3)), max_size=6), a_name_is_read_or_refused),
    "bodies": (BODIES, a_body_is_read_or_refused),
    "languages": (st.text() | st.sampled_from(["en-US", "ZH_hans", "English "]), a_language_has_one_code),
}
"""By what is read: how its bytes are drawn, and what holds of all of them."""
