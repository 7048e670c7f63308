"""What the lists show: models with their prices and their ends, voices and where each of them speaks.

What lives here: the values, field by field as clients read them, made of the plan alone. Who sends them: `catalog`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from router.media.paths import can_transcode
from router.routing.fit import Cannot, given, voice_at
from router.routing.plan import KINDS, Outlet, Plan, Route, Target, known_models, serving, why_no_model
from router.vendors.spec import Speech
from router.wire.audio import SPEECH_FORMATS
from router.wire.calls import OPENAI_VOICES, CallKind
from router.wire.errors import InvalidCall, UnknownModel
from router.wire.voices import Gender, Voice

__all__ = [
    "ListedFormats",
    "ListedModel",
    "ListedPrice",
    "ListedTarget",
    "ListedVoice",
    "ModelList",
    "VoiceList",
    "called",
    "kinds_of",
    "list_voices",
    "model_ids",
    "show_model",
    "speakers",
    "voice_names",
]

T = TypeVar("T")


class ListedTarget(Struct, frozen=True):
    """One of those that answer for a model, in order. `shutdown_date`: when its vendor ends it (ISO), where known."""

    target: str
    configured: bool
    last_resort: bool
    shutdown_date: str | None


class ListedFormats(Struct, frozen=True):
    """Values of `response_format`: those that a vendor gives itself, and those that are made here."""

    native: list[str]
    transcoded: list[str]


class ListedPrice(Struct, frozen=True):
    """What a target costs, in the vendor's own words: `{"per_hour": 0.04}`. `is_estimate`: it bills by another unit."""

    target: str
    kind: CallKind
    usd: Mapping[str, float]
    minimum_seconds: float
    is_estimate: bool


class ListedModel(Struct, frozen=True, kw_only=True):
    """A model as OpenAI lists it, and what is known of it here. A route has no `shutdown_date`: it goes on.

    `kinds`, `formats` (of speech) and `gives` (of transcription) are those of the targets that may answer today.
    """

    id: str
    object: str = "model"
    created: int
    owned_by: str
    shutdown_date: str | None
    kinds: list[CallKind]
    targets: list[ListedTarget]
    formats: ListedFormats | None
    gives: list[str] | None
    prices: list[ListedPrice]


class ModelList(Struct, frozen=True):
    """The answer to `/models`."""

    data: list[ListedModel]
    object: str = "list"


class ListedVoice(Struct, frozen=True):
    """A voice that can be asked for. `vendors`: who speaks it -> what it is called there.

    `vendor`: whose own it is; None for OpenAI's names and for personas. Their `language` (BCP-47) and `gender` are
    told where they are known and the same at every vendor.
    """

    id: str
    name: str
    language: str | None
    gender: Gender | None
    vendor: str | None
    vendors: Mapping[str, str]


class VoiceList(Struct, frozen=True):
    """The answer to `/audio/voices`."""

    voices: list[ListedVoice]


# ------------------------------------------------------------------ models


def model_ids(plan: Plan) -> list[str]:
    """Every name a client can ask for: the routes somebody can answer, and each configured vendor's known models.

    Of the vendors' models none where they cannot be asked for directly.
    """
    routes = [route.name for route in plan.routes.values() if serving(route.targets)]
    if not plan.table.server.direct:
        return routes
    present = [outlet for outlet in plan.outlets.values() if not outlet.absent]
    return [*routes, *(f"{outlet.name}/{model}" for outlet in present for model in known_models(outlet.facts))]


def show_model(plan: Plan, name: str, *, created: int) -> ListedModel:
    """One model, route or `vendor/model`. `created`: unix seconds. Raises `UnknownModel`."""
    route = _asked(plan, name)
    able = serving(route.targets)
    kinds = kinds_of(able, route.translators)
    is_direct = name not in plan.routes
    return ListedModel(
        id=name,
        created=created,
        owned_by=route.targets[0].outlet.name if is_direct else "audio-router",
        shutdown_date=_shutdown(route.targets[0]) if is_direct else None,
        kinds=kinds,
        targets=[
            ListedTarget(target.name, not target.outlet.absent, target.last_resort, _shutdown(target))
            for target in route.targets
        ],
        formats=_formats(able) if "speech" in kinds else None,
        gives=_gives(able) if "transcription" in kinds else None,
        prices=[price for target in route.targets for price in _prices(target)],
    )


def kinds_of(targets: Sequence[Target], translators: Sequence[Target]) -> list[CallKind]:
    """What can be asked of a chain; a translator makes a translation of any transcription."""
    kinds = {kind for target in targets for kind in target.abilities}
    if "transcription" in kinds and any(not target.outlet.absent for target in translators):
        kinds.add("translation")
    return [kind for kind in KINDS if kind in kinds]


