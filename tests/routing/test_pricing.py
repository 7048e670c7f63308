"""What calls cost: in audio's own units, exact only where the vendor says so, never zero where nobody knows."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.routing.fit import Fitted, fit_chat
from router.routing.pricing import NOTHING, Bill, Cost, basis_of, dollars, estimate, is_by_length, settle, total
from router.vendors.prices import STATED, Unit
from router.wire.audio import WAV
from tests.plans import VENDORS, choose, listen, plan_from, speech


def fitted(price: str, call: Any = None, target: str = "openai/tts-1", options: str = "{}") -> Fitted:
    """A call at a target with that price in the table."""
    chain = f"[{{target: {target}, price: {price}, options: {options}}}]"
    return choose(plan_from(VENDORS + f"routes: {{m: {{targets: {chain}}}}}"), call or speech()).able[0]


def heard(price: str, seconds: float | None = 90.0) -> Fitted:
    return fitted(price, listen(seconds=seconds), "openai/whisper-1")


def usd(cost: Cost | None) -> float:
    assert cost is not None
    return round(cost.usd, 12)


@pytest.mark.parametrize(
    ("price", "text", "expected"),
    [
        ("{per_1m_characters: 15}", "Grüße", 5 * 15e-6),
        ("{per_1m_bytes: 15}", "Grüße", 7 * 15e-6),
        ("{per_request: 0.002}", "Hello", 0.002),
        ("{per_generation: 0.002, per_1m_characters: 1}", "Hello", 0.002 + 5e-6),
        ("{per_minute: 0.06}", "x" * 150, 0.01),
        ("{per_second: 0.001}", "x" * 150, 0.01),
        ("{per_hour: 3.6, minimum: 30s}", "x" * 150, 0.03),
        ("{per_second: 0.001, step: 4s}", "x" * 150, 0.012),
        ("{per_1m_output_tokens: 12}", "x" * 150, 10 * 20 * 12e-6),
        ("{per_1m_input_tokens: 1}", "x" * 45, 10e-6),
        ("{per_1m_characters: 1000, credit: 0.0002}", "x" * 50, 50e-3 * 0.0002),
        ("{per_1m_characters: 15}", "你好", 30e-6),
        ("{per_second: 1}", "你好你好你", 1.0),
    ],
)
def test_speech_is_estimated_from_its_text(price: str, text: str, expected: float) -> None:
    """By whatever the vendor bills: characters, bytes, requests, seconds or tokens of what will be spoken."""
    cost = estimate(fitted(price, speech(text=text)))

    assert usd(cost) == pytest.approx(expected)
    assert basis_of(cost) == "estimated"


@pytest.mark.parametrize(
    ("price", "seconds", "expected"),
    [
        ("{per_minute: 0.006}", 90, 0.009),
        ("{per_hour: 3.6, minimum: 10s}", 3, 0.01),
        ("{per_second: 0.001, step: 15s}", 31, 0.045),
        ("{per_second: 0.001, step: 15s}", 30, 0.03),
        ("{per_1m_input_audio_tokens: 6, per_1m_output_tokens: 10}", 60, 1600 * 6e-6 + 200 * 10e-6),
        ("{per_request: 0.5}", 90, 0.5),
    ],
)
def test_listening_is_estimated_from_the_length_of_the_file(price: str, seconds: float, expected: float) -> None:
    """With the vendor's minimum and rounding."""
    assert usd(estimate(heard(price, seconds))) == pytest.approx(expected)


def test_a_file_whose_length_nobody_can_tell_has_no_estimate() -> None:
    """Not zero: where seconds are billed and not known, nothing is."""
    assert estimate(heard("{per_minute: 0.006}", None)) is None
    assert usd(estimate(heard("{per_request: 0.5}", None))) == 0.5


def test_what_has_no_price_costs_nobody_knows_what() -> None:
    """An unpriced target has no cost before and none after; what is free costs exactly nothing."""
    plan = plan_from(VENDORS + "routes: {m: {targets: [openai/tts-2000]}}")
    unpriced = choose(plan, speech()).able[0]

    assert estimate(unpriced) is None
    assert settle(Bill(unpriced, {Unit.CHARACTER: 5})) is None
    assert basis_of(None) == "unpriced"
    assert estimate(fitted("{per_request: 0}")) == NOTHING
    assert settle(Bill(fitted("{per_minute: 0}"), {})) == NOTHING


def test_a_long_text_has_as_many_requests_as_pieces() -> None:
    """The minimum is paid for each of them."""
    even, ragged = "word " * 2_000, ("x" * 3_000 + ". ") * 4

    assert usd(estimate(fitted("{per_request: 1}", speech(text=even)))) == 3
    assert usd(estimate(fitted("{per_request: 1}", speech(text=ragged)))) == 4


