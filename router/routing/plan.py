"""The routing table, compiled: every name looked up, every fact laid over, every time known.

What lives here: the plan and its parts. Pure. How it is made of a table: `compiling`; what calls do with it: `select`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from router.config import (
    CacheEntry,
    CallTimes,
    ConcurrencyEntry,
    Duration,
    PolicyEntry,
    PriceEntry,
    Server,
    Table,
    TargetEntry,
)
from router.vendors.prices import Price, price_of
from router.vendors.spec import Chat, Operation, Vendor, row_of
from router.wire.calls import CallKind

__all__ = [
    "KINDS",
    "Outlet",
    "Plan",
    "Route",
    "Said",
    "Target",
    "Timing",
    "concurrency_of",
    "declared_fields",
    "known_models",
    "price_of_entry",
    "serving",
    "target_at",
    "why_no_model",
]

KINDS: tuple[CallKind, ...] = ("speech", "transcription", "translation", "sound", "music")

_Operation = TypeVar("_Operation", bound=Operation)


class Timing(Struct, frozen=True, gc=False):
    """Seconds: for one attempt, from the full request to the first audio, over all attempts (None: no bound).

    `connect_s`: to reach the vendor. `hedge_after_s`: until the next target is started beside this one (None: never).
    """

    timeout_s: float
    first_byte_s: float
    deadline_s: float | None = None
    connect_s: float = 10.0
    hedge_after_s: float | None = None


BUILT_IN: Mapping[CallKind, Timing] = {
    "speech": Timing(timeout_s=60, first_byte_s=10),
    "transcription": Timing(timeout_s=600, first_byte_s=300),
    "translation": Timing(timeout_s=600, first_byte_s=300),
    "sound": Timing(timeout_s=600, first_byte_s=600),
    "music": Timing(timeout_s=600, first_byte_s=600),
}


class Outlet(Struct, frozen=True):
    """A vendor as the table has it: facts, our settings there, and why it cannot be used if it cannot.

    `credit_usd`: what one of its credits costs us, where the table says so. `limits`: among others, of its answers.
    """

    name: str
    facts: Vendor
    settings: Mapping[str, str]
    absent: str | None = None
    unset: tuple[str, ...] = ()
    credit_usd: float | None = None
    limits: Server = field(default_factory=Server)

    def __repr__(self) -> str:
        """Without our settings, which tracebacks may show."""
        return f"Outlet({self.name!r})"


class Target(Struct, frozen=True):
    """One outlet and one of its models, with everything this route says about it.

    `abilities` holds the operations of the model by kind, with the price that holds here; a missing kind cannot be
    asked of it. `chat`: what translates a transcript, where the outlet has chat models. `weight`: its share.
    """

    name: str
    outlet: Outlet
    model: str
    abilities: Mapping[CallKind, Operation]
    timing: Mapping[CallKind, Timing]
    voices: Mapping[str, str] = {}
    options: Mapping[str, Any] = {}
    last_resort: bool = False
    chat: Chat | None = None
    weight: float = 1.0
    concurrency: ConcurrencyEntry | None = None


class Route(Struct, frozen=True):
    """A public model name and its chain, as written; `translators`: chat models for what its targets cannot translate.

    `cache`: how long its recordings are kept, and for whom. `resumes`: another vendor goes on where one breaks off.
    """

    name: str
    targets: tuple[Target, ...]
    translators: tuple[Target, ...] = ()
    policy: PolicyEntry = PolicyEntry()
    cache: CacheEntry | None = None
    resumes: bool = False


class Said(Struct, frozen=True):
    """What the table says of a target once, and means wherever it stands: what it costs and how much it takes."""

    prices: Mapping[str, Price] = {}
    concurrency: Mapping[str, ConcurrencyEntry] = {}


class Plan(Struct, frozen=True):
    """All a decision needs to know. Swapped whole when the table changes; calls under way keep theirs.

    `translators`: the table's default ones, for routes that name none and for models that clients name directly.
    `declared`: every vendor's own field names for a kind of call, over the whole table.
    """

    table: Table
    routes: Mapping[str, Route]
    outlets: Mapping[str, Outlet]
    declared: Mapping[CallKind, frozenset[str]]
    translators: tuple[Target, ...] = ()
    said: Said = Said()

    def direct(self, outlet: Outlet, model: str, entry: TargetEntry | None = None) -> Target:
        """The target `outlet/model` as a client names it, with what the table says of it wherever it stands."""
        return target_at(outlet, model, self.table, entry, self.said)


def declared_fields(outlets: Iterable[Outlet]) -> Mapping[CallKind, frozenset[str]]:
    """Every vendor's own field names, by kind of call: those of all its models."""
    facts = [outlet.facts for outlet in outlets]
    operations = {kind: [one for vendor in facts if (one := getattr(vendor, kind))] for kind in KINDS}
    return {kind: frozenset().union(*map(_extras_of, some)) for kind, some in operations.items()}


