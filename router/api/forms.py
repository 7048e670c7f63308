"""Multipart forms while they arrive: text fields in order, and one file that is spooled, never held whole.

What lives here: framing and bounds. What the fields mean is `listening`'s.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

from msgspec import Struct, field
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header

from router.wire.containers import HEAD_BYTES, described
from router.wire.errors import InvalidCall, TooLarge, UnsupportedMedia
from router.wire.upload import Upload

__all__ = ["Form", "FormLimits", "Spool", "Whole", "file_too_large", "read_form"]

Whole = bytes | mmap.mmap

IN_MEMORY_BYTES = 256 * 1024  # most spoken commands fit; what is longer goes to a temporary file
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


def file_too_large(max_bytes: int) -> TooLarge:
    """What is said of a file beyond `max_upload`, wherever it comes from."""
    return TooLarge(f"The file is larger than {max_bytes:,} bytes, which is the most this server takes.")


class Spool:
    """A growing file: in memory up to a bound, then in a temporary file that has no name on the disk."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._file: BinaryIO | None = None
        self._size = 0

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise file_too_large(self._max_bytes)
        if self._file is None and self._size > IN_MEMORY_BYTES:
            self._file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - the upload closes it
            self._file.write(b"".join(self._parts))
            self._parts.clear()
        if self._file is None:
            self._parts.append(chunk)
        else:
            self._file.write(chunk)

    def to_upload(self, name: str, content_type: str) -> Upload:
        source = b"".join(self._parts) if self._file is None else self._file
        name, content_type = described(name, content_type, Upload(name, content_type, source).read_at(0, HEAD_BYTES))
        return Upload(name, content_type, source)

    def whole(self) -> Whole:
        """All of it, mapped where it is in a file; to be let go of, not closed."""
        if self._file is None:
            return b"".join(self._parts)
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Give the temporary file back; once it is an upload's, that is the upload's to do."""
        if self._file is not None:
            self._file.close()


async def read_form(content_type: str, chunks: AsyncIterator[bytes], limits: FormLimits) -> Form:
    """The whole form. Raises `UnsupportedMedia`, `TooLarge`, or `InvalidCall`; the caller closes the file."""
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise UnsupportedMedia(
            "Expected a form: `content-type: multipart/form-data; boundary=…` with the audio in the field `file`; or "
            "`content-type: application/json` with the audio in `input_audio`: its `data` in base64, and its `format`."
        )
    with ExitStack() as undo:
        collector = _Collector(limits, undo)
        parser = _parser(options["boundary"], limits)
        try:
            async for chunk in chunks:
                for event in parser.parse(chunk):
                    collector.take(event)
            parser.close()
        except ParserLimitReached as error:
            raise TooLarge(f"The form is larger than this server takes: {error}.") from error
        except MultipartError as error:
            raise _broken(error) from error
        undo.pop_all()
    return collector.form


def _parser(boundary: str, limits: FormLimits) -> PushMultipartParser:
    try:
        return PushMultipartParser(boundary, max_segment_count=limits.max_parts)
    except MultipartError as error:
        raise _broken(error) from error


def _broken(error: Exception) -> InvalidCall:
    why = "a head of a part is not UTF-8 text" if "UnicodeDecodeError" in repr(error) else str(error)
    return InvalidCall(f"The form is broken: {why}.", code="invalid_form")


class _Collector:
    """Takes the parser's events: a segment's head, its pieces, and None at its end."""

    def __init__(self, limits: FormLimits, undo: ExitStack) -> None:
        self.form = Form()
        self._limits = limits
        self._undo = undo
        self._segment: MultipartSegment | None = None
        self._spool: Spool | None = None
        self._text: list[bytes] = []
        self._text_bytes = 0

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._segment = event
            if _is_file(event):
                self._begin_file()
        elif event is None:
            self._end()
        elif self._spool is not None:
            self._spool.write(bytes(event))
        else:
            self._text_bytes += len(event)
            if self._text_bytes > self._limits.max_text:
                raise TooLarge(f"The text fields of the form are larger than {self._limits.max_text:,} bytes.")
            self._text.append(bytes(event))

    def _begin_file(self) -> None:
        if self.form.file is not None:
            raise InvalidCall("The form holds more than one file.", param="file", code="invalid_form")
        self._spool = Spool(self._limits.max_upload)
        self._undo.callback(self._spool.close)

    def _end(self) -> None:
        assert self._segment is not None
        if self._spool is not None:
            name = _plain_name(self._segment.filename or "")
            self.form.file = self._spool.to_upload(name, _plain_type(self._segment.content_type or ""))
            self._spool = None
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