@pytest.mark.parametrize(
    ("price", "reported", "expected", "basis"),
    [
        ("{per_1m_characters: 15}", {Unit.CHARACTER: 7}, 7 * 15e-6, "exact"),
        ("{per_1m_characters: 15}", {}, 5 * 15e-6, "estimated"),
        ("{per_1m_output_tokens: 10}", {Unit.INPUT_TOKEN: 3, Unit.OUTPUT_TOKEN: 40}, 4e-4, "exact"),
        ("{per_1m_input_tokens: 1}", {Unit.INPUT_TEXT_TOKEN: 3, Unit.INPUT_AUDIO_TOKEN: 4}, 7e-6, "exact"),
        ("{per_request: 0.25}", {}, 0.25, "exact"),
        ("{per_1m_characters: 15, credit: 0.01}", {Unit.CREDIT: 30}, 0.3, "exact"),
        ("{credit: 0.01}", {Unit.CREDIT: 30}, 0.3, "exact"),
        ("{per_minute: 0.6, step: 1s}", {Unit.SECOND: 1.2}, 0.02, "exact"),
    ],
)  # fmt: skip
def test_what_the_vendor_reports_goes_before_what_is_counted(
    price: str, reported: dict[Unit, float], expected: float, basis: str
) -> None:
    """Reported units are exact, counted ones an estimate; a request is a request."""
    cost = settle(Bill(fitted(price), reported))

    assert usd(cost) == pytest.approx(expected)
    assert basis_of(cost) == basis


def test_credits_that_were_not_reported_are_counted_where_that_can_be() -> None:
    """A price in credits alone, of which the vendor says nothing, is no price."""
    assert settle(Bill(fitted("{credit: 0.01}"), {})) is None
    assert usd(settle(Bill(fitted("{per_request: 2, credit: 0.01}"), {}))) == 0.02


def test_tokens_that_a_vendor_does_not_divide_are_audio() -> None:
    """OpenAI's older replies tell the sum alone, and nearly all of it is what was listened to."""
    price = "{per_1m_input_text_tokens: 2.5, per_1m_input_audio_tokens: 6, per_1m_output_tokens: 10}"

    undivided = settle(Bill(heard(price), {Unit.INPUT_TOKEN: 100, Unit.OUTPUT_TOKEN: 10}))
    parts = {Unit.INPUT_TEXT_TOKEN: 10.0, Unit.INPUT_AUDIO_TOKEN: 90.0}
    divided = settle(Bill(heard(price), {Unit.INPUT_TOKEN: 100, Unit.OUTPUT_TOKEN: 10, **parts}))

    assert (usd(undivided), basis_of(undivided)) == (pytest.approx(7e-4), "estimated")
    contradictory = settle(Bill(heard(price), {Unit.INPUT_TOKEN: 1, Unit.INPUT_TEXT_TOKEN: 9, Unit.OUTPUT_TOKEN: 0}))
    assert usd(contradictory) == pytest.approx(9 * 2.5e-6)
    unmeasured = settle(Bill(heard(price, None), {Unit.INPUT_TOKEN: 100, Unit.OUTPUT_TOKEN: 10}))
    assert unmeasured == undivided
    assert (usd(divided), basis_of(divided)) == (pytest.approx(25e-6 + 540e-6 + 100e-6), "exact")


def test_what_was_really_made_goes_before_what_was_foreseen() -> None:
    """The seconds of the audio that came, of the file that was sent; an estimate all the same."""
    spoken = settle(Bill(fitted("{per_second: 1}"), {}, seconds=2.5))
    written = settle(Bill(heard("{per_second: 1}", None), {}, seconds=4))

    assert (spoken, written) == (Cost(2.5, is_exact=False), Cost(4.0, is_exact=False))


def test_a_price_that_is_only_what_it_amounts_to_is_never_exact() -> None:
    """Vendors that bill by one unit and publish another, as some minutes of speech."""
    one = fitted("{per_minute: 1}")
    about = replace(one, operation=replace(one.operation, price=replace(one.operation.price, is_estimate=True)))

    assert basis_of(settle(Bill(about, {Unit.SECOND: 60}))) == "estimated"


def test_steps_are_those_that_the_call_or_the_target_says() -> None:
    """A client's own field, a target's option; what a vendor takes by itself nobody knows."""
    price = "{per_step: 0.01}"

    assert usd(estimate(fitted(price, speech(extras={"steps": 20})))) == 0.2
    assert usd(estimate(fitted(price, options="{steps: 5}"))) == 0.05
    assert estimate(fitted(price)) is None
    assert estimate(fitted(price, speech(extras={"steps": "many"}))) is None
    assert estimate(fitted(price, speech(extras={"steps": 10**400}))) is None


