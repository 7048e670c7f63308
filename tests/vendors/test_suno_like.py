"""Suno by its resellers' wire. Evidence: sunoapi.org's pages, as read on 2026-11-20, and copies of them on 2026-11-26.

There is no SDK, so steps are compared with what these pages say, written out in the journeys. Answers have their
fields, errors their codes; each file says what of it is made up.
"""

from __future__ import annotations

from typing import Any

import pytest

from router.config import parse
from router.routing.compiling import compile_plan
from router.routing.fit import Cannot, fit
from router.routing.plan import Plan, target_at
from router.upstream.addresses import address_of
from router.upstream.answers import Answer
from router.vendors import find_vendor, vendor_names
from router.wire.audio import MP3, WAV
from router.wire.calls import SoundCall
from router.wire.faults import Kind
from tests.vendors.evidence import Case, Reply, decoded, dressed, facts_of, fitted, our_request, sound
from tests.vendors.promises import JobPromises, Reading, Refusal, Way

AUDIO = b"ID3 and then the sound"
LYRICS = "La la la."
NOBODY = "https://callback.invalid/"


def sing(name: str, model: str = "V4_5", **tunables: Any) -> Case:
    return sound(name, model, kind="music", **tunables)


def sent(case: Case) -> dict[str, Any]:
    body: dict[str, Any] = our_request("suno-like", case).body["json"]
    return body


class TestSunoLike(JobPromises):
    vendor = "suno-like"
    readings = (Reading("music-plain"),)
    ways = (
        Way(sing("plain"), AUDIO),
        Way(sing("sung", lyrics=LYRICS, extras={"title": "Song", "vocalGender": "f"}), AUDIO),
        Way(sing("untitled", "V4", lyrics=LYRICS), AUDIO),
        Way(sing("busy", instrumental=True), AUDIO),
        Way(sing("uncalled"), AUDIO),
        Way(sing("uncalled-early"), AUDIO),
        Way(sing("uncalled-then-done"), AUDIO),
        Way(sing("in-vain"), fault=Kind.FAILED),
        Way(sing("songless"), fault=Kind.GARBLED),
        Way(sing("failed"), fault=Kind.FAILED),
        Way(sing("not-made"), fault=Kind.FAILED),
        Way(sing("blocked"), fault=Kind.BLOCKED),
        Way(sing("lost"), fault=Kind.FAILED),
        Way(sing("no-credit"), fault=Kind.QUOTA),
        Way(sing("elsewhere"), fault=Kind.GARBLED),
    )
    refusals = (
        Refusal("invalid", Kind.INPUT, "Invalid parameters", "400"),
        Refusal("invalid-key", Kind.KEY, "Unauthorized", "401"),
        Refusal("no-path", Kind.FAILED, "Not found", "404"),
        Refusal("no-path-404", Kind.NO_MODEL, "Not found", "404"),
        Refusal("key-used-up", Kind.QUOTA, "Call limit exceeded", "405"),
        Refusal("too-long", Kind.INPUT, "Prompt too long", "413"),
        Refusal("no-callback", Kind.INPUT, "Please enter callBackUrl", "422"),
        Refusal("no-credit", Kind.QUOTA, "Insufficient credits", "429"),
        Refusal("no-credit-429", Kind.QUOTA, "Insufficient credits", "429"),
        Refusal("throttled", Kind.BUSY, "Call frequency too high", "430"),
        Refusal("throttled-430", Kind.BUSY, "Call frequency too high", "430"),
        Refusal("throttled-bare", Kind.BUSY, "Too many requests"),
        Refusal("maintenance", Kind.FAILED, "System maintenance", "455"),
        Refusal("maintenance-455", Kind.FAILED, "System maintenance", "455"),
        Refusal("maintenance-bare", Kind.FAILED, "Maintenance"),
        Refusal("server-error", Kind.FAILED, "Server error", "500"),
        Refusal("bare", Kind.FAILED, "upstream connect error"),
    )

    async def _read(self, reply: Reply, kind: str, *, as_events: bool = False) -> Answer:
        """Errors are alike for all it does, which is music alone."""
        return await super()._read(reply, "music", as_events=as_events)


def planned(text: str) -> Plan:
    """The plan of a table."""
    return compile_plan(parse(text, "routes.yaml", {}), find_vendor, vendor_names(), is_installed=lambda _: True)


# ------------------------------------------------------------------ the callback


