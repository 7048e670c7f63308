"""Finding and reading the routing table for a command, and `check`, `schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from router.app import compiled
from router.config import ConfigError, Loaded, Problem, json_schema, load
from router.routing.plan import Plan, serving
from router.routing.warnings import warnings_of

__all__ = ["absent_keys", "check", "find_table", "print_schema", "read_table"]

OWN_TABLE = "routes.yaml"


def find_table(given: Path | None, environment: Mapping[str, str]) -> Path:
    """`--config`, `AUDIO_ROUTER_CONFIG`, `./routes.yaml`, and then the table that ships with the package."""
    if given:
        return given
    if named := environment.get("AUDIO_ROUTER_CONFIG"):
        return Path(named)
    if Path(OWN_TABLE).is_file():
        return Path(OWN_TABLE)
    package = Path(__file__).parent.parent
    shipped = package / OWN_TABLE  # in an installed wheel
    return shipped if shipped.is_file() else package.parent / OWN_TABLE  # in a checkout


def read_table(given: Path | None, environment: Mapping[str, str]) -> Loaded:
    """The table, or, in one `ConfigError`, all that is wrong with it: its shape, and what its vendors do not know."""
    try:
        return load(find_table(given, environment), environment)
    except ConfigError as error:
        if error.rest is None:
            raise
        raise ConfigError([*error.problems, *_problems_in(error.rest)]) from error


def _problems_in(rest: Loaded) -> Sequence[Problem]:
    try:
        compiled(rest)
    except ConfigError as error:
        return error.problems
    return ()


def check(loaded: Loaded, console: Console, *, is_strict: bool = False) -> int:
    """Every problem was raised by now; what is left to tell is what to look at, and who is configured.

    1 where there are warnings and `is_strict`, else 0.
    """
    plan = compiled(loaded)
    warnings = warnings_of(plan, loaded.source, datetime.now(UTC).date())
    counted = f", {len(warnings)} warning{'s' * (len(warnings) != 1)}" if warnings else ""
    console.print(
        f"[green]{escape(loaded.source.file)} is valid[/]: {len(plan.routes)} routes, {len(plan.outlets)} vendors"
        f"{counted}",
        highlight=False,
        soft_wrap=True,
    )
    for warning in warnings:
        console.print(f"warning: {warning}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    for line in [*absences(plan), *absent_keys(loaded)]:
        console.print(f"  {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    return 1 if is_strict and warnings else 0


def absent_keys(loaded: Loaded) -> list[str]:
    """Which callers' keys are left out; and where none is left, that nobody is asked for one."""
    skipped = ", ".join(f"{name} left out ({variable} is not set)" for name, variable in loaded.skipped_keys.items())
    if not skipped:
        return []
    return [f"keys: {skipped}" if loaded.table.keys else f"keys: {skipped}: any program on this machine may call"]


def absences(plan: Plan) -> list[str]:
    """Vendors that cannot be used and why; routes that only their last resort can answer, by who that is."""
    lines = [f"{outlet.name} is not configured: {outlet.absent}" for outlet in plan.outlets.values() if outlet.absent]
    resorts: dict[str, list[str]] = {}
    for route in plan.routes.values():
        able = serving(route.targets)
        if able and able[0].last_resort:
            resorts.setdefault(able[0].name, []).append(route.name)
    return lines + [f"only the last resort {name} answers {', '.join(routes)}" for name, routes in resorts.items()]


def print_schema(console: Console) -> int:
    """The JSON Schema of routes.yaml, for editors."""
    console.out(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode(), highlight=False)
    return 0