def test_a_translator_is_paid_too() -> None:
    """By the tokens it reports, else by the length of what it was told and said; nothing is known beforehand."""
    plan = plan_from(
        VENDORS
        + "routes: {m: {targets: [{target: deepgram/nova-3, price: {per_minute: 1}}], translate_with: "
        + "[{target: openai/gpt-5-mini, price: {per_1m_input_tokens: 1, per_1m_output_tokens: 2}}]}}"
    )
    selection = choose(plan, listen(kind="translation", seconds=60))
    chat = fit_chat(selection.translators[0], "Translate.", "Bonjour à tous")

    assert estimate(selection.able[0]) is None
    reported = settle(Bill(chat, {Unit.INPUT_TOKEN: 10, Unit.OUTPUT_TOKEN: 5}, answer="Hello everybody"))
    assert (usd(reported), basis_of(reported)) == (20e-6, "exact")
    assert usd(settle(Bill(chat, {}, answer="Hello everybody"))) == pytest.approx((3 + 4) * 1e-6 + 4 * 2e-6)


@pytest.mark.parametrize(
    ("one", "reported", "expected"),
    [
        (fitted("{per_minute: 1}"), {}, True),
        (fitted("{per_minute: 1}"), {Unit.SECOND: 1.0}, False),
        (fitted("{per_1m_output_tokens: 12}"), {}, False),
        (fitted("{per_1m_characters: 15}"), {}, False),
        (heard("{per_1m_input_audio_tokens: 6}", None), {}, True),
        (heard("{per_1m_input_audio_tokens: 6}", None), {Unit.INPUT_AUDIO_TOKEN: 6.0}, False),
        (heard("{per_request: 6}", None), {}, False),
        (heard("{per_minute: 0}", None), {}, False),
    ],
)
def test_audio_is_measured_only_where_its_length_is_billed(
    one: Fitted, reported: dict[Unit, float], expected: bool
) -> None:
    """To decode a stream, or to read a file, for a price that does not need it would be work for nothing."""
    assert is_by_length(one, reported) is expected


def test_the_format_that_goes_out_changes_no_price() -> None:
    """Vendors bill speech, not bytes."""
    price = "{per_minute: 1}"

    assert estimate(fitted(price)) == estimate(fitted(price, speech(format=WAV)))


def test_a_sum_with_something_unknown_in_it_is_unknown() -> None:
    """And one with an estimate in it an estimate; of nothing it is exactly nothing."""
    exact, about = Cost(1.0, is_exact=True), Cost(2.0, is_exact=False)

    assert total([exact, None]) is None
    assert total([exact, about]) == Cost(3.0, is_exact=False)
    assert total([exact, exact]) == Cost(2.0, is_exact=True)
    assert total([]) == NOTHING


@pytest.mark.parametrize(
    ("usd", "text"), [(0.000153, "0.000153"), (0.0, "0"), (12.5, "12.5"), (1e-8, "0.00000001"), (100.0, "100")]
)
def test_dollars_are_written_without_exponents(usd: float, text: str) -> None:
    """As every client can read them."""
    assert dollars(usd) == text


WORDS = st.sampled_from(sorted(STATED))
AMOUNTS = st.dictionaries(st.sampled_from(list(Unit)), st.floats(0, 1e6), max_size=6)


@given(WORDS, st.floats(1e-6, 1e3), AMOUNTS, st.text(min_size=1, max_size=40).filter(str.strip))
def test_a_cost_is_a_number_or_not_known(word: str, figure: float, reported: dict[Unit, float], text: str) -> None:
    """For every word of a price, whatever a vendor reports and whatever is said: finite, not negative."""
    for one in (fitted(f"{{{word}: {figure:.9f}}}", speech(text=text)), heard(f"{{{word}: {figure:.9f}}}")):
        for cost in (estimate(one), settle(Bill(one, reported))):
            assert cost is None or (math.isfinite(cost.usd) and cost.usd >= 0)


@given(st.floats(0.1, 7200), st.floats(0.1, 60), st.floats(0.1, 60))
def test_a_request_is_never_billed_less_than_it_lasts(seconds: float, minimum: float, step: float) -> None:
    """Nor less than the minimum, nor a whole step more than it must be."""
    price = f"{{per_second: 1, minimum: {minimum:.3f}s, step: {step:.3f}s}}"

    billed = usd(settle(Bill(heard(price, seconds), {})))

    least = max(seconds, round(minimum, 3))
    assert least - 1e-4 <= billed <= least + round(step, 3) + 1e-4
