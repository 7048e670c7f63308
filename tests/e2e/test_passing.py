"""Uploads pass through while they arrive: what the vendor hears before the end, and what then happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from router import passing
from router.api.exchange import Exchange
from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.uploads import PATH, Client, Heard, Vendor, answers, audio_of, form, hearing_vendor, listens, part, until
from tests.fakes import _break, failure

AUDIO = audio_of(600_000)
FORM = form(AUDIO)
HALF = 300_000


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with hearing_vendor() as one:
        yield one


@pytest.fixture
async def other() -> AsyncIterator[Vendor]:
    async with hearing_vendor() as one:
        yield one


def table(*vendors: Vendor, said: str = "", more: str = "") -> str:
    entries = {
        f"v{index}": f"{{like: openai, base_url: '{one.url}', api_key: {KEY}}}" for index, one in enumerate(vendors)
    }
    return table_of(entries, {"m": [f"{{target: {name}/x{said}}}" for name in entries]}, more)


async def half_heard(router: Running, vendor: Vendor, body: bytes = FORM, length: int | None = None) -> Client:
    """A client that has sent the first half, and the vendor has heard most of that."""
    client = await Client.of(router, length or len(body))
    await client.say(body[:HALF])
    await until(lambda: vendor.heard and len(vendor.heard[-1].body) > HALF - 2_000)
    return client


async def refuses(request: web.Request, heard: Heard) -> web.StreamResponse:
    """An error as soon as anything is heard."""
    await listens(request, heard, 1)
    return await failure(503)(request)


async def breaks(request: web.Request, heard: Heard) -> web.StreamResponse:
    """A reset in the middle of it."""
    await listens(request, heard, 100_000)
    _break(request)
    return web.Response()


# ------------------------------------------------------------------ passing through


async def test_a_vendor_hears_an_upload_while_it_arrives(serve: Serve, vendor: Vendor) -> None:
    """In a form with a length, and byte for byte; the reply waits for the end."""
    router = await serve(table(vendor))
    client = await half_heard(router, vendor)
    assert not vendor.heard[0].is_whole

    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    (heard,) = vendor.heard
    assert heard.parts == {"model": b"x", "response_format": b"json", "file": AUDIO}
    assert heard.headers["content-length"] == str(len(heard.body))
    record = await router.record()
    assert [(one.outcome, one.target) for one in record.attempts] == [("ok", "v0/x")]
    assert (record.outcome, record.status) == ("ok", 200)


@pytest.mark.parametrize("end", [b"--b--\r\n", b"--b--"])
@pytest.mark.parametrize("cut", [FORM.index(b"\r\n\r\nRIFF") + 4 + 64, HALF, HALF + 5, len(FORM) - 3])
async def test_it_is_the_same_wherever_it_is_cut(serve: Serve, vendor: Vendor, end: bytes, cut: int) -> None:
    """With and without a break behind the last line, which the length does not tell."""
    router = await serve(table(vendor))
    body = form(AUDIO, end=end)
    client = await Client.of(router, len(body))
    for piece in (body[:cut], body[cut : cut + 1], body[cut + 1 :]):
        await client.say(piece)
        await asyncio.sleep(0.05)

    assert await client.text() == "Hello."
    assert len(vendor.heard) == 1
    assert vendor.heard[0].parts["file"] == AUDIO


async def test_the_stock_sdk_passes_through(serve: Serve, vendor: Vendor) -> None:
    """It sends its fields first, and a length: one attempt, the whole file, its name and type."""
    router = await serve(table(vendor))

    heard = await router.client.audio.transcriptions.create(
        model="m", file=("x.wav", AUDIO, "audio/wav"), language="de"
    )

    assert heard.text == "Hello."
    assert vendor.heard[0].parts["file"] == AUDIO
    assert vendor.heard[0].parts["language"] == b"de"
    assert b'filename="x.wav"\r\ncontent-type: audio/wav' in bytes(vendor.heard[0].body)
    assert [one.outcome for one in (await router.record()).attempts] == ["ok"]


async def test_events_pass_through_too(serve: Serve, vendor: Vendor) -> None:
    """`stream=true`: no byte of a reply before the form has ended."""
    router = await serve(table(vendor))
    body = form(AUDIO, before=part("model", b"m") + part("stream", b"true"))
    client = await half_heard(router, vendor, body)
    await client.say(body[HALF:])

    status, reply = await client.reply()

    assert (status, vendor.heard[0].parts["stream"]) == (200, b"true")
    assert b'"type":"transcript.text.done","text":"Hello."' in reply


async def test_without_a_length_it_passes_to_whom_takes_chunks(serve: Serve, vendor: Vendor) -> None:
    """And where no bound of the vendor's could be passed on the way."""
    routes = table_of(
        {"openai": f"{{base_url: '{vendor.url}', api_key: {KEY}}}"},
        {"m": ["openai/whisper-1"]},
        "server: {max_upload: 1MB}",
    )
    router = await serve(routes)
    client = await Client.of(router, None)
    await client.say_chunk(FORM[:HALF])
    await until(lambda: vendor.heard and len(vendor.heard[0].body) > HALF - 2_000)
    await client.say_chunk(FORM[HALF:])
    await client.say(b"0\r\n\r\n")

    assert await client.text() == "Hello."
    assert vendor.heard[0].parts["file"] == AUDIO
    assert vendor.heard[0].headers["transfer-encoding"] == "chunked"


