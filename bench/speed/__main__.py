"""`python -m bench.speed`: measure, print ratios, or write them into the docs."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from bench.speed.loads import LOADS, Load
from bench.speed.measure import LOAD_CORE, Programs, Row, built, free_port, measured, running
from bench.speed.page import failures, medians, table, with_results
from bench.speed.subjects import Subject, subjects

PAGE, PICTURE = "PERFORMANCE.md", "images/performance.svg"


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Each subject's turns; medians are told.")
@click.option("--seconds", default=3.0, show_default=True, help="What a timed load lasts.")
@click.option("--only", default="", help="These subjects alone, by name, with commas between.")
@click.option("--loads", default=",".join(load.name for load in LOADS), show_default=True, help="These loads alone.")
@click.option(
    "--scale", default=1.0, show_default=True, help="Below 1: fewer connections and calls, to see that it runs."
)
@click.option("--write", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Write into these docs.")
def main(rounds: int, seconds: float, only: str, loads: str, scale: float, write: Path | None) -> None:
    """Measure the router beside a bare pass-through, and nginx and LiteLLM where there are any."""
    chosen = _chosen(only, subjects(), "--only") if only else subjects()
    wanted = _chosen(loads, LOADS, "--loads")
    if write and (only or scale != 1 or len(wanted) < len(LOADS)):
        raise click.UsageError(
            "--write takes a whole run, without --only, --loads and --scale: the page has every figure"
        )
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        rows = list(_rows(chosen, built(Path(name)), wanted, rounds, seconds, scale, Path(name)))
    names = [one.name for one in chosen]
    results = "\n\n".join([_where(rounds), table(medians(rows), names), *failures(rows)])
    click.echo(results)
    if write:
        from bench.speed.picture import draw  # noqa: PLC0415 - matplotlib is of the extra `bench`

        page = write / PAGE
        page.write_text(with_results(page.read_text(encoding="utf-8"), results), encoding="utf-8")
        draw(medians(rows), names, write / PICTURE)


Named = TypeVar("Named", Load, Subject)


def _chosen(names: str, all_of_them: Sequence[Named], option: str) -> Sequence[Named]:
    wanted = names.split(",")
    if unknown := set(wanted) - {one.name for one in all_of_them}:
        known = ", ".join(one.name for one in all_of_them)
        raise click.BadParameter(f"no {', '.join(sorted(unknown))}; there are {known}", param_hint=option)
    return [one for one in all_of_them if one.name in wanted]


def _rows(
    chosen: Sequence[Subject],
    programs: Programs,
    loads: Sequence[Load],
    rounds: int,
    seconds: float,
    scale: float,
    folder: Path,
) -> Iterator[tuple[str, str, Row]]:
    port = free_port()
    with running([programs.vendor, str(port)], LOAD_CORE, {}, folder / "vendor.log"):
        for number in range(rounds):
            first = number % len(chosen)
            for one in [*chosen[first:], *chosen[:first]]:  # nobody always comes after the same
                click.echo(f"round {number + 1}: {one.name}", err=True)
                for load, row in measured(one, programs, port, loads, seconds, scale):
                    yield one.name, load, row


def _where(rounds: int) -> str:
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "")
    machine = f"{cpu or platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine}. Medians of {rounds} rounds; in brackets, against the bare one."


def _lines(path: str) -> Sequence[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
