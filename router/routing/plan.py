"""The routing table, compiled: every name looked up, every fact laid over, every time known.

What lives here: the plan and its parts. Pure. How it is made of a table: `compiling`; what calls do with it: `select`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from router.config import CallTimes, Table, TargetEntry
from router.vendors.spec import Operation, Vendor, row_of
from router.wire.calls import CallKind

__all__ = [
    "KINDS",
    "Outlet",
    "Plan",
    "Route",
    "Target",
    "Timing",
    "known_models",
    "serving",
    "target_at",
    "why_no_model",
]

KINDS: tuple[CallKind, ...] = ("speech", "transcription", "translation")


class Timing(Struct, frozen=True, gc=False):
    """Seconds for one attempt, from the full request to the first audio, and over all attempts (None: no bound)."""

    timeout_s: float
    first_byte_s: float
    deadline_s: float | None = None


BUILT_IN: Mapping[CallKind, Timing] = {
    "speech": Timing(timeout_s=60, first_byte_s=10),
    "transcription": Timing(timeout_s=600, first_byte_s=300),
    "translation": Timing(timeout_s=600, first_byte_s=300),
}


class Outlet(Struct, frozen=True):
    """A vendor as the table has it: facts, our settings there, and why it cannot be used if it cannot."""

    name: str
    facts: Vendor
    settings: Mapping[str, str]
    absent: str | None = None
    unset: tuple[str, ...] = ()


class Target(Struct, frozen=True):
    """One outlet and one of its models, with everything this route says about it.

    `abilities` holds the operations of the model by kind; a missing kind cannot be asked of it.
    """

    name: str
    outlet: Outlet
    model: str
    abilities: Mapping[CallKind, Operation]
    timing: Mapping[CallKind, Timing]
    voices: Mapping[str, str] = {}
    options: Mapping[str, Any] = {}
    last_resort: bool = False


class Route(Struct, frozen=True):
    """A public model name and its chain, in order; `translators`: chat models for what its targets cannot translate."""

    name: str
    targets: tuple[Target, ...]
    translators: tuple[Target, ...] = ()


class Plan(Struct, frozen=True):
    """All a decision needs to know. Swapped whole when the table changes; calls under way keep theirs."""

    table: Table
    routes: Mapping[str, Route]
    outlets: Mapping[str, Outlet]
    translators: tuple[Target, ...] = ()
    """The table's default ones, for routes that name none and for models that clients name directly."""

    def declared(self, kind: CallKind) -> frozenset[str]:
        """Every vendor's own field names for a kind of call, over the whole table."""
        operations = (getattr(outlet.facts, kind) for outlet in self.outlets.values())
        return frozenset().union(*(operation.extras for operation in operations if operation))


def target_at(outlet: Outlet, model: str, table: Table, entry: TargetEntry | None = None) -> Target:
    """The target `outlet/model`, as the route's entry has it, or plain when a client names it directly."""
    name = f"{outlet.name}/{model}"
    entry = entry or TargetEntry(target=name)
    return Target(
        name=name,
        outlet=outlet,
        model=model,
        abilities=_abilities(outlet.facts, model),
        timing={kind: _timing(kind, table, entry) for kind in KINDS},
        voices=entry.voices,
        options=entry.options,
        last_resort=entry.last_resort is True,
    )


def serving(targets: Sequence[Target]) -> Sequence[Target]:
    """Those of a chain that may answer: configured, and a last resort only where nobody else is."""
    present = [target for target in targets if not target.outlet.absent]
    return [target for target in present if not target.last_resort] or present


def known_models(facts: Vendor) -> list[str]:
    """The models that a vendor has rows for by name, in the order of its file."""
    operations = [operation for kind in KINDS if (operation := getattr(facts, kind))]
    return list(dict.fromkeys(model for operation in operations for model in operation.models if "*" not in model))


def why_no_model(outlet: Outlet, model: str) -> str | None:
    """The sentence that says why an outlet cannot have a model; None where it has, or might have."""
    if not outlet.facts.knows_all_models or _abilities(outlet.facts, model):
        return None
    return f"{outlet.name} has no model {model!r}; it has {', '.join(known_models(outlet.facts))}"


def _abilities(facts: Vendor, model: str) -> dict[CallKind, Operation]:
    """The operations of a model: what it has rows for, or, for one that nobody knows yet but may exist, all of them."""
    operations = {kind: operation for kind in KINDS if (operation := getattr(facts, kind)) is not None}
    rows = {kind: row_of(operation, model) for kind, operation in operations.items()}
    is_as_told = facts.knows_all_models or any(rows.values())
    return {
        kind: _laid_over(operation, row) if (row := rows[kind]) else operation
        for kind, operation in operations.items()
        if rows[kind] or not is_as_told
    }


def _laid_over(operation: Operation, row: Struct) -> Operation:
    fields = {name: value for name, value in asdict(row).items() if value is not None and hasattr(operation, name)}
    return replace(operation, **fields)


def _timing(kind: CallKind, table: Table, entry: TargetEntry) -> Timing:
    """The nearest word wins: the target's, the kind's default, the flat default, what is built in."""
    of_kind: CallTimes | None = getattr(table.defaults, kind)
    layers = [entry, *([of_kind] if of_kind else []), table.defaults]

    def nearest(name: str, otherwise: float | None) -> Any:
        return next((value for layer in layers if (value := getattr(layer, name, None)) is not None), otherwise)

    built_in = BUILT_IN[kind]
    return Timing(
        timeout_s=nearest("timeout", built_in.timeout_s),
        first_byte_s=nearest("first_byte_timeout", built_in.first_byte_s),
        deadline_s=nearest("deadline", built_in.deadline_s),
    )
