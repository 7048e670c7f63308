"""What vendor files know beyond the wire: prices, ends, languages, lengths, voices. Over whatever vendors there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest

from router.vendors import module_of
from router.vendors.prices import (
    STATED,
    Price,
    Unit,
    free,
    per_1m_bytes,
    per_1m_characters,
    per_1m_tokens,
    per_hour,
    per_minute,
    price_of,
)
from router.vendors.spec import Model, Operation, Speech, Voice
from router.wire.calls import OPENAI_VOICES, CallKind
from router.wire.languages import code_of, name_of
from tests.components import needs
from tests.vendors.evidence import facts_of, names_of
from tests.vendors.subjects import every_speaker, every_vendor, operations

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")  # of BCP-47, what vendors use
A_DATE = re.compile(r"\b20\d\d\b|\b\d+\.\d+")  # or a version
COUNTED_ALWAYS = {Unit.REQUEST, Unit.GENERATION}
COUNTED_HERE: dict[CallKind, set[Unit]] = {
    "speech": {Unit.CHARACTER, Unit.BYTE, Unit.SECOND, *COUNTED_ALWAYS},
    "transcription": {Unit.SECOND, *COUNTED_ALWAYS},
    "translation": {Unit.SECOND, *COUNTED_ALWAYS},
    "sound": {Unit.CHARACTER, Unit.SECOND, Unit.STEP, *COUNTED_ALWAYS},
    "music": {Unit.CHARACTER, Unit.SECOND, Unit.STEP, *COUNTED_ALWAYS},
}
"""What is known of a request without its answer: its text, how long its audio is, its steps."""


def rows(vendor: str) -> Iterator[tuple[CallKind, Operation, Model]]:
    for kind, operation in operations(vendor):
        for row in operation.models.values():
            yield kind, operation, row


def stated(vendor: str) -> Iterator[Operation | Model]:
    """Whatever can state a fact: the operations themselves, and the rows of their models."""
    for _, operation in operations(vendor):
        yield operation
        yield from operation.models.values()


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
        (
            per_1m_tokens(text_in=1.25, audio_in=3, output=5),
            {Unit.INPUT_TEXT_TOKEN: 1.25e-6, Unit.INPUT_AUDIO_TOKEN: 3e-6, Unit.OUTPUT_TOKEN: 5e-6},
            "1.25 per 1m input text tokens + 3 per 1m input audio tokens + 5 per 1m output tokens",
        ),
        (per_1m_bytes(15), {Unit.BYTE: 15e-6}, "15 per 1m bytes"),
        (price_of({"per_second": 0.0001}, step_s=15), {Unit.SECOND: 0.0001}, "0.0001 per second, in steps of 15 s"),
        (
            price_of({"per_request": 0.01, "per_step": 0.001}),
            {Unit.REQUEST: 0.01, Unit.STEP: 0.001},
            "0.01 per request + 0.001 per step",
        ),
        (
            price_of({"per_generation": 5}, credit_usd=0.0001),
            {Unit.GENERATION: 5},
            "5 per generation in credits of 0.0001",
        ),
        (price_of({}, credit_usd=0.0001), {}, "credits of 0.0001"),
        (free, {Unit.REQUEST: 0.0}, "free"),
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


@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"per_minute": 0.006, "per_hour": 0.36},
        {"per_1m_input_tokens": 2.5, "per_1m_input_audio_tokens": 6},
        {"per_1m_input_text_tokens": 2.5, "per_1m_input_tokens": 2.5},
    ],
)
def test_a_price_bills_something_and_nothing_twice(stated: dict[str, float]) -> None:
    """The parts of the input are counted in the whole as well; whoever bills both would be paid twice."""
    with pytest.raises(ValueError, match=r"bills again|at least one"):
        price_of(stated)


@pytest.mark.parametrize(
    ("price", "is_free"),
    [(free, True), (price_of({"per_1m_characters": 0}), True), (price_of({}, credit_usd=0.01), False)],
)
def test_free_is_what_has_no_rate_above_zero(price: Price, *, is_free: bool) -> None:
    """However it is stated; credits that only the vendor counts are not free."""
    assert price.is_free is is_free


@every_vendor
def test_every_price_can_be_reckoned(vendor):
    """Above zero, in units that an answer reports or that are counted here; nothing is free but on this machine."""
    facts = facts_of(vendor)
    for kind, _, row in rows(vendor):
        if not row.price:
            continue
        if row.price.is_free:
            assert facts.transport == "processes"
            continue

        assert row.price.stated.keys() <= STATED.keys()
        assert all(usd > 0 for usd in (*row.price.stated.values(), *row.price.rates.values()))
        assert row.price.rates.keys() <= {*facts.billed, *COUNTED_HERE[kind]}
        assert Unit.SECOND in row.price.rates or row.price.minimum_s == row.price.step_s == 0
        assert row.price.minimum_s >= 0 <= row.price.step_s


@every_vendor
def test_nobody_knows_what_a_credit_is_worth(vendor):
    """That depends on one's plan: a table may say it, a vendor file only where the vendor sells them at one price."""
    text = import_module(module_of(vendor)).__doc__ or ""
    are_worth = any(row.price.credit_usd is not None for _, _, row in rows(vendor) if row.price)
    assert not are_worth or re.search(r"Prices:.*credit", text, re.DOTALL)


