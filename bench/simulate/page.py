"""What stands in `docs/ROUTING.md` between its marks: the vendors as they are, the results as they came out.

What lives here: Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from bench.marks import between
from bench.simulate.rules import RULES
from bench.simulate.tally import Tally, percentile
from bench.simulate.traffic import MEDIAN_CHARACTERS
from bench.simulate.vendors import charged
from bench.simulate.world import VENDORS, VOICES, Incident, Profile
from router.vendors.prices import price_of

__all__ = ["table", "with_results", "with_world"]

WORLD = (
    "vendor",
    "price",
    "for 1M characters",
    "first audio, as a rule",
    "errors",
    "what happens to it",
)
RESULTS = (
    "rule",
    "success",
    "failed",
    "interrupted",
    "p50 to first audio",
    "p99",
    "$ for 1,000 calls",
    "attempts a call",
    "hedged",
)
KINDS = {
    "refused": "connections are refused",
    "silent": "takes requests and does not answer",
    "slow": "8 times as slow, 5 % errors",
    "key": "refuses our key",
}


def table(tallies: Mapping[str, Tally]) -> str:
    """A row for each rule, by its key in `RULES`."""
    return _table(RESULTS, (_result(key, tally) for key, tally in tallies.items()))


def with_results(page: str, tallies: Mapping[str, Tally]) -> str:
    """The page with these results in place of others. Raises ValueError where it has no place for them."""
    calls = next(iter(tallies.values())).calls
    return between(page, "results", "simulate", f"Each rule has routed {calls:,} calls.\n\n{table(tallies)}")


def with_world(page: str) -> str:
    """The page with the vendors as they are. Raises ValueError where it has no place for them."""
    return between(page, "vendors", "simulate", _table(WORLD, map(_vendor, VENDORS)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _result(key: str, tally: Tally) -> Sequence[str]:
    first_s = tally.first_s()
    return (
        RULES[key].name,
        *(f"{tally.share(outcome):.3%}" for outcome in tally.outcomes),
        f"{percentile(first_s, 0.5):.2f} s",
        f"{percentile(first_s, 0.99):.2f} s",
        f"{tally.usd / tally.calls * 1_000:.2f}",
        f"{tally.attempts / tally.calls:.3f}",
        f"{tally.hedged / tally.calls:.1%}",
    )


def _vendor(vendor: Profile) -> Sequence[str]:
    price = price_of(vendor.price)
    told = f"${price}" + ("" if vendor.has_told else ", which the table does not say")
    usd = charged(price.rates, 1_000_000, 1_000_000 / fmean(VOICES.values()))
    typical_s = vendor.wait_s + vendor.per_character_s * MEDIAN_CHARACTERS
    errors = f"{vendor.errors:.1%}" + (f", and {vendor.breaks:.0%} of streams break off" if vendor.breaks else "")
    limit = [f"all day: {vendor.a_minute:,} requests a minute at most"] if vendor.a_minute else []
    happens = "; ".join([*map(_incident, vendor.incidents), *limit]) or "nothing"
    return f"`{vendor.name}`", told, f"${usd:.2f}", f"{typical_s:.2f} s", errors, happens


def _incident(incident: Incident) -> str:
    hour, minutes = divmod(round(incident.hour * 60), 60)
    return f"{hour:02}:{minutes:02}, {incident.minutes:g} minutes: {KINDS[incident.kind]}"
