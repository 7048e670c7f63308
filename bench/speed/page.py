"""The figures of one run as Markdown: medians over the rounds, and each as a ratio to the bare pass-through's.

What lives here: Markdown, and the lines of `docs/PERFORMANCE.md` between its marks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.marks import between
from bench.speed.loads import FIGURES, Figure
from bench.speed.subjects import BARE

__all__ = ["Figures", "failures", "medians", "table", "with_results"]

Rows = Sequence[tuple[str, str, Mapping[str, Any]]]
"""Subject, load, what was measured; once for each round."""
Figures = Mapping[tuple[str, str, str], float]
"""The median by subject, load and field."""


def medians(rows: Rows) -> Figures:
    values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for subject, load, row in rows:
        for field, value in row.items():
            if isinstance(value, int | float):
                values[subject, load, field].append(value)
    return {key: median(found) for key, found in values.items()}


def failures(rows: Rows) -> Sequence[str]:
    """What did not succeed, in words: a fast server that fails is not fast."""
    bad = [
        (subject, load, sum(int(row.get(field, 0)) for field in ("errors", "non200", "timeouts")), row.get("err", ""))
        for subject, load, row in rows
    ]
    return [f"{subject}, {load}: {count} calls failed {why}".strip() for subject, load, count, why in bad if count]


def table(figures: Figures, names: Sequence[str]) -> str:
    """A row for each figure, a column for each subject."""
    head = f"| | {' | '.join(names)} |\n|---|{'---:|' * len(names)}"
    lines = [f"| {one.title}, {one.unit}".rstrip(", ") + f" | {_cells(one, figures, names)} |" for one in FIGURES]
    return "\n".join([head, *lines])


def with_results(page: str, results: str) -> str:
    """The page with these results in place of others. Raises ValueError where it has no place for them."""
    return between(page, "results", "speed", f"{results}\n")


def _cells(one: Figure, figures: Figures, names: Sequence[str]) -> str:
    bare = figures.get((BARE, one.load, one.field))
    return " | ".join(_cell(one, figures.get((name, one.load, one.field)), bare, name == BARE) for name in names)


def _cell(one: Figure, value: float | None, bare: float | None, is_bare: bool) -> str:  # noqa: FBT001
    if value is None:
        return "-"
    shown = value * one.scale
    text = f"{shown:,.0f}" if shown >= 100 else f"{shown:.3g}"
    return text if is_bare or not bare else f"{text} ({value / bare:.2f} x)"
