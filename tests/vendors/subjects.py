"""Everything that every vendor file says it does: one subject for each operation of each model.

What lives here: how they are found and asked. What they promise: `test_contract`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from router.routing.fit import Fitted
from router.routing.plan import KINDS
from router.vendors import vendor_names
from router.vendors.spec import Operation
from router.wire.calls import CallKind
from tests.vendors.evidence import (
    Case,
    Request,
    decoded,
    dressed,
    facts_of,
    fitted,
    hear,
    key_of,
    names_of,
    say,
    sound,
    target_of,
)

LISTENING = {
    "language": ("de", "fr"),
    "languages": (("de", "fr"), ("fr", "en")),
    "prompt": ("One.", "Two."),
    "temperature": (0.2, 0.7),
    "keywords": (("a",), ("b", "c")),
}
SOUNDING = {"duration": (5.0, 8.0), "seed": (7, 11), "instrumental": (True, False)}
TUNABLES: Mapping[CallKind, Mapping[str, tuple[Any, Any]]] = {
    "speech": {"speed": (0.9, 1.1), "instructions": ("Warmly.", "Coldly."), "language": ("de", "fr")},
    "transcription": LISTENING,
    "translation": LISTENING,
    "sound": SOUNDING,
    "music": SOUNDING,
}
"""All there are of a kind, each with two values that every vendor takes as they are; bounded ones: see `tried`."""


class Subject(Struct, frozen=True):
    """One thing that one model of a vendor does."""

    vendor: str
    kind: CallKind
    model: str

    def __str__(self) -> str:
        return f"{self.vendor}-{self.kind}-{self.model}"

    @property
    def operation(self) -> Any:
        """As the model has it, its row laid over."""
        return target_of(self.vendor, self.model).abilities[self.kind]

    @property
    def languages(self) -> frozenset[str] | None:
        """Those it is fit for, as far as it is bound to any."""
        return getattr(self.operation, "languages", None)

    def tried(self, name: str) -> tuple[Any, Any]:
        """Two values of a tunable that lie within what the model takes."""
        values: tuple[Any, Any] = TUNABLES[self.kind][name]
        bounds = self.operation.honours.get(name)
        if bounds is None or all(bounds[0] <= value <= bounds[1] for value in values):
            return values
        low, high = bounds
        return round(low + (high - low) * 0.25, 1), round(low + (high - low) * 0.75, 1)

    def fit(self, *, extras: Mapping[str, Any] | None = None, voice: str = "alloy", **tunables: Any) -> Fitted:
        """A call that wants all this model can give, as the vendor will get it. Raises `Cannot`."""
        if self.kind == "speech":
            case = say("any", self.model, voice=voice, extras=extras or {}, **tunables)
        elif self.kind in ("sound", "music"):
            lyrics = "La la la." if "lyrics" in self.operation.honours else None
            case = sound("any", self.model, kind=self.kind, extras=extras or {}, **{"lyrics": lyrics, **tunables})
        else:
            wants = " ".join(self.operation.gives - {"events"})
            case = hear("any", self.model, wants, kind=self.kind, extras=extras or {}, **tunables)
        return fitted(self.vendor, case)

    def request(self, case: Case | None = None, **tunables: Any) -> Request:
        return self.dressed(fitted(self.vendor, case) if case else self.fit(**tunables))

    def dressed(self, fitted: Fitted, **extras: Any) -> Request:
        """The request, with `extras` put in behind all checks."""
        return decoded(dressed(fitted, **extras), key_of(self.vendor))

    def replies(self) -> list[str]:
        """The names of the vendor's known replies of this kind."""
        return [name for name in names_of(self.vendor, "reply") if name.startswith(f"{self.kind}-")]


def operations(vendor: str) -> Iterator[tuple[CallKind, Operation]]:
    facts = facts_of(vendor)
    return ((kind, operation) for kind in KINDS if (operation := getattr(facts, kind)))


def subjects(*kinds: CallKind) -> list[Subject]:
    """Every row of every operation, and, where there may be such, a model that nobody has a row for."""
    return [
        Subject(vendor, kind, model)
        for vendor in vendor_names()
        for kind, operation in operations(vendor)
        for model in (*map(sample, operation.models), *_new_models(vendor))
        if kind in kinds
    ]


def _new_models(vendor: str) -> list[str]:
    return [] if facts_of(vendor).knows_all_models else ["a-new-model"]


def sample(glob: str) -> str:
    """A model that a pattern fits."""
    return glob.replace("*", "")


def holds(request: Request, what: str) -> bool:
    """Whether a text stands anywhere in a request."""
    return what in msgspec.json.encode(request).decode()


every_vendor = pytest.mark.parametrize("vendor", vendor_names())
every_subject = pytest.mark.parametrize("subject", subjects(*KINDS), ids=str)
every_speaker = pytest.mark.parametrize("subject", subjects("speech"), ids=str)
every_listener = pytest.mark.parametrize("subject", subjects("transcription", "translation"), ids=str)
every_sounder = pytest.mark.parametrize("subject", subjects("sound", "music"), ids=str)
