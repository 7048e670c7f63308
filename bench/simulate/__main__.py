"""`python -m bench.simulate`: play the day, print the results, or write them into the docs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import click

from bench.simulate.decisions import FEW, timed
from bench.simulate.engine import simulate
from bench.simulate.page import table, with_results, with_world
from bench.simulate.rules import RULES
from bench.simulate.tally import Tally
from bench.simulate.world import FULL_DAY

PAGE, PICTURE = "ROUTING.md", "images/routing.svg"


@click.command()
@click.option("--calls", default=FULL_DAY, show_default=True, help="Calls of the day.")
@click.option("--seed", default=1, show_default=True, help="Of all chance; the same seed, the same day.")
@click.option("--rules", default=",".join(RULES), show_default=True, help="Which to play.")
@click.option("--jobs", default=1, show_default=True, help="Rules played side by side, each in a process of its own.")
@click.option("--write", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Write into these docs.")
@click.option("--routes", default=0, help="Instead: time decisions with ten routes and with this many.")
def main(calls: int, seed: int, rules: str, jobs: int, write: Path | None, routes: int) -> None:
    """Play a day of calls under each rule, in virtual time."""
    if routes:
        click.echo(_flatness(routes, seed))
        return
    keys = rules.split(",")
    if unknown := [key for key in keys if key not in RULES]:
        raise click.BadParameter(f"no rule {', '.join(unknown)}; there are {', '.join(RULES)}", param_hint="--rules")
    tallies = dict(_played(keys, calls, seed, jobs))
    click.echo(table(tallies))
    if write:
        _write(write, tallies)


def _played(keys: Sequence[str], calls: int, seed: int, jobs: int) -> Iterator[tuple[str, Tally]]:
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        tallies = pool.map(simulate, [RULES[key] for key in keys], repeat(calls), repeat(seed))
        for key, tally in zip(keys, tallies, strict=True):
            click.echo(f"{key}: {tally.share('ok'):.3%} of {tally.calls:,} calls", err=True)
            yield key, tally


def _write(docs: Path, tallies: dict[str, Tally]) -> None:
    from bench.simulate.picture import draw  # noqa: PLC0415 - matplotlib is of the extra `bench`

    page = docs / PAGE
    page.write_text(with_world(with_results(page.read_text(encoding="utf-8"), tallies)), encoding="utf-8")
    (docs / PICTURE).parent.mkdir(exist_ok=True)
    draw(tallies, docs / PICTURE)


def _flatness(routes: int, seed: int) -> str:
    times = timed(routes, seed)
    lines = {
        f"{FEW} routes": times.few_us,
        f"{routes:,} routes, {FEW} of them called": times.hot_us,
        f"{routes:,} routes, all of them called": times.many_us,
    }
    return "\n".join(f"{what}: {us:.1f} µs a decision, {us / times.few_us:.2f} x" for what, us in lines.items())


if __name__ == "__main__":
    main()
