"""The tag in front of an mp3 stream."""

from __future__ import annotations

import pytest

from router.media.id3 import TagSkipper

SOUND = b"\xff\xf3\x84\xc4 and so on"
TAG = b"ID3\x04\x00\x00" + bytes((0, 0, 1, 72)) + b"T" * 200
TAG_WITH_FOOTER = b"ID3\x04\x00\x10" + bytes((0, 0, 0, 5)) + b"T" * 5 + b"3DI\x04\x00\x10" + bytes((0, 0, 0, 5))


@pytest.mark.parametrize("tag", [TAG, TAG_WITH_FOOTER, b""], ids=["tag", "footer", "none"])
def test_skipped_at_every_cut(tag):
    """A leading tag is dropped, and nothing else, wherever the bytes are cut."""
    content = tag + SOUND
    for cut in range(len(content) + 1):
        skipper = TagSkipper()

        assert skipper.feed(content[:cut]) + skipper.feed(content[cut:]) == SOUND


def test_skipped_byte_by_byte():
    """A tag that comes in single bytes is dropped as well."""
    skipper = TagSkipper()

    assert b"".join(skipper.feed(bytes([byte])) for byte in TAG + SOUND) == SOUND


def test_nothing_held_back():
    """A stream that does not begin like a tag goes through at its first byte."""
    assert TagSkipper().feed(b"\xff") == b"\xff"


def test_only_the_leading_one():
    """What looks like a tag further on is left alone."""
    skipper = TagSkipper()

    assert skipper.feed(SOUND) + skipper.feed(TAG) == SOUND + TAG
