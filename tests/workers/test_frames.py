"""What parent and workers say to each other, cut as a socket may cut it."""

from __future__ import annotations

from msgspec import Raw

from router.workers.frames import Adopted, Everybodys, Figures, Frames, Tell, WhoTells, packed


def test_messages_come_out_as_they_went_in_wherever_they_are_cut() -> None:
    """Byte by byte, all at once, and everything between."""
    said = [WhoTells(1), Tell(2), Figures(2, Raw(b"\x90")), Everybodys(1, [Raw(b"\x90"), Raw(b"\xa1x")]), Adopted()]
    stream = b"".join(packed(one) for one in said)

    for size in range(1, len(stream) + 1):
        frames = Frames()
        pieces = (stream[at : at + size] for at in range(0, len(stream), size))
        assert [message for piece in pieces for message in frames.fed(piece)] == said
