"""Server-sent events, as the WHATWG's "interpreting an event stream" has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from router.upstream.sse import Event, EventParser
from router.wire.faults import Fault, Kind

TEXTS = [
    "",
    "",
    "data: {}",
    "data:x",
    "data",
    "data:  two",
    "event: a",
    "event",
    ": hm",
    "id: 1",
    "data: grüße 👋",
    "\0",
]
LINES = st.sampled_from([*map(str.encode, TEXTS), b"data: \xff\xc3", b"data: \0", b"\xef\xbb\xbfdata: mark"])
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])).map(b"".join)).map(b"".join)


def parsed(*chunks: bytes, **limits: int) -> list[Event]:
    parser = EventParser(**limits)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close()


def message(data: str) -> Event:
    return Event("message", data)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\n\ndata: two\n\n", [message("one"), message("two")]),
        (b"data: one\r\rdata: two\r\n\r\n", [message("one"), message("two")]),
        (b"data:one\n\n", [message("one")]),
        (b"data:  one \n\n", [message(" one ")]),
        (b"data: one\ndata: two\ndata:\n\n", [message("one\ntwo\n")]),
        (b"data\n\n", [message("")]),
        (b"data:\n\n", [message("")]),
        (b"event: done\ndata: {}\n\ndata: {}\n\n", [Event("done", "{}"), message("{}")]),
        (b"event: a\nevent: b\ndata: {}\n\n", [Event("b", "{}")]),
        (b"event: none\n\ndata: {}\n\n", [message("{}")]),
        (b": still working\n\n:\n\ndata: a:b\n: more\n\n", [message("a:b")]),
        (b"id: 7\nretry: 10\nother: x\nDATA: no\n data: no\ndata: yes\n\n", [message("yes")]),
        (b"id: 7\n\n\n\n", []),
        (b"\xef\xbb\xbfdata: one\n\n\xef\xbb\xbfdata: two\n\n", [message("one")]),
        (b"data: a\0b\nid: \0\n\n", [message("a\0b")]),
        (b"data: \xff \xe2\x82\n\n", [message("\ufffd \ufffd")]),
        ("data: \u2028 \x85 \x0b€\n\n".encode(), [message("\u2028 \x85 \x0b€")]),
        (b"", []),
        (b"\n\r\r\n\n", []),
    ],
)
def test_fields(stream, events):
    """Lines end in three ways, one space after the colon is dropped, an event without data is none."""
    assert parsed(stream) == events
    assert parsed(*(bytes([byte]) for byte in stream)) == events


@given(STREAMS)
def test_every_cut(stream):
    """The same events come out wherever the bytes are cut, inside a character or a line's end too."""
    events = parsed(stream)
    for cut in range(len(stream) + 1):
        assert parsed(stream[:cut], b"", stream[cut:]) == events


@given(st.lists(st.tuples(st.sampled_from(["", "a.b"]), st.text()), min_size=1), st.sampled_from(["\n", "\r", "\r\n"]))
def test_same_as_the_stock_client(events, newline):
    """A well-formed stream is read as OpenAI's own SDK reads it."""
    stream = ""
    for name, data in events:
        stream += f"event: {name}{newline}" if name else ""
        lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        stream += "".join(f"data: {line}{newline}" for line in lines) + newline
    theirs = SSEDecoder().iter_bytes(iter([stream.encode()]))

    assert parsed(stream.encode()) == [Event(event.event or "message", event.data) for event in theirs]


def test_at_once():
    """An event is out with the first byte that ends its blank line, a carriage return included."""
    parser = EventParser()

    assert parser.feed(b"data: one\r\n\r") == [message("one")]
    assert parser.feed(b"\ndata: two\n") == []
    assert parser.feed(b"\n") == [message("two")]
    assert parser.close() == []


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
def test_cut_off(end):
    """The last event needs no blank line, and no newline either: vendors leave them out."""
    assert parsed(b"data: one\n\nevent: last\ndata: two" + end) == [message("one"), Event("last", "two")]


@pytest.mark.parametrize("stream", [b"data: one\n\nevent: last", b"data: one\n\n: bye", b"data: one\n\ndat"])
def test_cut_off_without_data(stream):
    """A last event that has no data yet is none."""
    assert parsed(stream) == [message("one")]


@pytest.mark.parametrize(
    "stream",
    [b"data: " + b"x" * 60, b"data: xxxxx\n" * 6, b"data\n" * 20, b":" + b"x" * 60 + b"\n", b"x" * 60],
)
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_too_large(stream, size):
    """Nobody makes us hold more than the limit, by one line or by many, whole or in pieces."""
    with pytest.raises(Fault, match="an event of more than 50 bytes") as caught:
        parsed(*(stream[start : start + size] for start in range(0, len(stream), size)), max_bytes=50)
    assert caught.value.kind is Kind.GARBLED


def test_limit_is_of_one_event():
    """Events and comments up to the limit may go on for ever."""
    stream = b"data: " + b"x" * 44 + b"\n\n" + (b":" + b"x" * 49 + b"\n") * 9

    assert parsed(stream * 9, max_bytes=50) == [message("x" * 44)] * 9


def test_long_line_in_many_pieces(monkeypatch):
    """A line of 8 MB is put together once, however many pieces it comes in: no byte is looked at twice."""
    from router.upstream import sse

    searched = 0
    split = sse._LINE_END.split

    class Counting:
        def split(self, content: bytes) -> list[bytes]:
            nonlocal searched
            searched += len(content)
            return split(content)

    monkeypatch.setattr(sse, "_LINE_END", Counting())
    stream = b"data: " + b"x" * (8 << 20) + b"\n\n"
    [event] = parsed(*(stream[start : start + 4096] for start in range(0, len(stream), 4096)))

    assert event.data == "x" * (8 << 20)
    assert searched == len(stream)
