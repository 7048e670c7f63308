"""Translations: by vendors that have them, and by a chat model where a chain has none."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import openai
import pytest
from aiohttp import web

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Upstream, document, failure

FILE = ("a.wav", b"RIFF....WAVEfmt ", "audio/wav")
SEGMENTS = [
    {"start": 0.0, "end": 1.0, "transcript": "Guten Tag."},
    {"start": 1.5, "end": 2.5, "transcript": "Wie geht es?"},
    {"start": 3.0, "end": 4.0, "transcript": "Gut."},
]
ENGLISH = {"Guten Tag.": "Good day.", "Wie geht es?": "How are you?", "Gut.": "Fine."}
TEXT = " ".join(ENGLISH)


def heard(language: str = "de", text: str = TEXT) -> Answer:
    """What Deepgram writes down."""
    words = [{"word": "x", "start": 0.0, "end": 0.1}] if text else []
    channel = {"detected_language": language, "alternatives": [{"transcript": text, "words": words}]}
    results = {"channels": [channel], "utterances": SEGMENTS if text else []}
    return document({"metadata": {"duration": 4.0}, "results": results})


def says(content: str) -> Answer:
    return document({"choices": [{"message": {"role": "assistant", "content": content}}]})


async def translator(request: web.Request) -> web.StreamResponse:
    """A chat model that knows three sentences, by themselves or as lines."""
    user = (await request.json())["messages"][-1]["content"]
    if user.startswith("["):
        answer = msgspec.json.encode([ENGLISH[line] for line in msgspec.json.decode(user)]).decode()
    else:
        answer = " ".join(english for german, english in ENGLISH.items() if german in user)
    return await says(answer)(request)


def table(upstream: Upstream, spare: Upstream, more: str = "") -> str:
    vendors = {
        "listens": f"{{like: deepgram, base_url: '{upstream.url}', api_key: {KEY}}}",
        "chats": f"{{like: openai, base_url: '{spare.url}', api_key: sk-chat}}",
    }
    return table_of(vendors, {"whisper-1": ["listens/nova-3"]}, f"    translate_with: [chats/some-chat]\n{more}")


async def translate(router: Running, response_format: Any = "json", **more: Any) -> Any:
    with pytest.warns(DeprecationWarning, match="deprecated"):
        return await router.client.audio.translations.create(
            model="whisper-1", file=FILE, response_format=response_format, **more
        )


async def test_a_transcript_is_translated(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Written down by one vendor, put into English by another, answered as OpenAI would."""
    upstream.answers(heard())
    spare.answers(translator)
    router = await serve(table(upstream, spare))

    answer = await translate(router)

    assert answer.model_dump(exclude_unset=True) == {"text": "Good day. How are you? Fine."}
    assert [seen.path for seen in (*upstream.seen, *spare.seen)] == ["/v1/listen", "/chat/completions"]
    assert spare.seen[0].headers["authorization"] == "Bearer sk-chat"
    assert spare.seen[0].json["model"] == "some-chat"
    record = await router.record()
    assert (record.target, [one.target for one in record.attempts]) == (
        "listens/nova-3",
        ["listens/nova-3", "chats/some-chat"],
    )


