"""What vendor files know beyond the wire: prices, ends, voices. Over whatever vendors there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest

from router.vendors.prices import STATED, Price, Unit, free, per_1m_characters, per_1m_tokens, per_hour, per_minute
from router.vendors.spec import Model, Operation, Speech, Voice
from router.wire.calls import OPENAI_VOICES, CallKind
from tests.components import needs
from tests.vendors.evidence import facts_of
from tests.vendors.subjects import every_speaker, every_vendor, operations

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")  # of BCP-47, what vendors use
COUNTED_HERE: dict[CallKind, Unit] = {
    "speech": Unit.CHARACTER,
    "transcription": Unit.SECOND,
    "translation": Unit.SECOND,
}


def rows(vendor: str) -> Iterator[tuple[CallKind, Operation, Model]]:
    for kind, operation in operations(vendor):
        for row in operation.models.values():
            yield kind, operation, row


# ------------------------------------------------------------------ prices


@pytest.mark.parametrize(
    ("price", "rates", "words"),
    [
        (per_1m_characters(15), {Unit.CHARACTER: 15e-6}, "15 per 1m characters"),
        (per_minute(0.006), {Unit.SECOND: 0.0001}, "0.006 per minute"),
        (per_minute(0.003, is_estimate=True), {Unit.SECOND: 0.00005}, "about 0.003 per minute"),
        (per_hour(0.36, minimum_s=10), {Unit.SECOND: 0.0001}, "0.36 per hour, 10 s at least"),
        (
            per_1m_tokens(input=0.6, output=12),
            {Unit.INPUT_TOKEN: 0.6e-6, Unit.OUTPUT_TOKEN: 12e-6},
            "0.6 per 1m input tokens + 12 per 1m output tokens",
        ),
        (free, dict.fromkeys(Unit, 0.0), "free"),
    ],
)
def test_a_price_is_kept_as_stated_and_for_one_unit(price: Price, rates: dict[Unit, float], words: str) -> None:
    """Dollars for one of each unit, to reckon with; the vendor's own words, to show."""
    assert price.rates == pytest.approx(rates)
    assert str(price) == words


def test_seconds_are_billed_as_the_vendor_bills_them() -> None:
    """The least, and the steps, are kept beside the rate."""
    price = per_hour(0.111, minimum_s=10, step_s=1)

    assert (price.stated, price.minimum_s, price.step_s) == ({"per_hour": 0.111}, 10, 1)


@every_vendor
def test_every_price_can_be_reckoned(vendor):
    """Above zero, in units that an answer reports or that are counted here; nothing is free but on this machine."""
    facts = facts_of(vendor)
    for kind, _, row in rows(vendor):
        if row.price is free:
            assert facts.transport == "processes"
        elif row.price:
            assert row.price.stated.keys() <= STATED.keys()
            assert all(usd > 0 for usd in (*row.price.stated.values(), *row.price.rates.values()))
            assert row.price.rates.keys() <= {*facts.billed, COUNTED_HERE[kind]}


@every_vendor
def test_what_is_of_one_model_stands_in_its_row(vendor):
    """A model that nobody has heard of has no price and no last day."""
    assert all((operation.price, operation.shutdown) == (None, None) for _, operation in operations(vendor))


@every_vendor
def test_prices_name_their_source(vendor):
    """In the file's own words, so that whoever updates one knows where to look."""
    priced = any(row.price for _, _, row in rows(vendor))
    text = import_module(f"router.vendors.{vendor.replace('-', '_')}").__doc__ or ""

    assert not priced or "Prices:" in text


@every_vendor
def test_every_last_day_is_a_date(vendor):
    """Written as clients read it, YYYY-MM-DD."""
    for _, _, row in rows(vendor):
        assert row.shutdown is None or date.fromisoformat(row.shutdown).isoformat() == row.shutdown


def test_openais_speech_and_translation_have_their_last_day() -> None:
    """The reason that this router is there: every model of `/audio/speech` and `/audio/translations` ends."""
    openai = facts_of("openai")
    assert openai.speech
    assert openai.translation

    assert {row.shutdown for row in openai.speech.models.values()} == {"2027-01-06"}
    assert {row.shutdown for row in openai.translation.models.values()} == {"2027-02-26"}


# ------------------------------------------------------------------ voices


@every_speaker
def test_the_voices_of_the_table_are_in_the_cast(subject):
    """Whoever has a cast knows of every voice that OpenAI's names become there."""
    speech: Speech = subject.operation
    own = {voice for voice in speech.voices.values() if voice not in OPENAI_VOICES}

    assert not speech.cast or own <= speech.cast.keys()


@every_speaker
def test_the_cast_can_be_asked_for(subject):
    """Each of the vendor's own voices is one that a client can name, and is what it says it is."""
    for own, voice in subject.operation.cast.items():
        assert isinstance(voice, Voice)
        assert voice.name
        assert voice.language is None or LANGUAGE.fullmatch(voice.language)
        assert voice.gender in {None, "female", "male", "neutral"}
        assert subject.fit(voice=own).ask.voice == own


@needs("espeakng_loader")
def test_the_embedded_voices_are_as_their_files_say() -> None:
    """Name and gender of each variant stand in the data that espeak-ng brings."""
    import espeakng_loader

    speech = facts_of("local").speech
    assert speech
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    for own, voice in speech.cast.items():
        said = dict(line.split()[:2] for line in (folder / own[1:]).read_text().splitlines() if len(line.split()) > 1)

        assert (said["name"], said["gender"]) == (voice.name, voice.gender)