def _extras_of(operation: Operation) -> frozenset[str]:
    return operation.extras.union(*(row.extras for row in operation.models.values() if row.extras))


def target_at(
    outlet: Outlet, model: str, table: Table, entry: TargetEntry | None = None, said: Said | None = None
) -> Target:
    """The target `outlet/model`, as an entry has it, or plain; `said`: what holds where the entry says nothing."""
    name = f"{outlet.name}/{model}"
    entry = entry or TargetEntry(target=name)
    said = said or Said()
    price = said.prices.get(name) if entry.price is None else price_of_entry(entry.price)
    concurrency = said.concurrency.get(name) if entry.concurrency is None else concurrency_of(entry.concurrency)
    abilities = {kind: _in_dollars(one, outlet) for kind, one in _abilities(outlet.facts, model, price).items()}
    patience = {kind: one.patience_s for kind, one in abilities.items()}
    return Target(
        name=name,
        outlet=outlet,
        model=model,
        abilities=abilities,
        timing={kind: _timing(kind, table, entry, patience.get(kind)) for kind in KINDS},
        voices=entry.voices,
        options=entry.options,
        last_resort=entry.last_resort is True,
        chat=_chat(outlet.facts, model, price),
        weight=entry.weight,
        concurrency=concurrency,
    )


def price_of_entry(entry: PriceEntry) -> Price:
    """A price as the table states it. Raises ValueError where it bills the same thing twice."""
    return price_of(entry.figures, minimum_s=entry.minimum or 0.0, step_s=entry.step or 0.0, credit_usd=entry.credit)


def concurrency_of(entry: int | ConcurrencyEntry) -> ConcurrencyEntry:
    """A bound as the table states it: a number alone has the entry's own queue and wait."""
    return ConcurrencyEntry(limit=entry) if isinstance(entry, int) else entry


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
    if not outlet.facts.knows_all_models or _abilities(outlet.facts, model, None):
        return None
    return f"{outlet.name} has no model {model!r}; it has {', '.join(known_models(outlet.facts))}"


def _abilities(facts: Vendor, model: str, price: Price | None) -> dict[CallKind, Operation]:
    """The operations of a model: what it has rows for, or, for one that nobody knows yet but may exist, all of them."""
    operations = {kind: operation for kind in KINDS if (operation := getattr(facts, kind)) is not None}
    rows = {kind: row_of(operation, model) for kind, operation in operations.items()}
    is_as_told = facts.knows_all_models or any(rows.values())
    return {
        kind: _laid_over(operation, rows[kind], price)
        for kind, operation in operations.items()
        if rows[kind] or not is_as_told
    }


def _chat(facts: Vendor, model: str, price: Price | None) -> Chat | None:
    return facts.chat and _laid_over(facts.chat, row_of(facts.chat, model), price)


def _laid_over(operation: _Operation, row: Struct | None, price: Price | None) -> _Operation:
    fields = asdict(row) if row else {}
    known = {name: value for name, value in fields.items() if value is not None and hasattr(operation, name)}
    if price is not None:
        known["price"] = price
    return replace(operation, **known) if known else operation


def _in_dollars(operation: Operation, outlet: Outlet) -> Operation:
    """With what the table says a credit is worth, where the vendor bills in credits and says no dollars."""
    price = operation.price
    if price is None or not price.is_in_credits or price.credit_usd is not None or outlet.credit_usd is None:
        return operation
    return replace(operation, price=replace(price, credit_usd=outlet.credit_usd))


def _timing(kind: CallKind, table: Table, entry: TargetEntry, patience_s: float | None) -> Timing:
    """The nearest word wins: the target's, the kind's default, the flat default, what is built in.

    Where an answer takes its time by its nature (`patience_s`), only the target's own word makes it shorter.
    """
    of_kind: CallTimes | None = getattr(table.defaults, kind)
    usual = CallTimes(timeout=Duration(patience_s), first_byte_timeout=Duration(patience_s)) if patience_s else None
    layers = [layer for layer in (entry, usual, of_kind, table.defaults) if layer]

    def nearest(name: str, otherwise: float | None) -> Any:
        return next((value for layer in layers if (value := getattr(layer, name, None)) is not None), otherwise)

    built_in = BUILT_IN[kind]
    return Timing(
        timeout_s=nearest("timeout", built_in.timeout_s),
        first_byte_s=nearest("first_byte_timeout", built_in.first_byte_s),
        deadline_s=nearest("deadline", built_in.deadline_s),
        connect_s=nearest("connect_timeout", built_in.connect_s),
        hedge_after_s=nearest("hedge_after", built_in.hedge_after_s),
    )
