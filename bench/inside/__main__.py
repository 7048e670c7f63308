"""`python -m bench.inside`: measure, print tables, or write them into the docs."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.inside.decisions import POLICIES, by_routes, by_targets
from bench.inside.stalls import stalls
from bench.inside.transcoding import FIRST_BYTE_MS, measured
from bench.marks import between

PAGE = "PERFORMANCE.md"
ROUTES, TARGETS = (10, 100, 1_000, 10_000), (3, 10, 30)
LOADS = {
    "nothing": "nothing",
    "paced": "20 streams at their own pace (so in all below, but for small calls)",
    "mp3": "20 at once from wav to mp3, from a vendor that is as fast as it can be",
    "opus": "the same to opus",
    "aac": "the same to aac",
    "small": "64 small calls at once, 20 times",
    "json": "one upload of 25 MB in base64, as JSON",
    "captions": "an hour of words, 9,000, as srt",
}


def _transcoding(rounds: int) -> str:
    rows = [
        (
            f"{one.source} to {one.wanted}",
            f"{one.speed:,.0f}",
            "" if one.delay_ms is None else f"{one.delay_ms:g}",
            "" if one.delay_ms is None else f"{FIRST_BYTE_MS[one.wanted]:g}",
        )
        for one in measured(20, rounds)
    ]
    return _table(("24 kHz mono", "times real time, one core", "ms of audio before the first byte", "at most"), rows)


def _stalls(rounds: int) -> str:
    rows = [(LOADS[one.load], f"{one.busy_ms:.0f}", f"{one.late_ms:.0f}") for one in stalls(rounds)]
    return _table(("load", "the loop worked at a stretch, ms", "a timer of 5 ms came late by, ms"), rows)


def _decisions(rounds: int) -> str:
    routes = [(f"{count:,} routes, ten of them called", f"{us:.0f}") for count, us in by_routes(ROUTES).items()]
    targets = [
        (f"{count} targets", *(f"{us[policy]:.0f}" for policy in POLICIES))
        for count, us in by_targets(TARGETS, 5 * rounds).items()
    ]
    first = _table(("policies in turn, five targets", "µs a decision"), routes)
    return f"{first}\n\n{_table(('one route, µs a decision', *POLICIES), targets)}"


PARTS: Mapping[str, Callable[[int], str]] = {
    "transcoding": _transcoding,
    "stalls": _stalls,
    "decisions": _decisions,
}


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Of each figure; the best or the median is told.")
@click.option("--only", default=",".join(PARTS), show_default=True, help="These parts.")
@click.option("--write", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Write into these docs.")
def main(rounds: int, only: str, write: Path | None) -> None:
    """Measure codecs, the event loop under load, and decisions."""
    names = only.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise click.BadParameter(f"no {', '.join(unknown)}; there are {', '.join(PARTS)}", param_hint="--only")
    if write and len(names) < len(PARTS):
        raise click.UsageError("--write takes all parts: the page has every figure")
    results = "\n\n".join([_where(rounds), *(PARTS[name](rounds) for name in names)])
    click.echo(results)
    if write:
        page = write / PAGE
        text = between(page.read_text(encoding="utf-8"), "inside", "inside", f"{results}\n")
        page.write_text(text, encoding="utf-8")


def _where(rounds: int) -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    machine = f"{cpu}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {rounds} rounds."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, rule, *rows])


if __name__ == "__main__":
    main()