async def test_a_body_that_is_the_file_alone_goes_out_in_chunks(serve: Serve, vendor: Vendor) -> None:
    """Its length is not known to the byte, whatever the client's is: such a vendor has to be known to take that."""

    async def writes_down(request: web.Request, heard: Heard) -> web.StreamResponse:
        await listens(request, heard)
        found = {"transcript": "Hello.", "words": []}
        return web.json_response(
            {"metadata": {"duration": 1.0}, "results": {"channels": [{"alternatives": [found]}], "utterances": []}}
        )

    vendor.behaves(writes_down)
    entry = {"deepgram": f"{{base_url: '{vendor.url}', api_key: {KEY}}}"}
    router = await serve(table_of(entry, {"m": ["deepgram/nova-3"]}))
    client = await half_heard(router, vendor)
    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    assert (bytes(vendor.heard[0].body), vendor.heard[0].headers["transfer-encoding"]) == (AUDIO, "chunked")
    assert vendor.heard[0].headers["content-type"] == "audio/wav"


@pytest.mark.parametrize("shape", [b"json", b"verbose_json"])
async def test_a_body_of_which_nobody_knows_waits_for_the_whole(serve: Serve, vendor: Vendor, shape: bytes) -> None:
    """The file alone, where chunks are not known to be taken; and a file inside JSON, whose length goes first."""

    async def writes_down(request: web.Request, heard: Heard) -> web.StreamResponse:
        await listens(request, heard)
        return web.json_response({"text": "Hello.", "chunks": [{"text": "Hello.", "timestamp": [0, 1]}]})

    vendor.behaves(writes_down)
    entry = {"v": f"{{like: huggingface, base_url: '{vendor.url}', api_key: {KEY}}}"}
    router = await serve(table_of(entry, {"m": ["v/openai/whisper-large-v3"]}))
    body = form(AUDIO, before=part("model", b"m") + part("response_format", shape))
    client = await Client.of(router, len(body))
    await client.say(body[:HALF])
    await asyncio.sleep(0.2)
    assert vendor.heard == []
    await client.say(body[HALF:])

    assert await client.text() == "Hello."
    assert vendor.heard[0].headers["content-type"] == ("audio/wav" if shape == b"json" else "application/json")


# ------------------------------------------------------------------ not before the end


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ("", "defaults: {hedge_after: 5s}"),
        (", concurrency: 1", ""),
    ],
)
async def test_some_wait_for_the_whole(serve: Serve, vendor: Vendor, other: Vendor, said: str, more: str) -> None:
    """Where a late target is hedged, and where places are counted, a slow client would do harm."""
    router = await serve(table(vendor, other, said=said, more=more))
    await _waits(router, vendor, FORM)


