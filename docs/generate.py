#!/usr/bin/env python
"""Writes docs/VENDORS.md from the vendor files, so that the page is what the router goes by: `make docs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from router.media.paths import can_transcode
from router.routing.plan import KINDS
from router.vendors import ENTRY_POINTS, find_vendor, module_of, vendor_names
from router.vendors.spec import Operation, Range, Sound, Speech, Transcription, Vendor
from router.wire.audio import SPEECH_FORMATS, Format
from router.wire.calls import CallKind

PAGE = Path(__file__).with_name("VENDORS.md")
FEATURES = ("words", "segments", "speakers", "logprobs", "events")
HEAD = """\
# What each vendor can do

Made from the vendor files by `make docs`; a test fails when it is behind them. A model with a `*` is a pattern, and
"others" are the models that no file has heard of.
"""
SPEECH = """\
## Speech

`native`: the vendor gives it, and its bytes go out as they came. `made`: it is transcoded here while it streams. A text
beyond the longest is split, spoken in pieces and joined. `events`: the vendor itself streams them; for the others they
are made here. A parameter that is not under `honours` is dropped and named in `x-router-dropped`, one beyond its range
is clamped.
"""
LISTENING = """\
## Transcription

`cut`: segments are cut from the words here. `events`: the vendor tells the text while it listens; for the others one
delta and the end are sent. Every `response_format` is rendered here from what a model gives.
"""
SOUNDS = """\
## Sound effects and music

Formats that come as they are; all others are made here, in stereo. `seconds`: a longer one is not asked for there, a
shorter one is made as long as that. `lyrics` under `honours`: it sings what it is given.
"""
TRANSLATION = """\
## Translation into English

By the vendor itself. Any transcription becomes a translation where the table names a chat model (`translate_with`).
"""
PRICES = """\
## Prices and ends

In US dollars, as the vendor states them; a model that is not here is unpriced. `ends`: when its vendor shuts it down.
Credits without a worth are turned into dollars by `credit:` of the vendor in your table.
"""
EVIDENCE = """\
## What this rests on

No vendor can be called from a test. `SDK`: the vendor's own SDK sent the same requests to a scripted server, and read
the same answers. `OpenAPI`: requests and answers are valid by the vendor's own description. `documents`: they are
those of what it has published for people. `itself`: the program runs in the tests. `read`: when the facts were.
"""
GAPS = """\
## Sources and known gaps

In the words of the vendor files.
"""
SAID = ("Source", "Prices", "Voices", "Languages", "Limits", "Proved by", "Taken on trust", "Unsure", "Left out")
PROOFS = {"sdk": "SDK", "openapi": "OpenAPI", "documents": "documents"}


def page() -> str:
    """The whole page."""
    vendors = [vendor for name in _own_names() if (vendor := find_vendor(name))]
    heard = ["vendor", "models", *FEATURES, "languages", "largest file", "longest", "honours"]
    parts = [
        HEAD,
        SPEECH,
        _table(["vendor", "models", *SPEECH_FORMATS], _formats(vendors)),
        _table(
            ["vendor", "models", "longest text", "events", "voices", "languages", "honours"], _merged(_speech(vendors))
        ),
        LISTENING,
        _table(heard, _merged(_listening(vendors, "transcription"))),
        TRANSLATION,
        _table(heard, _merged(_listening(vendors, "translation"))),
        SOUNDS,
        _table(["vendor", "models", "kind", "formats", "seconds", "description", "honours"], _merged(_sounds(vendors))),
        PRICES,
        _table(["vendor", "models", "kind", "price", "ends"], _merged(_prices(vendors))),
        EVIDENCE,
        _table(["vendor", *KINDS, "read"], _evidence(vendors)),
        GAPS,
        *_said(vendors),
    ]
    return "\n".join(parts)


def _own_names() -> list[str]:
    """The vendors of this repository, whatever packages are installed beside it."""
    return [name for name in vendor_names() if name not in {point.name for point in entry_points(group=ENTRY_POINTS)}]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _merged(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Models that do not differ share a row. The first cell is the vendor's name, the second the model's."""
    models: dict[tuple[str, ...], list[str]] = {}
    for vendor, model, *cells in rows:
        models.setdefault((vendor, *cells), []).append(model)
    for (vendor, *cells), names in models.items():
        yield f"`{vendor}`", ", ".join(names), *cells


def _models(vendor: Vendor, kind: CallKind) -> Iterator[tuple[str, Any]]:
    """Every model with a row, laid over its operation; and what holds for models without."""
    operation: Operation | None = getattr(vendor, kind)
    if operation is None:
        return
    for name, row in operation.models.items():
        yield f"`{name}`", replace(operation, **{name: one for name, one in asdict(row).items() if one is not None})
    if not vendor.knows_all_models:
        yield "others", operation


# ------------------------------------------------------------------ speech