@every_vendor
def test_what_is_of_one_model_stands_in_its_row(vendor):
    """A model that nobody has heard of has no price and no last day."""
    assert all((operation.price, operation.shutdown) == (None, None) for _, operation in operations(vendor))


@every_vendor
def test_facts_name_their_source(vendor):
    """In the file's own words and with the year, so that whoever updates one knows where to look, and how old it is."""
    text = import_module(module_of(vendor)).__doc__ or ""
    facts = {
        "Prices:": any(row.price and not row.price.is_free for _, _, row in rows(vendor)),
        "Languages:": any(getattr(one, "languages", None) for one in stated(vendor)),
        "Limits:": any(getattr(one, "longest_s", None) for one in stated(vendor)),
    }
    for head in (head for head, is_stated in facts.items() if is_stated):
        assert head in text
        assert A_DATE.search(text.partition(head)[2].partition("\n")[0]), head


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


# ------------------------------------------------------------------ languages and lengths


@every_vendor
def test_every_language_is_a_code(vendor):
    """Of ISO 639-1, and one that we know by name: whatever way a client spells it, it is found."""
    for one in stated(vendor):
        for language in getattr(one, "languages", None) or ():
            assert re.fullmatch("[a-z]{2}", language)
            assert language == code_of(name_of(language)) != name_of(language)


@every_vendor
def test_the_longest_audio_is_a_time(vendor):
    """In seconds, above zero, and no longer than a day: who takes more is not bounded by time."""
    for one in stated(vendor):
        longest_s = getattr(one, "longest_s", None)

        assert longest_s is None or 0 < longest_s <= 86_400


def test_openais_token_models_take_no_more_than_their_window() -> None:
    """Every model that is billed by token, and no other: the ones that are billed by the minute take whole files."""
    openai = facts_of("openai")
    assert openai.transcription
    for row in openai.transcription.models.values():
        assert row.price
        assert row.longest_s == (1_400 if Unit.INPUT_TOKEN in row.price.rates else None)


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


# ------------------------------------------------------------------ evidence


@every_vendor
def test_what_is_said_to_be_proved_is(vendor):
    """By an SDK: there is a request of each such kind that one has sent. By OpenAPI: the vendor's test asks for it."""
    for kind, operation in operations(vendor):
        sent = {name for name in names_of(vendor, "request") if name.startswith(f"{kind}-")}
        assert (operation.proof == "sdk") == bool(sent), kind
        if operation.proof == "openapi":
            assert "Described" in vars(import_module(f"tests.vendors.test_{vendor}"))


@every_vendor
def test_the_facts_have_a_date(vendor):
    """When they were read: prices and models age."""
    facts = facts_of(vendor)
    assert facts.transport == "processes" or date.fromisoformat(facts.read or "")