async def test_a_choice_by_price_waits_for_the_length_of_the_audio(serve: Serve, vendor: Vendor) -> None:
    """The decision is the same, whenever the file comes."""
    text = table(vendor, said=", price: {per_hour: 1}").replace("  m:\n", "  m:\n    policy: cost\n")
    await _waits(await serve(text), vendor, FORM)


async def test_a_file_before_its_model_waits(serve: Serve, vendor: Vendor) -> None:
    """Nobody knows yet who is asked; Node's samples send it so."""
    await _waits(await serve(table(vendor)), vendor, form(AUDIO, before=b"", after=part("model", b"m")))


async def test_a_file_that_may_be_too_large_for_a_target_waits(serve: Serve, vendor: Vendor) -> None:
    """Without a length it may turn out beyond the vendor's own bound, which is below ours."""
    routes = table_of({"openai": f"{{base_url: '{vendor.url}', api_key: {KEY}}}"}, {"m": ["openai/whisper-1"]})
    router = await serve(routes)
    client = await Client.of(router, None)
    await client.say_chunk(FORM[:HALF])
    await asyncio.sleep(0.2)
    assert vendor.heard == []
    await client.say_chunk(FORM[HALF:])
    await client.say(b"0\r\n\r\n")

    assert await client.text() == "Hello."


async def _waits(router: Running, vendor: Vendor, body: bytes) -> None:
    client = await Client.of(router, len(body))
    await client.say(body[:HALF])
    await asyncio.sleep(0.2)
    assert vendor.heard == []
    await client.say(body[HALF:])

    assert await client.text() == "Hello."
    assert vendor.heard[0].parts["file"] == AUDIO
    assert [one.outcome for one in (await router.record()).attempts] == ["ok"]


# ------------------------------------------------------------------ what comes after the file


async def test_a_field_behind_the_file_begins_anew_without_blame(serve: Serve, vendor: Vendor) -> None:
    """The vendor is left before it has the whole; the second request has the field; nothing is held against anybody."""
    body = form(AUDIO, after=part("language", b"de"))
    router = await serve(table(vendor, more="defaults: {retries: 0}"))
    client = await half_heard(router, vendor, body)
    await client.say(body[HALF:])

    assert await client.text() == "Hello."
    first, second = vendor.heard
    assert (first.is_whole, second.is_whole) == (False, True)
    assert (second.parts["language"], second.parts["file"]) == (b"de", AUDIO)
    record = await router.record()
    assert [one.outcome for one in record.attempts] == ["abandoned", "ok"]
    assert (record.outcome, record.cost_basis) == ("ok", "unpriced")
    assert router.house.relay.history.health._states == {}


@pytest.mark.parametrize("after", [b"", part("language", b"null"), part("model", b"m")])
async def test_what_changes_nothing_ends_nothing(serve: Serve, vendor: Vendor, after: bytes) -> None:
    """Without a length nothing was promised that a field could break: repeated or null it is as good as absent."""
    entry = {"openai": f"{{base_url: '{vendor.url}', api_key: {KEY}}}"}
    router = await serve(table_of(entry, {"m": ["openai/whisper-1"]}, "server: {max_upload: 1MB}"))
    body = form(AUDIO, after=after)
    client = await Client.of(router, None)
    await client.say_chunk(body[:HALF])
    await until(lambda: vendor.heard)
    await client.say_chunk(body[HALF:])
    await client.say(b"0\r\n\r\n")

    assert await client.text() == "Hello."
    assert [one.outcome for one in (await router.record()).attempts] == ["ok"]


