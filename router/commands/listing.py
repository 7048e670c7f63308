"""`models` and `voices`: what can be asked for with this table and these keys."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Columns
from rich.text import Text

from router.api.catalog import model_ids, voice_names
from router.app import compiled
from router.config import Loaded
from router.routing.plan import KINDS, Plan, Target

__all__ = ["models", "voices"]


def models(loaded: Loaded, console: Console) -> int:
    """Each route with its kinds and its chain, and the models that can be named directly."""
    plan = compiled(loaded)
    for route in plan.routes.values():
        kinds = [kind for kind in KINDS if any(kind in target.abilities for target in route.targets)]
        chain = " → ".join(_shown(target) for target in route.targets)
        console.print(f"[bold]{escape(route.name)}[/] ({', '.join(kinds)}): {chain}", highlight=False, soft_wrap=True)
    if direct := [name for name in model_ids(plan) if name not in plan.routes]:
        console.print(f"named directly: {', '.join(direct)}", highlight=False, markup=False, soft_wrap=True)
    if any(outlet.absent for outlet in plan.outlets.values()):
        console.print("[dim](in brackets: not configured, `audio-router check` says why)[/]")
    return 0


def _shown(target: Target) -> str:
    name = escape(target.name)
    return f"[dim]({name})[/]" if target.outlet.absent else name


def voices(loaded: Loaded, console: Console) -> int:
    """Each voice name and what it becomes at each vendor that speaks."""
    plan = compiled(loaded)
    speakers = [outlet for outlet in plan.outlets.values() if outlet.facts.speech]
    columns = Columns("voice", *(outlet.name for outlet in speakers), box=None, pad_edge=False)
    for name in voice_names(plan):
        columns.add_row(Text(name), *(Text(_voice_at(plan, name, outlet.name)) for outlet in speakers))
    console.print(columns)
    return 0


def _voice_at(plan: Plan, name: str, vendor: str) -> str:
    speech = plan.outlets[vendor].facts.speech
    assert speech
    persona = plan.table.voices.get(name, {}).get(vendor)
    return persona or speech.voices.get(name) or speech.voices.get("*") or "(by model)"
