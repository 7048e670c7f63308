"""Multipart forms while they arrive: text fields in order, and one file that is spooled, never held whole.

What lives here: framing and bounds. What the fields mean is `listening`'s.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header

from router.wire.arriving import BREAK_BYTES, Arriving
from router.wire.containers import HEAD_BYTES, described
from router.wire.errors import InvalidCall, TooLarge, UnsupportedMedia
from router.wire.spool import Spool
from router.wire.upload import Upload

__all__ = ["Form", "FormLimits", "FormReading"]

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


class FormLimits(Struct, frozen=True, gc=False):
    """Bounds of a form: bytes of the file, bytes of all text fields together, number of parts."""

    max_upload: int
    max_text: int = 1024 * 1024
    max_parts: int = 256

    @property
    def max_body(self) -> int:
        """The whole form with its framing."""
        return self.max_upload + self.max_text + 1024 * self.max_parts

    @property
    def max_json(self) -> int:
        """A whole body of JSON: the file in base64, and `max_text` for everything beside it."""
        return (self.max_upload + 2) // 3 * 4 + self.max_text


class Form(Struct):
    """What a form held: `fields` in the client's order, names as sent; the file, if there was one.

    The values of a form are texts. Those of a JSON body, which is read into one of these too, have their own types.
    """

    fields: list[tuple[str, Any]] = field(default_factory=list)
    file: Upload | None = None


class FormReading:
    """A form while it arrives. `length`: of the whole request's body, where it is known.

    `arriving`: the file, from when its beginning is here until the form's end. Who reads it closes it. What reads it
    raises `UnsupportedMedia`, `TooLarge`, or `InvalidCall`.
    """

    def __init__(
        self, content_type: str, chunks: AsyncIterator[bytes], limits: FormLimits, length: int | None = None
    ) -> None:
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise UnsupportedMedia(
                "Expected a form: `content-type: multipart/form-data; boundary=…` with the audio in the field `file`; "
                "or `content-type: application/json` with the audio in `input_audio`: its `data` in base64, and its "
                "`format`."
            )
        self.arriving: Arriving | None = None
        self._chunks = chunks
        self._limits = limits
        self._collector = _Collector(limits)
        self._end_bytes = len(b"\r\n--" + options["boundary"].encode() + b"--")
        self._parser = _parser(options["boundary"], limits)
        self._delimiter = b"\r\n--" + options["boundary"].encode()
        self._is_in_file = False  # and the parser holds nothing back
        self._length = length
        self._taken = 0

    @property
    def form(self) -> Form:
        """What there is of it; the file only at its end."""
        return self._collector.form

    async def to_file(self) -> None:
        """Read as far as it takes to know what file it is, how large it may be, and which fields come before it.

        Where that cannot be known before the end, to the end: then there is nothing `arriving`.
        """
        async for chunk in self._chunks:
            self._take(chunk)
            if self._is_in_file and (spool := self._collector.spool) and spool.size >= HEAD_BYTES:
                self.arriving = self._begun(spool)
                if self.arriving:
                    return
        self._close_parser()

    async def to_end(self) -> None:
        """Read all that is left."""
        async for chunk in self._chunks:
            self._take(chunk)
            if self.arriving:
                self.arriving.has_grown()
        self._close_parser()

    def close(self) -> None:
        """Give the file back."""
        self._collector.close()

    def _begun(self, spool: Spool) -> Arriving | None:
        """The file, if its size can be what it is supposed to be."""
        supposed = None if self._length is None else spool.size + self._length - self._taken - self._end_bytes
        if supposed is not None and not spool.size <= supposed <= self._limits.max_upload + BREAK_BYTES:
            return None
        name, content_type = described(*self._collector.names(), self._collector.head())
        return Arriving(name, content_type, spool, self._limits.max_upload, supposed)

    def _take(self, chunk: bytes) -> None:
        self._taken += len(chunk)
        has_plain_end = self._is_plain_end(chunk[-self._end_bytes :])
        # most of a file holds nothing of a boundary; and `rfind` is several times as quick as `find` at saying so
        if self._is_in_file and has_plain_end and chunk.rfind(self._delimiter) < 0:
            self._collector.take(chunk)
            return
        with _told():
            for event in self._parser.parse(chunk):
                self._collector.take(event)
        self._is_in_file = has_plain_end and self._collector.spool is not None

    def _is_plain_end(self, end: bytes) -> bool:
        """Whether no boundary can have begun in it, so that nothing of it is held back."""
        begun = end[end.rfind(b"\r") :] if b"\r" in end else b"?"
        is_boundary = self._delimiter.startswith(begun) or begun.startswith(self._delimiter)
        return len(end) == self._end_bytes and not is_boundary

    def _close_parser(self) -> None:
        with _told():
            self._parser.close()


@contextmanager
def _told() -> Iterator[None]:
    """Tell the parser's exceptions in our words."""
    try:
        yield
    except ParserLimitReached as error:
        raise TooLarge(f"The form is larger than this server takes: {error}.") from error
    except MultipartError as error:
        raise _broken(error) from error