def _formats(vendors: Sequence[Vendor]) -> Iterator[Sequence[str]]:
    """A row a vendor, and one for each model whose formats are others."""
    for vendor in vendors:
        if vendor.speech:
            yield f"`{vendor.name}`", "", *_how_all(vendor.speech)
            for name, speech in _models(vendor, "speech"):
                if speech.formats != vendor.speech.formats:
                    yield f"`{vendor.name}`", name, *_how_all(speech)


def _how_all(speech: Speech) -> Iterator[str]:
    return (_how(speech, wanted) for wanted in SPEECH_FORMATS.values())


def _how(speech: Speech, wanted: Format) -> str:
    if wanted in speech.formats:
        return "native"
    return "made" if any(can_transcode(source, wanted) for source in speech.formats) else "no"


def _speech(vendors: Sequence[Vendor]) -> Iterator[Sequence[str]]:
    for vendor in vendors:
        for name, speech in _models(vendor, "speech"):
            longest = f"{speech.longest:,}" if speech.longest else "any"
            cast = str(len(speech.cast) or "")
            events, languages = _mark("events" in speech.gives), ", ".join(sorted(speech.languages or ())) or "any"
            yield vendor.name, name, longest, events, cast, languages, _honours(speech)


def _honours(operation: Operation) -> str:
    return ", ".join(f"{name}{_range(bounds)}" for name, bounds in sorted(operation.honours.items()))


def _range(bounds: Range) -> str:
    return f" {bounds[0]:g} to {bounds[1]:g}" if bounds else ""


# ------------------------------------------------------------------ transcription


def _listening(vendors: Sequence[Vendor], kind: CallKind) -> Iterator[Sequence[str]]:
    for vendor in vendors:
        for name, listening in _models(vendor, kind):
            features = [_feature(listening, feature) for feature in FEATURES]
            limits = _size(listening), _length(listening)
            yield vendor.name, name, *features, _languages(listening), *limits, _honours(listening)


def _feature(listening: Transcription, feature: str) -> str:
    if feature == "segments" and feature not in listening.gives and "words" in listening.gives:
        return "cut"
    return _mark(feature in listening.gives)


def _mark(does: bool) -> str:  # noqa: FBT001 - a cell of a table
    return "✓" if does else ""


def _languages(listening: Transcription) -> str:
    return ", ".join(sorted(listening.languages or ())) or "the vendor's"


def _size(listening: Transcription) -> str:
    return f"{listening.largest_bytes / 1e6:,.0f} MB" if listening.largest_bytes else "any"


def _length(listening: Transcription) -> str:
    return f"{listening.longest_s:,.0f} s" if listening.longest_s else "any"


# ------------------------------------------------------------------ sound effects and music


def _sounds(vendors: Sequence[Vendor]) -> Iterator[Sequence[str]]:
    for vendor in vendors:
        for kind in ("sound", "music"):
            for name, sound in _models(vendor, kind):
                yield vendor.name, name, kind, _native(sound), _seconds(sound), _description(sound), _wishes(sound)


def _native(sound: Sound) -> str:
    return ", ".join(str(one) for one in sound.formats)


def _seconds(sound: Sound) -> str:
    bounds = sound.honours.get("duration")
    if bounds is None:
        return "any" if "duration" in sound.honours else "the vendor's"
    return f"{bounds[0]:g} to {bounds[1]:g}" if bounds[0] else f"up to {bounds[1]:g}"


def _description(sound: Sound) -> str:
    return f"{sound.longest:,} characters" if sound.longest else "any"


def _wishes(sound: Sound) -> str:
    return ", ".join(sorted(name for name in sound.honours if name != "duration"))


# ------------------------------------------------------------------ prices


def _prices(vendors: Sequence[Vendor]) -> Iterator[Sequence[str]]:
    for vendor in vendors:
        for kind in KINDS:
            for name, model in _models(vendor, kind):
                if model.price or model.shutdown:
                    yield vendor.name, name, kind, str(model.price or "unpriced"), model.shutdown or ""


# ------------------------------------------------------------------ evidence


def _evidence(vendors: Sequence[Vendor]) -> Iterator[Sequence[str]]:
    for vendor in vendors:
        yield f"`{vendor.name}`", *(_proof(vendor, kind) for kind in KINDS), vendor.read or ""


def _proof(vendor: Vendor, kind: CallKind) -> str:
    operation: Operation | None = getattr(vendor, kind)
    if operation is None:
        return ""
    return "itself" if vendor.transport == "processes" else PROOFS[operation.proof]


def _said(vendors: Sequence[Vendor]) -> Iterator[str]:
    """What each file says about where its facts come from, and what it leaves out."""
    for vendor in vendors:
        text = import_module(module_of(vendor.name)).__doc__ or ""
        yield f"### `{vendor.name}`\n"
        yield "".join(f"- **{word}:** {words}\n" for word, words in _paragraphs(text))


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a docstring that begin with one of our words and a colon, up to the next."""
    begins = re.compile(rf"^({'|'.join(SAID)}): ", re.MULTILINE)
    parts = begins.split(text)[1:]
    for word, words in zip(parts[::2], parts[1::2], strict=True):
        yield word, " ".join(words.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