def _asked(plan: Plan, name: str) -> Route:
    """The route of that name; a model that is named directly is a route of one."""
    if route := plan.routes.get(name):
        return route
    vendor, _, own = name.partition("/")
    outlet = plan.outlets.get(vendor)
    if not own or not outlet or outlet.absent or why_no_model(outlet, own) or not plan.table.server.direct:
        raise UnknownModel(f"The model {name!r} does not exist here.", param="model", code="model_not_found")
    return Route(name, (plan.direct(outlet, own),), plan.translators)


def _shutdown(target: Target) -> str | None:
    return min((ability.shutdown for ability in target.abilities.values() if ability.shutdown), default=None)


def _formats(targets: Sequence[Target]) -> ListedFormats:
    sources = {source for target in targets if (speech := _speech(target)) for source in speech.formats}
    native = [name for name, wanted in SPEECH_FORMATS.items() if wanted in sources]
    made = [name for name, wanted in SPEECH_FORMATS.items() if any(can_transcode(source, wanted) for source in sources)]
    return ListedFormats(native, [name for name in made if name not in native])


def _gives(targets: Sequence[Target]) -> list[str]:
    abilities = (target.abilities.get("transcription") for target in targets)
    return sorted(frozenset[str]().union(*(given(ability) for ability in abilities if ability)))


def _prices(target: Target) -> list[ListedPrice]:
    return [
        ListedPrice(target.name, kind, price.in_dollars(), price.minimum_s, price.is_estimate)
        for kind, ability in target.abilities.items()
        if (price := ability.price)
    ]


# ------------------------------------------------------------------ voices


def voice_names(plan: Plan) -> list[str]:
    """OpenAI's thirteen, which every vendor answers to, and the table's personas."""
    return sorted(OPENAI_VOICES | plan.table.voices.keys())


def list_voices(plan: Plan, *, model: str | None = None, vendor: str | None = None) -> VoiceList:
    """The names that somebody speaks, and after them the vendors' own voices, of one model or one vendor if asked so.

    Raises `UnknownModel`, and `InvalidCall` for a vendor that the table does not have.
    """
    if vendor and vendor not in plan.outlets:
        raise InvalidCall(f"There is no vendor {vendor!r} here; known are {', '.join(plan.outlets)}.", param="vendor")
    if model:
        targets = serving(_asked(plan, model).targets)
    else:
        present = [outlet for outlet in plan.outlets.values() if not outlet.absent]
        targets = [target for outlet in present for target in speakers(outlet, plan)]
    spoken = [target for target in targets if _speech(target) and vendor in {None, "", target.outlet.name}]
    names = [*voice_names(plan), *(name for target in spoken for name in target.voices if name != "*")]
    named = {name: voice for name in names if (voice := _named(name, spoken, plan)).vendors}
    own = {name: voice for name, voice in _own(spoken).items() if name not in named}
    return VoiceList([*named.values(), *own.values()])


def speakers(outlet: Outlet, plan: Plan) -> list[Target]:
    """A vendor by the rows of its speech: together they know what it can be asked for."""
    speech = outlet.facts.speech
    return [plan.direct(outlet, model) for model in speech.models or ("",)] if speech else []


def _named(name: str, targets: Sequence[Target], plan: Plan) -> ListedVoice:
    """OpenAI's name, a persona, or a name of a target's own."""
    vendors: dict[str, str] = {}
    facts: list[Voice] = []
    for target in targets:
        own = called(name, target, plan)
        if own and target.outlet.name not in vendors:
            vendors[target.outlet.name] = own
            facts.append(_cast(target).get(own, Voice(name)))
    return ListedVoice(
        name, name, _common(fact.language for fact in facts), _common(fact.gender for fact in facts), None, vendors
    )


def _own(targets: Sequence[Target]) -> dict[str, ListedVoice]:
    """The vendors' own voices, each once."""
    found: dict[str, ListedVoice] = {}
    for target in targets:
        vendor = target.outlet.name
        for own, voice in _cast(target).items():
            first = found.get(own) or ListedVoice(own, voice.name, voice.language, voice.gender, vendor, {})
            found[own] = replace(first, vendors={**first.vendors, vendor: own})
    return found


def called(name: str, target: Target, plan: Plan) -> str | None:
    """What a voice is called at a target that speaks; None where it cannot be asked for."""
    speech = _speech(target)
    assert speech
    try:
        return voice_at(target, speech, name, plan)
    except Cannot:
        return None


def _speech(target: Target) -> Speech | None:
    speech = target.abilities.get("speech")
    return speech if isinstance(speech, Speech) else None


def _cast(target: Target) -> Mapping[str, Voice]:
    speech = _speech(target)
    return speech.cast if speech else {}


def _common(values: Iterable[T | None]) -> T | None:
    """The one value, where all are the same."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
