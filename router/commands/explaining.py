"""`explain`: what would become of a call, as a table for people or as JSON. No vendor is called."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from router.api.explaining import call_of
from router.api.lists import kinds_of
from router.app import compiled
from router.commands.calls import upload_of
from router.config import Loaded
from router.media.length import length_of
from router.routing.explain import ExplainedTarget, Explanation, explain
from router.routing.history import History
from router.routing.pricing import dollars
from router.wire.calls import CallKind
from router.wire.errors import CallError

__all__ = ["explain_call", "kind_of"]

Fields = Mapping[str, Any]


def kind_of(loaded: Loaded, model: str) -> CallKind:
    """What a route makes of a text: speech, unless none of its targets does."""
    route = compiled(loaded).routes.get(model)
    kinds = kinds_of(route.targets, ()) if route else []
    return next((kind for kind in ("speech", "music", "sound") if kind in kinds), "speech")


def explain_call(
    loaded: Loaded, fields: Fields, file: Path | None, console: Console, errors: Console, *, as_json: bool
) -> int:
    """Print what the table makes of a call today, with nothing known of vendors' health. 1: the call is refused."""
    try:
        call = call_of({**fields, **(_facts_of(file) if file else {})}, loaded.table.server.max_input)
        told = explain(compiled(loaded), call, History(), now=0.0)
    except CallError as error:
        errors.print(error.message, style="red", highlight=False, markup=False, soft_wrap=True)
        return 1
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")
    else:
        _show(told, console)
    return 0 if told.targets else 1


def _facts_of(file: Path) -> Fields:
    with closing(upload_of(file)) as upload:
        return {"size": upload.size, "duration": asyncio.run(length_of(upload))}


def _show(told: Explanation, console: Console) -> None:
    bounds = {"at most": _seconds(told.policy.max_latency_s), "up to": _usd(told.policy.max_cost)}
    said = [told.policy.by, *(f"{word} {bound}" for word, bound in bounds.items() if bound)]
    console.print(f"{told.model}: {told.kind}, policy {', '.join(said)}", highlight=False, markup=False)
    if told.targets:
        table = Table("", "target", "cost", "", box=None, header_style="dim", pad_edge=False)
        for number, target in enumerate(told.targets, start=1):
            cost = _usd(target.cost_usd)
            table.add_row(str(number), target.target, f"{cost}" if cost else "unpriced", "; ".join(_notes(target)))
        console.print(table, highlight=False, markup=False)
    else:
        console.print("nobody can answer", style="red", highlight=False)
    for one in told.excluded:
        console.print(f"- {one.target}: {one.reason}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _notes(target: ExplainedTarget) -> Iterator[str]:
    if target.share is not None:
        yield f"{target.share:.0%} of calls"
    if target.voice:
        yield f"voice {target.voice}"
    if target.format:
        yield f"{target.format}, transcoded" if target.is_transcoded else target.format
    if target.requests > 1:
        yield f"in {target.requests} requests"
    if target.translated_by:
        yield f"translated by {target.translated_by}"
    if target.dropped:
        yield f"drops {', '.join(target.dropped)}"


def _usd(usd: float | None) -> str | None:
    return None if usd is None else f"${dollars(usd)}"


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:g} s"