@pytest.mark.parametrize("name", ["callBackUrl", "callbackUrl", "callback_url", "callBackUrl[]"])
def test_a_client_never_says_whom_the_vendor_calls(name: str):
    """However it is written; the client is told that the field was dropped."""
    case = sing("any", extras={name: "https://client.example/hook"})

    assert sent(case) == sent(sing("any"))
    assert fitted("suno-like", case).dropped == (name,)


def test_the_table_says_whom_the_vendor_calls():
    """Where an address that reaches nobody is not taken; and a client does not change that either."""
    text = (
        "vendors: {suno-like: {api_key: key-0123456789}}\nroutes: {song: {targets: "
        "[{target: suno-like/V5, options: {callBackUrl: https://ours.example/hook}}]}}\n"
    )
    plan = planned(text)
    call = sing("any", "V5", extras={"callBackUrl": "https://client.example/hook"}).call
    target = plan.routes["song"].targets[0]
    request = decoded(dressed(fit(call, target, plan)), "key-0123456789")

    assert request.body["json"]["callBackUrl"] == "https://ours.example/hook"


def test_nobody_is_called_by_default():
    """The name's last part is reserved: it can never be anybody's."""
    assert sent(sing("any"))["callBackUrl"] == NOBODY


# ------------------------------------------------------------------ what it can do


CUSTOM = {
    "title": "Song",
    "negativeTags": "metal",
    "vocalGender": "f",
    "styleWeight": 0.5,
    "weirdnessConstraint": 0.5,
    "audioWeight": 0.5,
    "personaId": "persona-1",
}


@pytest.mark.parametrize("instrumental", [None, True])
def test_what_is_described_alone_has_no_field_of_the_other_mode(*, instrumental: bool | None):
    """The vendor wants them empty then; a song with given lyrics has all of them."""
    tunables = {} if instrumental is None else {"instrumental": instrumental}
    plain = sing("any", extras=CUSTOM, **tunables)

    assert sent(plain).keys() == {"model", "customMode", "instrumental", "prompt", "callBackUrl"}
    assert CUSTOM.items() <= sent(sing("any", extras=CUSTOM, lyrics=LYRICS)).items()


def test_a_field_that_nobody_knows_goes_along_in_both_modes():
    """The vendor may have learned it since."""
    for case in (sing("any", extras={"newField": 1}), sing("any", extras={"newField": 1}, lyrics=LYRICS)):
        assert sent(case)["newField"] == 1


@pytest.mark.parametrize("name", ["style", "prompt", "customMode", "instrumental", "model"])
def test_the_mode_is_not_the_clients_to_set(name: str):
    """Lyrics choose it, so that nobody's description is sung."""
    assert fitted("suno-like", sing("any", extras={name: "x"})).dropped == (name,)


def test_a_long_description_goes_elsewhere():
    """Half of it would make another song."""
    assert fitted("suno-like", described(400))
    with pytest.raises(Cannot, match="400 characters"):
        fitted("suno-like", described(401))


def described(length: int) -> Case:
    call = SoundCall(kind="music", model="V5", text="a" * length, format=MP3)
    return Case(name="music-any", model="V5", call=call)


def test_another_format_is_made_from_mp3():
    """The vendor makes no other by this call."""
    fit = fitted("suno-like", sing("any", format=WAV))

    assert (fit.source, fit.wanted) == (MP3, WAV)


def test_a_reseller_of_the_same_wire_is_a_line_of_the_table():
    """Its address and its key, and all else is as here."""
    text = (
        "vendors: {kie: {like: suno-like, base_url: 'https://api.kie.ai', api_key: key-0123456789}}\n"
        "routes: {song: {targets: [kie/V5]}}\n"
    )
    plan = planned(text)
    outgoing = dressed(fit(sing("any", "V5").call, target_at(plan.outlets["kie"], "V5", plan.table), plan))

    assert outgoing.url == "https://api.kie.ai/api/v1/generate"


def test_the_table_says_where_songs_lie():
    """Nobody has documented it, so no other host is asked until then; and it never gets the key."""
    text = (
        "vendors: {suno-like: {api_key: key-0123456789, result_hosts: ['*.cdn.example']}}\n"
        "routes: {song: {targets: [suno-like/V5]}}\n"
    )
    facts = planned(text).outlets["suno-like"].facts

    assert not address_of("https://songs.cdn.example/one.mp3", facts).is_vendors
    assert facts_of("suno-like").result_hosts == ()
