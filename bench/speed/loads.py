"""What is asked of every subject, and which figures of it are told."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

__all__ = ["FIGURES", "LOADS", "Figure", "Load"]

SPEECH = '{"model":"tts-1","voice":"alloy","input":"bench-%s"}'
PATH = "/v1/audio/transcriptions"
CHUNKS = 24  # of 4 KB, one in 200 ms: speech at 160 kbit/s, for 4.8 s


class Load(Struct, frozen=True):
    """One run of the load client. `arguments`: see the head of `client.c`; {seconds} is what a timed load lasts,
    {chunks} what a stream has."""

    name: str
    arguments: Sequence[str]

    def argv(self, seconds: float, scale: float) -> Sequence[str]:
        """`scale` (0 to 1) makes counts of connections, requests and chunks smaller, for a run that only tries."""
        counted = {"-c", "-n", "-w"}
        timed, streamed = ("{seconds}", str(seconds)), ("{chunks}", _scaled(CHUNKS, scale))
        given = ["", *self.arguments]
        return [
            _scaled(int(now), scale) if before in counted else now.replace(*timed).replace(*streamed)
            for before, now in zip(given, self.arguments, strict=False)
        ]


class Figure(Struct, frozen=True):
    """One row of the table: which field of which load, in what unit after `scale`, and whether more of it is better."""

    title: str
    load: str
    field: str
    unit: str
    scale: float = 1.0
    is_more_better: bool = False


def _scaled(count: int, scale: float) -> str:
    return str(max(1, int(count * scale)))


def _timed(connections: int, what: str) -> list[str]:
    warm = str(max(20, connections))
    return ["-c", str(connections), "-d", "{seconds}", "-w", warm, "-b", SPEECH % what]


def _streams(count: int) -> list[str]:
    ramp_ms = str(2 * count)
    return ["-c", str(count), "-n", str(count), "-r", ramp_ms, "-b", SPEECH % "stream chunks={chunks} gap=200"]


LOADS = (
    Load("small1", _timed(1, "small")),
    Load("small64", _timed(64, "small")),
    Load("stream1000", _streams(1000)),
    Load("stream3000", _streams(3000)),
    Load("large", _timed(8, "large")),
    Load("upload", ["-c", "20", "-n", "40", "-u", PATH, "-f", "25000000", "-m", "whisper-1"]),
)
FIGURES = (
    Figure("Small speech (12 KB), 64 at once", "small64", "rps", "calls/s", is_more_better=True),
    Figure("Small speech, 64 at once: p99", "small64", "lat_p99", "ms", 1e-3),
    Figure("Small speech, one at a time: first byte, p50", "small1", "ttfb_p50", "ms", 1e-3),
    Figure("1000 streams at real-time pace: first byte, p50", "stream1000", "ttfb_p50", "ms", 1e-3),
    Figure("1000 streams: first byte, p99", "stream1000", "ttfb_p99", "ms", 1e-3),
    Figure("1000 streams: a chunk's delay, p50", "stream1000", "chunk_p50", "ms", 1e-3),
    Figure("1000 streams: a chunk's delay, p99", "stream1000", "chunk_p99", "ms", 1e-3),
    Figure("1000 streams: share of the core", "stream1000", "cpu", "%"),
    Figure("3000 streams: completed", "stream3000", "ok", "", is_more_better=True),
    Figure("3000 streams: first byte, p99", "stream3000", "ttfb_p99", "ms", 1e-3),
    Figure("3000 streams: a chunk's delay, p99", "stream3000", "chunk_p99", "ms", 1e-3),
    Figure("3000 streams: resident at most", "stream3000", "peak", "MiB", 1 / 1024),
    Figure("Large speech (5 MB), 8 at once", "large", "mbps", "MB/s", is_more_better=True),
    Figure("Uploads of 25 MB, 20 at once", "upload", "up_mbps", "MB/s", is_more_better=True),
    Figure("Uploads: resident at most", "upload", "peak", "MiB", 1 / 1024),
    Figure("Start to the first answer", "start", "seconds", "s"),
    Figure("Idle, resident", "start", "rss", "MiB", 1 / 1024),
)
