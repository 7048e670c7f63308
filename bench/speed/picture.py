"""The ratios of one run as a picture: SVG, the same bytes for the same figures.

What lives here: matplotlib. Its ground is opaque, so that it reads on a dark page as on a light one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from bench.speed.loads import FIGURES
from bench.speed.page import Figures
from bench.speed.subjects import BARE

__all__ = ["draw"]

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "bench/speed",  # ids in the file are of this, not of chance
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
}
COLOURS = ("#0072b2", "#999999", "#d55e00", "#009e73")
HEIGHT = 0.8


def draw(figures: Figures, names: Sequence[str], path: Path) -> None:
    """Every figure of every subject but the bare one, as how many times better than that; 1 is a line."""
    shown = [one for one in FIGURES if figures.get((BARE, one.load, one.field))]
    others = [name for name in names if name != BARE]
    with mpl.rc_context(STYLE):
        picture = Picture(figsize=(9, 0.5 * len(shown) + 1.2), facecolor="white", layout="constrained")
        axes = picture.add_subplot()
        for index, name in enumerate(others):
            places = [row + HEIGHT * (index + 0.5) / len(others) - HEIGHT / 2 for row in range(len(shown))]
            ratios = [_better(figures, name, one.load, one.field, is_more=one.is_more_better) for one in shown]
            lengths = [ratio - 1 for ratio in ratios]
            axes.barh(places, lengths, HEIGHT / len(others), left=1, label=name, color=COLOURS[index % len(COLOURS)])
        axes.axvline(1, color="black", linewidth=1)
        axes.set(xscale="log", yticks=range(len(shown)), yticklabels=[one.title for one in shown])
        axes.set_xlabel(f"times as good as the {BARE} (more calls, or fewer milliseconds, MiB, %)")
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter("{x:g} x")
        axes.grid(visible=False, axis="y")
        axes.legend(frameon=False)
        path.parent.mkdir(exist_ok=True)
        picture.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _better(figures: Figures, name: str, load: str, field: str, *, is_more: bool) -> float:
    value, bare = figures.get((name, load, field)), figures[BARE, load, field]
    if not value:
        return 1.0  # nothing to compare
    return value / bare if is_more else bare / value
