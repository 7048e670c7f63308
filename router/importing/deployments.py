"""One entry of LiteLLM's `model_list`: whether it is about audio, and which vendor's target it becomes here.

What lives here: what an entry means by itself; groups and settings are `litellm`'s. Which models are audio is read off
the vendor files: no name of a vendor or of a model is known here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from router.config.problems import Place
from router.config.words import BaseUrl, TargetName
from router.importing.outlets import Outlets, usual_variable
from router.importing.terms import Entry, Remarks, environment_name, number_of, shares_of, terms_of
from router.vendors import find_vendor, vendor_names
from router.vendors.spec import Operation, Vendor, row_of

__all__ = ["Deployment", "deployments", "is_audio", "is_wildcard", "variables_of"]

BARE = "openai"  # whose model a name without a provider is
KINDS = {"audio_speech": "speech", "audio_transcription": "transcription"}  # by `mode`


class Deployment(Struct, frozen=True, kw_only=True):
    """A target in the making. `order`: lower first; `shares`: by weight, rpm and tpm; `terms`: what else a target says.

    `group` is the name that clients ask for, `kinds` the calls it is for; `id`: LiteLLM's own, or empty.
    """

    group: str
    target: str
    kinds: frozenset[str]
    order: float
    shares: Mapping[str, float]
    terms: Mapping[str, Any]
    id: str
    place: Place


def variables_of(entries: Iterable[Entry]) -> set[str]:
    """The environment variables that hold these entries' keys, said or, as LiteLLM takes them, not said."""
    found = set()
    for entry in entries:
        if variable := environment_name(entry.params.get("api_key")):
            found.add(variable)
        elif not entry.params.get("api_key") and (vendor := _vendor_named(_provider_and_model(entry)[0])):
            found.add(usual_variable(vendor.name))
    return found


def is_wildcard(entry: Entry) -> bool:
    """Whether an entry stands for all models of a provider that fit its pattern."""
    return "*" in entry.params["model"]


def is_audio(entry: Entry) -> bool:
    """Whether an entry says that it is about audio, or names a model that its vendor is known to have for it."""
    if mode := entry.info.get("mode"):
        return str(mode) in KINDS
    provider, model = _provider_and_model(entry)
    vendor = _vendor_named(provider)
    return vendor is not None and any(_kinds(vendor, one) for one in _models(vendor, model))


def deployments(entry: Entry, outlets: Outlets, remarks: Remarks) -> list[Deployment]:
    """What an entry about audio becomes: one deployment, of a wildcard one for each known model; why none, is told."""
    provider, pattern = _provider_and_model(entry)
    vendor = _vendor_named(provider)
    at_model = (*entry.place, "litellm_params", "model")
    if vendor is None:
        remarks.tell(at_model, f"left out: no vendor {provider!r} here; known are {', '.join(vendor_names())}")
        return []
    if provider != vendor.name:
        remarks.tell(at_model, f"{provider} is taken to be {vendor.name}")
    models = [model for model in _models(vendor, pattern) if _is_possible(entry, vendor, model)]
    if not models:
        remarks.tell(at_model, f"left out: {vendor.name} has no such model for such calls here")
        return []
    if is_wildcard(entry):
        remarks.tell(at_model, f"a wildcard becomes the models known of {vendor.name}: {', '.join(models)}")
    base = _base(entry, vendor, remarks)
    if base is None:
        return []
    outlet = outlets.name(vendor, str(entry.params.get("api_key") or ""), base, entry.place)
    order = number_of(entry.params.get("order"))
    shares, terms = shares_of(entry, remarks), terms_of(entry, remarks)
    return [
        Deployment(
            group=_filled(entry.name, pattern, model),
            target=f"{outlet}/{model}".replace("${", "$${"),
            kinds=_asked_kinds(entry, vendor, model),
            order=math.inf if order is None else order,
            shares=shares,
            terms=terms,
            id=str(entry.info.get("id") or ""),
            place=entry.place,
        )
        for model in models
    ]


def _provider_and_model(entry: Entry) -> tuple[str, str]:
    model = str(entry.params["model"])
    if said := entry.params.get("custom_llm_provider"):
        return str(said), model.removeprefix(f"{said}/")
    provider, slash, rest = model.partition("/")
    return (provider, rest) if slash else (BARE, model)


def _vendor_named(provider: str) -> Vendor | None:
    """LiteLLM writes some_vendor or some_vendor_ai what a vendor file calls some-vendor."""
    plain = provider.lower().replace("_", "-")
    name = next((name for name in (plain, plain.removesuffix("-ai")) if name in vendor_names()), None)
    return find_vendor(name) if name else None


def _operations(vendor: Vendor) -> dict[str, Operation]:
    both: dict[str, Operation | None] = {"speech": vendor.speech, "transcription": vendor.transcription}
    return {kind: operation for kind, operation in both.items() if operation}


def _kinds(vendor: Vendor, model: str) -> frozenset[str]:
    """The calls that a vendor is known to have a model for."""
    return frozenset(kind for kind, operation in _operations(vendor).items() if row_of(operation, model) is not None)


def _models(vendor: Vendor, pattern: str) -> list[str]:
    """The model itself; of a wildcard the models of the vendor's rows that fit it."""
    if "*" not in pattern:
        return [pattern]
    names = (name for operation in _operations(vendor).values() for name in operation.models if "*" not in name)
    return [name for name in dict.fromkeys(names) if fnmatchcase(name, pattern)]


def _asked_kinds(entry: Entry, vendor: Vendor, model: str) -> frozenset[str]:
    """The calls that an entry is for: by its mode, else by the vendor's rows; none that the vendor cannot answer."""
    known = _kinds(vendor, model)
    kind = KINDS.get(str(entry.info.get("mode")))
    if kind is None:
        return known
    is_there = kind in _operations(vendor) and (known or not vendor.knows_all_models)
    return frozenset({kind}) if is_there else frozenset()


def _is_possible(entry: Entry, vendor: Vendor, model: str) -> bool:
    return bool(_asked_kinds(entry, vendor, model)) and _fits(f"{vendor.name}/{model}", TargetName)


def _filled(name: str, pattern: str, model: str) -> str:
    """The name of a wildcard's model: the star in the name stands for what the star in the model does."""
    if "*" not in pattern:
        return name
    before, _, after = pattern.partition("*")
    return name.replace("*", model.removeprefix(before).removesuffix(after), 1)


def _base(entry: Entry, vendor: Vendor, remarks: Remarks) -> str | None:
    """Our base URL of an entry; empty for the vendor's own, None for one that cannot be, which is told."""
    field = "api_base" if entry.params.get("api_base") else "base_url"
    said = str(entry.params.get(field) or "")
    place = (*entry.place, "litellm_params", field)
    has_prefix = bool(urlsplit(vendor.base_url).path.strip("/"))  # else /v1 stands in our paths, not in the base
    if variable := environment_name(said):
        if not has_prefix:
            remarks.tell(place, f"{variable} may not end in /v1 here")
        return f"${{{variable}}}"
    base = said.rstrip("/") if has_prefix else said.rstrip("/").removesuffix("/v1")
    if base in ("", vendor.base_url):
        return ""
    if not _is_base(base):
        remarks.tell(place, "left out: expected a URL such as http://host:8000/v1, without a password or a query")
        return None
    return base.replace("${", "$${")


def _is_base(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna")
        can_be_called = bool(host) and parts.port != 0 and "@" not in parts.netloc and text.isprintable()
    except ValueError:
        return False
    return can_be_called and _fits(text, BaseUrl)


def _fits(text: str, kind: Any) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True