@pytest.mark.parametrize("before", ["true", "false"])
async def test_a_reply_of_events_may_be_asked_for_last(serve: Serve, vendor: Vendor, before: str) -> None:
    """Or be taken back: what was said last holds for the reply as well."""
    body = form(
        AUDIO,
        before=part("model", b"m") + part("stream", before.encode()),
        after=part("stream", b"false" if before == "true" else b"true"),
    )
    router = await serve(table(vendor))
    client = await half_heard(router, vendor, body)
    await client.say(body[HALF:])

    status, reply = await client.reply()

    assert status == 200
    assert (b"transcript.text.done" in reply) == (before == "false")


async def test_a_model_behind_the_file_is_the_one_that_counts(serve: Serve, vendor: Vendor) -> None:
    """Also where nobody knows it: a 404, and its event says so."""
    body = form(AUDIO, after=part("model", b"nobody's"))
    router = await serve(table(vendor))
    client = await half_heard(router, vendor, body)
    await client.say(body[HALF:])

    status, reply = await client.reply()

    assert (status, msgspec.json.decode(reply)["error"]["code"]) == (404, "model_not_found")
    record = await router.record()
    assert (record.outcome, [one.outcome for one in record.attempts]) == ("refused", ["abandoned"])


@pytest.mark.parametrize(
    ("rest", "status", "says"),
    [
        (b"\r\n--b\r\nno colon\r\n\r\nx\r\n--b--", 400, b"The form is broken"),
        (b'\r\n--b\r\ncontent-disposition: form-data; name="temperature"\r\n\r\n7\r\n--b--', 400, b"'temperature'"),
        (b"\r\n" + part("file", b"x", "b.wav") + b"--b--", 400, b"more than one file"),
        (b"x" * 20, 400, b"The form is broken"),
    ],
)
async def test_a_form_that_ends_badly_is_told_as_ever(
    serve: Serve, vendor: Vendor, rest: bytes, status: int, says: bytes
) -> None:
    """The vendor is left, and blamed for nothing."""
    router = await serve(table(vendor))
    begun = FORM[:HALF]
    client = await half_heard(router, vendor, begun + rest, len(begun + rest))
    await client.say(rest)

    got, reply = await client.reply()

    assert (got, says in reply) == (status, True), reply
    await until(vendor.heard[-1].left.is_set)
    record = await router.record()
    assert (record.outcome, [one.outcome for one in record.attempts]) == ("refused", ["abandoned"])


async def test_a_file_beyond_the_bound_is_refused_on_the_way(serve: Serve, vendor: Vendor) -> None:
    """A 413, and the vendor is left."""
    entry = {"openai": f"{{base_url: '{vendor.url}', api_key: {KEY}}}"}
    router = await serve(table_of(entry, {"m": ["openai/whisper-1"]}, "server: {max_upload: 400KB}"))
    client = await Client.of(router, None)
    await client.say_chunk(FORM[:HALF])
    await until(lambda: vendor.heard)
    await client.say_chunk(FORM[HALF:])

    status, reply = await client.reply()

    assert (status, b"The file is larger than 409,600 bytes" in reply) == (413, True)
    await until(vendor.heard[0].left.is_set)
    assert (await router.record()).outcome == "refused"