async def test_times_and_segments_stay(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Each segment is translated by itself and keeps its place."""
    upstream.answers(heard())
    spare.answers(translator)
    router = await serve(table(upstream, spare))

    verbose = await translate(router, "verbose_json")
    captions = await translate(router, "srt")

    assert (verbose.language, verbose.duration, verbose.task) == ("english", 4.0, "translate")
    assert [(one.start, one.end, one.text.strip()) for one in verbose.segments] == [
        (0.0, 1.0, "Good day."),
        (1.5, 2.5, "How are you?"),
        (3.0, 4.0, "Fine."),
    ]
    assert "00:00:01,500 --> 00:00:02,500\nHow are you?\n" in captions


@pytest.mark.parametrize("answer", ['["Good day."]', "Good day. How are you?", "[1, 2, 3]", '["a", "b", "c", "d"]'])
async def test_a_model_that_loses_count_is_asked_for_less(
    serve: Serve, upstream: Upstream, spare: Upstream, answer: str
) -> None:
    """Segments are never shifted against their times: the lines are asked for in halves, in the end one by one."""
    upstream.answers(heard())

    async def careless(request: web.Request) -> web.StreamResponse:
        user = (await request.json())["messages"][-1]["content"]
        return await (says(answer) if user.startswith("[") else translator)(request)

    spare.answers(careless)
    router = await serve(table(upstream, spare))

    verbose = await translate(router, "verbose_json")

    assert [one.text.strip() for one in verbose.segments] == list(ENGLISH.values())


@pytest.mark.parametrize(("language", "text"), [("en", "Good day."), ("de", "")])
async def test_what_is_english_already_is_left_alone(
    serve: Serve, upstream: Upstream, spare: Upstream, language: str, text: str
) -> None:
    """And so is silence: no translator is paid for them."""
    upstream.answers(heard(language, text))
    router = await serve(table(upstream, spare))

    assert (await translate(router)).text == text
    assert not spare.seen


async def test_the_prompt_goes_to_the_translator(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """It is English there, which would mislead whoever listens to another language."""
    upstream.answers(heard())
    spare.answers(translator)
    router = await serve(table(upstream, spare))

    await translate(router, prompt="A chat between neighbours.")

    assert "A chat between neighbours." in spare.seen[0].json["messages"][0]["content"]
    assert "neighbours" not in str(upstream.seen[0].query)


async def test_who_translates_by_itself_comes_first(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """One vendor's own translation before two vendors' work, wherever it stands; the others are there if it fails."""
    upstream.answers(heard())
    spare.answers(document({"text": "Good day."}))
    vendors = table(upstream, spare).replace("- listens/nova-3", "- listens/nova-3\n      - chats/whisper-large")
    router = await serve(vendors)

    assert (await translate(router)).text == "Good day."
    assert not upstream.seen

    spare.answers(failure(503), translator)
    assert (await translate(router)).text == "Good day. How are you? Fine."


async def test_a_stream_of_a_translation_is_english(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """`stream=true`, which OpenAI does not have here: no word of the other language slips through as it is heard."""
    upstream.answers(document({"text": "Guten Tag."}))
    spare.answers(translator)
    text = table(upstream, spare).replace("- listens/nova-3", "- openai/gpt-4o-transcribe")
    router = await serve(text.replace("listens: {like: deepgram, ", "openai: {"))

    form = aiohttp.FormData({"model": "whisper-1", "stream": "true"})
    form.add_field("file", b"RIFF....WAVEfmt ", filename="a.wav")
    async with router.http.post("/v1/audio/translations", data=form) as reply:
        body = await reply.text()

    assert "Guten" not in body
    assert '"text":"Good day."' in body
    assert b"stream" not in upstream.seen[0].body


async def test_translators_are_a_chain(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The next one helps when the first fails; when all do, the client hears of it and no German goes out."""
    upstream.answers(heard())
    spare.answers(failure(503), translator)
    text = table(upstream, spare).replace("[chats/some-chat]", "[chats/some-chat, {target: chats/other, timeout: 5s}]")
    router = await serve(text)

    assert (await translate(router)).text == "Good day. How are you? Fine."
    assert [seen.json["model"] for seen in spare.seen] == ["some-chat", "other"]

    spare.answers(failure(503))
    with pytest.raises(openai.InternalServerError) as failed:
        await translate(router)
    assert failed.value.status_code == 502
    assert "chats/some-chat" in failed.value.message


@pytest.mark.parametrize("said", ["", " ", "<think>Hm.</think>\n"])
async def test_an_empty_answer_of_a_translator_is_none(
    serve: Serve, upstream: Upstream, spare: Upstream, said: str
) -> None:
    """A model that thought until its tokens were over has translated nothing, whether or not it thought aloud."""
    upstream.answers(heard())
    spare.answers(says(said))
    router = await serve(table(upstream, spare))

    with pytest.raises(openai.InternalServerError):
        await translate(router)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_half_a_translation_is_none(serve: Serve, upstream: Upstream, spare: Upstream, reason: str) -> None:
    """A model that was stopped early has not translated; the next one may."""
    cut = document({"choices": [{"message": {"content": "Good"}, "finish_reason": reason}]})
    upstream.answers(heard())
    spare.answers(cut, translator)
    router = await serve(table(upstream, spare).replace("[chats/some-chat]", "[chats/some-chat, chats/other]"))

    assert (await translate(router)).text == "Good day. How are you? Fine."


@pytest.mark.parametrize("around", ["<think>Hm. [1]</think>\n{}", "```json\n{}\n```", "```\n{}```"])
async def test_thoughts_and_fences_are_no_translation(
    serve: Serve, upstream: Upstream, spare: Upstream, around: str
) -> None:
    """Only what a model says in the end goes out, of lines and of plain text."""

    async def thoughtful(request: web.Request) -> web.StreamResponse:
        user = (await request.json())["messages"][-1]["content"]
        lines = [ENGLISH[line] for line in msgspec.json.decode(user)] if user.startswith("[") else None
        text = msgspec.json.encode(lines).decode() if lines else "Good day. How are you? Fine."
        return await says(around.replace("{}", text))(request)

    upstream.answers(heard())
    spare.answers(thoughtful)
    router = await serve(table(upstream, spare))

    assert (await translate(router)).text == "Good day. How are you? Fine."
    assert [one.text.strip() for one in (await translate(router, "verbose_json")).segments] == list(ENGLISH.values())


async def test_what_a_translator_refuses_is_not_the_clients_fault(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """The client did not write that request: a 502, without the translator's words."""
    upstream.answers(heard())
    spare.answers(failure(400, "maximum context length of org-123"))
    router = await serve(table(upstream, spare))

    with pytest.raises(openai.InternalServerError) as failed:
        await translate(router)
    assert "org-123" not in failed.value.message


async def test_a_careless_model_is_asked_a_bounded_number_of_times(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """And the next model is asked before the careless one again."""
    segments = [{"start": float(n), "end": n + 0.5, "transcript": "Gut."} for n in range(40)]
    channel = {"detected_language": "de", "alternatives": [{"transcript": "Gut. " * 40, "words": []}]}
    upstream.answers(
        document({"metadata": {"duration": 40.0}, "results": {"channels": [channel], "utterances": segments}})
    )

    async def careless(request: web.Request) -> web.StreamResponse:
        seen = await request.json()
        user = seen["messages"][-1]["content"]
        if seen["model"] == "other" and user.startswith("["):
            return await translator(request)
        return await says("Fine.")(request)

    spare.answers(careless)
    router = await serve(table(upstream, spare))
    assert len((await translate(router, "verbose_json")).segments) == 40
    assert len(spare.seen) == 1 + 5 + 40

    spare.seen.clear()
    router = await serve(table(upstream, spare).replace("[chats/some-chat]", "[chats/some-chat, chats/other]"))
    assert len((await translate(router, "verbose_json")).segments) == 40
    assert [seen.json["model"] for seen in spare.seen] == ["some-chat", *["other"] * 5]


async def test_without_a_translator_nothing_is_passed_off_as_english(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """The client is told that nobody translates, and how somebody could."""
    router = await serve(table(upstream, spare).replace("translate_with: [chats/some-chat]", "policy: order"))

    with pytest.raises(openai.BadRequestError, match="translate_with"):
        await translate(router)
    assert not upstream.seen


async def test_the_tables_own_translators_serve_models_named_directly(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """`defaults` speak for routes without a word of their own, and for `vendor/model`."""
    upstream.answers(heard())
    spare.answers(translator)
    text = table(upstream, spare).replace("    translate_with: [chats/some-chat]\n", "")
    router = await serve(f"{text}defaults: {{translate_with: [chats/some-chat]}}\n")

    for model in ("whisper-1", "listens/nova-3"):
        with pytest.warns(DeprecationWarning, match="deprecated"):
            answer = await router.client.audio.translations.create(model=model, file=FILE)
        assert answer.text == "Good day. How are you? Fine."
