"""The day and its results as a picture: SVG, the same bytes for the same figures.

What lives here: matplotlib. Its ground is opaque, so that it reads on a dark page as on a light one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.simulate.rules import RULES, STRANGERS
from bench.simulate.tally import SLOT_S, Tally, percentile
from bench.simulate.world import VENDORS

__all__ = ["draw"]

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "bench/simulate",  # ids in the file are of this, not of chance
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
}
LINES = {
    "order": "#56b4e9",
    "hedged-quick": "#0072b2",
    "cost-quick": "#009e73",
    "latency": "#cc79a7",
    "chain": "#d55e00",
    "random": "#e69f00",
    "token-price": "#999999",
}
"""Rules with a line of their own in the course of the day; more would hide each other."""
INCIDENTS = {"refused": "#d55e00", "silent": "#cc79a7", "slow": "#e69f00", "key": "#0072b2"}
LABEL_GAP = 0.085


def draw(tallies: Mapping[str, Tally], path: Path) -> None:
    """Write the picture of these results (by the rules' keys) to a file."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 9.5), facecolor="white")
        _draw_day(figure.add_axes((0.07, 0.62, 0.91, 0.34)), tallies)
        _draw_troubles(figure.add_axes((0.07, 0.46, 0.91, 0.11)))
        _draw_points(figure.add_axes((0.07, 0.06, 0.43, 0.31)), tallies)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _draw_day(axes: Axes, tallies: Mapping[str, Tally]) -> None:
    for key, colour in LINES.items():
        if key in tallies:
            slots = tallies[key].slots
            hours = [(index + 0.5) * SLOT_S / 3_600 for index in range(len(slots))]
            p99 = [percentile(sorted(slot), 0.99) for slot in slots]
            style = "--" if key in STRANGERS else "-"
            axes.plot(hours, p99, style, color=colour, linewidth=1.4, label=_plain(key))
    axes.set_title("Seconds to first audio, 99th percentile of each ten minutes", loc="left")
    axes.set(yscale="log", ylabel="seconds", ylim=(0.8, 20), yticks=[1, 2, 4, 8], yticklabels=["1", "2", "4", "8"])
    axes.minorticks_off()
    _set_hours(axes)
    axes.legend(ncols=2, frameon=False, loc="upper left", fontsize=8)
    for incident in (incident for vendor in VENDORS for incident in vendor.incidents):
        axes.axvspan(incident.hour, incident.hour + incident.minutes / 60, color="#000000", alpha=0.05, linewidth=0)


def _draw_troubles(axes: Axes) -> None:
    names = [vendor.name for vendor in VENDORS]
    for kind, colour in INCIDENTS.items():
        found = [(row, one) for row, vendor in enumerate(VENDORS) for one in vendor.incidents if one.kind == kind]
        rows, widths, lefts = zip(*((row, one.minutes / 60, one.hour) for row, one in found), strict=True)
        axes.barh(rows, widths, left=lefts, height=0.6, color=colour, label=kind)
    axes.set_title("What goes wrong with whom", loc="left")
    axes.legend(ncols=len(INCIDENTS), frameon=False, loc="lower right", bbox_to_anchor=(1, 0.98), fontsize=8)
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5), xlabel="hour of the day")
    axes.grid(visible=False, axis="y")
    _set_hours(axes)


def _draw_points(axes: Axes, tallies: Mapping[str, Tally]) -> None:
    usd = {key: tally.usd / tally.calls * 1_000 for key, tally in tallies.items()}
    p99 = {key: percentile(tally.first_s(), 0.99) for key, tally in tallies.items()}
    right, top = 1.05 * max(usd.values()), 1.15 * max(p99.values())
    heights = _apart([p99[key] / top for key in tallies])
    for (key, tally), height in zip(tallies.items(), heights, strict=True):
        is_stranger = key in STRANGERS
        colour = LINES.get(key, "#444444")
        axes.plot(usd[key], p99[key], "s" if is_stranger else "o", color=colour, markersize=7, zorder=3)
        axes.annotate(
            f"{_plain(key)}  {tally.share('ok'):.3%}",
            (usd[key], p99[key]),
            (1.04, height),
            textcoords="axes fraction",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.6, "relpos": (0, 0.5)},
        )
    axes.set_title("Price and wait of the whole day; beside the name, the share of calls that succeeded", loc="left")
    axes.set(xlim=(0, right), ylim=(0, top), xlabel="dollars for 1,000 calls", ylabel="p99 to first audio, seconds")


def _set_hours(axes: Axes) -> None:
    axes.set(xlim=(0, 24), xticks=range(0, 25, 2))


def _apart(heights: Sequence[float]) -> list[float]:
    """The same heights (0 to 1), moved so far that a line of text fits between each two."""
    places = list(heights)
    below = -LABEL_GAP
    for index in sorted(range(len(places)), key=places.__getitem__):
        below = places[index] = max(places[index], below + LABEL_GAP)
    above = 1.0 + LABEL_GAP
    for index in sorted(range(len(places)), key=places.__getitem__, reverse=True):
        above = places[index] = min(places[index], above - LABEL_GAP)
    return places


def _plain(key: str) -> str:
    return RULES[key].name.replace("`", "")