async def test_a_body_that_stops_is_a_408_on_the_way_too(
    serve: Serve, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ever: in the envelope, and nobody is blamed for it but the client."""
    monkeypatch.setitem(Exchange.__init__.__kwdefaults__, "body_idle_s", 0.5)
    router = await serve(table(vendor))
    client = await half_heard(router, vendor)

    status, reply = await client.reply()

    assert (status, b"too slowly" in reply) == (408, True)
    await until(vendor.heard[0].left.is_set)
    record = await router.record()
    assert (record.outcome, [one.outcome for one in record.attempts]) == ("refused", ["abandoned"])
    assert router.house.relay.history.health._states == {}


# ------------------------------------------------------------------ vendors that fail meanwhile


async def test_the_next_target_is_asked_while_it_still_arrives(serve: Serve, vendor: Vendor, other: Vendor) -> None:
    """From the beginning of what is there, and it hears the rest as it comes."""
    vendor.behaves(refuses)
    router = await serve(table(vendor, other))
    client = await half_heard(router, other)
    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    assert other.heard[0].parts["file"] == AUDIO
    assert [one.outcome for one in (await router.record()).attempts] == ["failed", "ok"]


async def test_the_same_target_is_asked_again_from_the_start(serve: Serve, vendor: Vendor) -> None:
    """It broke the connection in the middle: that is a failure of its own, and a retry of ours."""
    vendor.behaves(breaks, answers)
    router = await serve(table(vendor, more="defaults: {retries: 1}"))
    client = await Client.of(router, len(FORM))
    await client.say(FORM[:HALF])
    await until(lambda: len(vendor.heard) == 2)
    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    assert vendor.heard[1].parts["file"] == AUDIO
    assert [one.outcome for one in (await router.record()).attempts] == ["connect", "ok"]
    assert router.house.relay.history.health._states["v0/x"].failures == 1


async def test_where_all_have_failed_the_client_hears_of_it_at_its_end(serve: Serve, vendor: Vendor) -> None:
    """A client that is still sending reads no reply; what is wrong with its form goes first."""
    vendor.behaves(refuses)
    router = await serve(table(vendor))
    client = await Client.of(router, len(FORM))
    await client.say(FORM[:HALF])
    await until(lambda: vendor.heard)
    await asyncio.sleep(0.1)
    assert not client.has_reply()
    await client.say(FORM[HALF:])

    status, reply = await client.reply()

    assert (status, b"v0/x: failed" in reply) == (502, True)


@pytest.mark.parametrize(("after", "status"), [(b"", 200), (part("temperature", b"7"), 400)])
async def test_an_answer_that_comes_early_is_kept_until_the_form_ends(
    serve: Serve, vendor: Vendor, after: bytes, status: int
) -> None:
    """A vendor may know enough; we do not, before the client has said all."""

    async def knows(request: web.Request, heard: Heard) -> web.StreamResponse:
        await listens(request, heard, 1)
        response = web.json_response({"text": "Early."})
        await response.prepare(request)
        await response.write_eof()
        await listens(request, heard)
        return response

    vendor.behaves(knows)
    body = form(AUDIO, after=after)
    router = await serve(table(vendor))
    client = await half_heard(router, vendor, body)
    assert not client.has_reply()
    await client.say(body[HALF:])

    got, reply = await client.reply()

    assert got == status
    assert (b"Early." in reply) == (status == 200)


async def test_a_client_that_leaves_takes_the_vendors_call_with_it(serve: Serve, vendor: Vendor) -> None:
    """At once, and without blame."""
    router = await serve(table(vendor))
    client = await half_heard(router, vendor)
    client.leave()

    await until(vendor.heard[0].left.is_set)
    record = await router.record()
    assert (record.outcome, record.status) == ("client left", 499)
    assert [one.outcome for one in record.attempts] == ["abandoned"]
    assert "v0/x" not in router.house.relay.history.health._states
    assert router.house.relay.history.latency._averages == {}


# ------------------------------------------------------------------ who is slow


async def test_a_slow_client_makes_no_vendor_late(serve: Serve, vendor: Vendor) -> None:
    """The vendor's time begins when it can have the whole: here it has far less than the client takes."""
    router = await serve(table(vendor, said=", timeout: 1s, first_byte_timeout: 1s", more="defaults: {deadline: 1s}"))
    client = await half_heard(router, vendor)
    await asyncio.sleep(1.5)
    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    record = await router.record()
    assert [one.outcome for one in record.attempts] == ["ok"]
    assert record.total_ms < 1_500
    assert router.house.relay.history.latency._averages["v0/x", None].seconds < 1.5


@pytest.mark.parametrize("limit", ["timeout", "first_byte_timeout", "deadline"])
async def test_a_vendor_that_is_late_then_is_late(serve: Serve, vendor: Vendor, limit: str) -> None:
    """Whatever came before, its time runs from the end of the upload."""

    async def sleeps(request: web.Request, heard: Heard) -> web.StreamResponse:
        await listens(request, heard)
        await asyncio.Event().wait()
        raise AssertionError

    vendor.behaves(sleeps)
    router = await serve(table(vendor, more=f"defaults: {{{limit}: 500ms}}"))
    client = await half_heard(router, vendor)
    await client.say(FORM[HALF:])

    status, _ = await client.reply()

    assert status == 504
    assert [one.outcome for one in (await router.record()).attempts] == [
        "deadline" if limit == "deadline" else "timeout"
    ]


async def test_a_vendor_that_stops_reading_is_late(serve: Serve, vendor: Vendor) -> None:
    """Its time runs from when all of it is here, read or not; nobody else is held up by it."""

    async def deaf(request: web.Request, heard: Heard) -> web.StreamResponse:
        request.transport.pause_reading()
        await asyncio.Event().wait()
        raise AssertionError

    vendor.behaves(deaf)
    audio = audio_of(12_000_000)
    body = form(audio)
    router = await serve(table(vendor, said=", timeout: 500ms"))
    client = await Client.of(router, len(body))
    await asyncio.wait_for(client.say(body), 20)  # the client is not slowed down

    status, _ = await client.reply()

    assert status == 504


async def test_a_slow_vendor_hears_everything_in_the_end(serve: Serve, vendor: Vendor) -> None:
    """The client has long sent all of it: what lay in the file is as it was."""
    go_on = asyncio.Event()

    async def slow(request: web.Request, heard: Heard) -> web.StreamResponse:
        request.transport.pause_reading()
        await go_on.wait()
        request.transport.resume_reading()
        return await answers(request, heard)

    vendor.behaves(slow)
    audio = audio_of(12_000_000)
    body = form(audio)
    router = await serve(table(vendor))
    client = await Client.of(router, len(body))
    await asyncio.wait_for(client.say(body), 20)
    go_on.set()

    assert await client.text() == "Hello."
    assert vendor.heard[0].parts["file"] == audio


async def test_a_vendor_that_a_slow_client_has_tired_is_asked_again(
    serve: Serve, vendor: Vendor, other: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hung up while it was kept waiting: the same target gets the whole, unblamed, as if nothing had been."""
    monkeypatch.setattr(passing, "SLOW_CLIENT_S", 0.2)

    async def tires(request: web.Request, heard: Heard) -> web.StreamResponse:
        await listens(request, heard, HALF - 2_000)
        await asyncio.sleep(0.5)
        _break(request)
        return web.Response()

    vendor.behaves(tires, answers)
    router = await serve(table(vendor, other))
    client = await half_heard(router, vendor)
    await asyncio.sleep(0.8)
    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    assert (len(vendor.heard), other.heard) == (2, [])
    assert [one.outcome for one in (await router.record()).attempts] == ["abandoned", "ok"]
    assert router.house.relay.history.health._states == {}


@pytest.mark.parametrize("audio", [b"", b"RIFF"])
async def test_small_files_are_as_ever(serve: Serve, vendor: Vendor, audio: bytes) -> None:
    """Empty is a 400; four bytes that arrive one by one are a file."""
    router = await serve(table(vendor))
    body = form(audio)
    client = await Client.of(router, len(body))
    for at in range(len(body)):
        await client.say(body[at : at + 1])
        await asyncio.sleep(0)

    status, reply = await client.reply()

    assert status == (200 if audio else 400), reply
    assert (b"The file is empty" in reply) == (not audio)


async def test_translations_pass_through(serve: Serve, vendor: Vendor) -> None:
    """The other door is the same."""
    router = await serve(table(vendor))
    client = await Client.of(router, len(FORM), PATH.replace("transcriptions", "translations"))
    await client.say(FORM[:HALF])
    await until(lambda: vendor.heard)
    await client.say(FORM[HALF:])

    assert await client.text() == "Hello."
    assert vendor.heard[0].parts["file"] == AUDIO
