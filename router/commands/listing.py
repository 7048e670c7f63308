"""`models` and `voices`: what can be asked for with this table and these keys, what it costs and when it ends."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Columns
from rich.text import Text

from router.api.lists import called, kinds_of, list_voices, model_ids, speakers, voice_names
from router.app import compiled
from router.config import Loaded
from router.routing.plan import Outlet, Plan, Target, serving

__all__ = ["models", "voices"]

ABSENT = "(in brackets: not configured, `audio-router check` says why)"


def models(loaded: Loaded, console: Console) -> int:
    """Each route with its kinds and its chain, the models that can be named directly, and what each model costs."""
    plan = compiled(loaded)
    for route in plan.routes.values():
        kinds = ", ".join(kinds_of(serving(route.targets), route.translators)) or "nobody can answer yet"
        chain = " → ".join(_shown(target.name, target.outlet) for target in route.targets)
        translators = " → ".join(_shown(target.name, target.outlet) for target in route.translators)
        then = f"; translated with {translators}" if translators else ""
        _print(Text.assemble((route.name, "bold"), f" ({kinds}): {chain}{then}"), console)
    if direct := [name for name in model_ids(plan) if name not in plan.routes]:
        _print(Text(f"named directly: {', '.join(direct)}"), console)
    console.print()
    console.print(_prices(plan, direct))
    if any(outlet.absent for outlet in plan.outlets.values()):
        console.print(Text(ABSENT, "dim"))
    return 0


def _print(line: Text, console: Console) -> None:
    """A line; before people's eyes folded between words, what follows set in by four."""
    if not console.is_terminal:
        console.print(line, soft_wrap=True)
        return
    parts = line.wrap(console, max(console.width - 4, 20))
    for part in parts:
        part.rstrip()
    console.print(Text("\n    ").join(parts))


def _prices(plan: Plan, direct: list[str]) -> Columns:
    """Every model of the table and every one that can be named directly, once."""
    targets = {target.name: target for route in plan.routes.values() for target in route.targets}
    for name in direct:
        vendor, _, model = name.partition("/")
        targets.setdefault(name, plan.direct(plan.outlets[vendor], model))
    columns = _columns("model", "price in US dollars", "ends")
    for name, target in sorted(targets.items()):
        columns.add_row(Text(_shown(name, target.outlet)), *_price_and_end(target))
    return columns


def _price_and_end(target: Target) -> tuple[str, str]:
    abilities = target.abilities.values()
    prices = dict.fromkeys(str(ability.price) for ability in abilities if ability.price)
    return ", ".join(prices), min((ability.shutdown for ability in abilities if ability.shutdown), default="")


def _shown(name: str, outlet: Outlet) -> str:
    return f"({name})" if outlet.absent else name


def voices(loaded: Loaded, console: Console) -> int:
    """Each voice name and what it becomes at each vendor that speaks; and the configured vendors' own voices."""
    plan = compiled(loaded)
    outlets = [outlet for outlet in plan.outlets.values() if outlet.facts.speech]
    columns = _columns("voice", *(_shown(outlet.name, outlet) for outlet in outlets))
    for name in voice_names(plan):
        columns.add_row(Text(name), *(Text(_called(name, outlet, plan)) for outlet in outlets))
    console.print(columns)
    own = _columns("voice", "name", "language", "gender", "vendor")
    for voice in list_voices(plan).voices:
        if voice.vendor:
            facts = (voice.name, voice.language or "", voice.gender or "", voice.vendor)
            own.add_row(Text(voice.id), *map(Text, facts))
    if own.rows:
        console.print()
        console.print(own)
    return 0


def _called(name: str, outlet: Outlet, plan: Plan) -> str:
    return next((own for target in speakers(outlet, plan) if (own := called(name, target, plan))), "")


def _columns(*headings: str) -> Columns:
    columns = Columns(box=None, pad_edge=False)
    for heading in headings:
        columns.add_column(heading, overflow="fold")
    return columns