def _parser(boundary: str, limits: FormLimits) -> PushMultipartParser:
    with _told():
        return PushMultipartParser(boundary, max_segment_count=limits.max_parts)


def _broken(error: Exception) -> InvalidCall:
    why = "a head of a part is not UTF-8 text" if "UnicodeDecodeError" in repr(error) else str(error)
    return InvalidCall(f"The form is broken: {why}.", code="invalid_form")


class _Collector:
    """Takes the parser's events: a segment's head, its pieces, and None at its end. `spool`: of a file that is open."""

    def __init__(self, limits: FormLimits) -> None:
        self.form = Form()
        self.spool: Spool | None = None
        self._limits = limits
        self._segment: MultipartSegment | None = None
        self._spools: list[Spool] = []
        self._text: list[bytes] = []
        self._text_bytes = 0

    def close(self) -> None:
        for spool in self._spools:
            spool.close()

    def names(self) -> tuple[str, str]:
        """Name and type of the file, as far as they may be taken over."""
        assert self._segment is not None
        return _plain_name(self._segment.filename or ""), _plain_type(self._segment.content_type or "")

    def head(self) -> bytes:
        """How the file begins; it is in memory or on the disk, in pieces of any size."""
        assert self.spool is not None
        head = b""
        while len(head) < min(HEAD_BYTES, self.spool.size):
            head += self.spool.piece_at(len(head))[:HEAD_BYTES]
        return head[:HEAD_BYTES]

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._segment = event
            if _is_file(event):
                self._begin_file()
        elif event is None:
            self._end()
        elif self.spool is not None:
            self.spool.write(bytes(event))
        else:
            self._text_bytes += len(event)
            if self._text_bytes > self._limits.max_text:
                raise TooLarge(f"The text fields of the form are larger than {self._limits.max_text:,} bytes.")
            self._text.append(bytes(event))

    def _begin_file(self) -> None:
        if self._spools:
            raise InvalidCall("The form holds more than one file.", param="file", code="invalid_form")
        self.spool = Spool(self._limits.max_upload)
        self._spools.append(self.spool)

    def _end(self) -> None:
        assert self._segment is not None
        if self.spool is not None:
            self.form.file = self.spool.to_upload(*self.names())
            self.spool = None
            return
        try:
            text = b"".join(self._text).decode()
        except UnicodeDecodeError as error:
            raise InvalidCall(
                f"The field {self._segment.name!r} is not UTF-8 text.", param=self._segment.name
            ) from error
        self._text.clear()
        self.form.fields.append((self._segment.name, text))


def _is_file(segment: MultipartSegment) -> bool:
    """By its file name, or by the name of the field: declared types are weak evidence."""
    return segment.filename is not None or segment.name == "file"


def _plain_name(name: str) -> str:
    """The last part of a path, without control characters; `upload` for none."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable()) or "upload"


def _plain_type(content_type: str) -> str:
    """A type as it may stand in a head of ours; nothing for any other."""
    return content_type if _MEDIA_TYPE.fullmatch(content_type) else ""
