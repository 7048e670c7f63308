"""The day that is played: how busy its hours are, five vendors, what they charge and what goes wrong with them.

What lives here: figures, and the table that tells the router of those vendors. How they behave: `vendors`; what happens
to a call: `engine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from router.config import parse
from router.routing.compiling import compile_plan
from router.routing.plan import Plan
from router.vendors import find_vendor, vendor_names

__all__ = ["DAY_S", "FULL_DAY", "HOURS", "VENDORS", "VOICES", "Incident", "Profile", "compiled", "table_of"]

DAY_S = 86_400
FULL_DAY = 1_000_000
"""Calls of a whole day. Limits and places of the vendors are stated for that many, and shrink with the day."""

HOURS = (2, 2, 1, 1, 2, 3, 5, 8, 11, 13, 14, 15, 16, 17, 17, 16, 15, 14, 12, 10, 8, 6, 4, 3)
"""How busy each hour is, beside the others."""

VOICES: Mapping[str, float] = {"alloy": 15.0, "coral": 16.0, "echo": 14.0, "nova": 17.0, "onyx": 13.0}
"""Who is asked to speak, each as often, and how many characters a second they do."""


class Incident(Struct, frozen=True):
    """What is wrong with a vendor, from when (an hour of the day) and for how many minutes.

    `refused`: nobody answers the door. `silent`: requests are taken and not answered. `slow`: all takes eight times as
    long, and one request in twenty fails. `key`: our key is refused.
    """

    kind: Literal["refused", "silent", "slow", "key"]
    hour: float
    minutes: float

    @property
    def begins_s(self) -> float:
        """Seconds of the day."""
        return self.hour * 3_600

    @property
    def ends_s(self) -> float:
        """Seconds of the day."""
        return self.begins_s + self.minutes * 60


class Profile(Struct, frozen=True, kw_only=True):
    """A vendor as it is, whatever the router knows of it.

    First audio comes after `wait_s` times a log-normal factor of that `spread`, and `per_character_s` for each
    character. `errors`: the share of requests that fail at once, `breaks`: of streams that break off. `a_minute`: the
    most requests it takes in any minute of a full day. `price`: what it charges, in the words of the table; it
    `has_told` so, or the table lacks it. `weight`: its share under `policy: weight`.
    """

    name: str
    price: Mapping[str, float]
    has_told: bool = True
    wait_s: float
    per_character_s: float
    spread: float = 0.35
    errors: float = 0.005
    breaks: float = 0.0
    a_minute: int | None = None
    weight: float = 1.0
    incidents: tuple[Incident, ...] = ()


VENDORS = (
    Profile(
        name="alpha",
        price={"per_1m_characters": 30},
        wait_s=0.30,
        per_character_s=0.0004,
        errors=0.003,
        weight=2,
        incidents=(Incident("silent", 8, 30), Incident("slow", 18, 180)),
    ),
    Profile(
        name="bravo",
        price={"per_1m_input_tokens": 0.60, "per_1m_output_tokens": 12},
        wait_s=0.40,
        per_character_s=0.0005,
        weight=3,
        incidents=(Incident("silent", 8, 30), Incident("refused", 10, 40)),
    ),
    Profile(
        name="charlie",
        price={"per_minute": 0.003},
        wait_s=0.55,
        per_character_s=0.0006,
        errors=0.015,
        a_minute=960,
        weight=5,
        incidents=(Incident("slow", 4, 180), Incident("silent", 21.5, 30)),
    ),
    Profile(
        name="delta",
        price={"per_1m_characters": 22},
        has_told=False,
        wait_s=0.50,
        per_character_s=0.0005,
        incidents=(Incident("key", 16, 20),),
    ),
    Profile(
        name="echo",
        price={"per_1m_characters": 6},
        wait_s=0.60,
        per_character_s=0.0006,
        errors=0.01,
        breaks=0.02,
    ),
)

HEDGE_AFTER, QUICK = "1s", "1500ms"
POLICIES: Mapping[str, tuple[str, str | None]] = {
    "order": ("order", None),
    "hedged": ("order", HEDGE_AFTER),
    "hedged-quick": (f"{{by: order, max_latency: {QUICK}}}", HEDGE_AFTER),
    "cost": ("cost", None),
    "cost-quick": (f"{{by: cost, max_latency: {QUICK}}}", None),
    "latency": ("latency", None),
    "weight": ("weight", None),
}
"""Routes of the table: the name, its policy, and when the next target is started beside a late one."""


def table_of(routes: Mapping[str, tuple[str, str | None]] = POLICIES, models: Mapping[str, str] | None = None) -> str:
    """The table as it would be written. `models`: what a route's model is called at the vendors, where not `tts`."""
    lines = ["vendors:"]
    lines += [f'  {vendor.name}: {{like: openai, base_url: "http://{vendor.name}.invalid/v1"}}' for vendor in VENDORS]
    lines += ["defaults: {speech: {first_byte_timeout: 4s, deadline: 8s}}", "routes:"]
    for name, (policy, hedge_after) in routes.items():
        lines += [f"  {name}:", f"    policy: {policy}", "    targets:"]
        lines += [f"      - {_target(vendor, (models or {}).get(name, 'tts'), hedge_after)}" for vendor in VENDORS]
    return "\n".join(lines)


def compiled(table: str) -> Plan:
    """The router's own plan of a table."""
    return compile_plan(
        parse(table, "simulated.yaml", {}), find_vendor, vendor_names(), is_installed=lambda _name: True
    )


def _target(vendor: Profile, model: str, hedge_after: str | None) -> str:
    price = ", ".join(f"{word}: {figure:g}" for word, figure in vendor.price.items())
    parts = [
        f"target: {vendor.name}/{model}",
        *([f"price: {{{price}}}"] if vendor.has_told else []),
        f"weight: {vendor.weight:g}",
        *([f"hedge_after: {hedge_after}"] if hedge_after else []),
    ]
    return f"{{{', '.join(parts)}}}"
