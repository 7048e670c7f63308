"""What every vendor file promises, over whatever vendors there are. No rows: facts and drafts are asked directly.

Evidence is not looked at here, only that there is some; it is weighed in each vendor's own module.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import msgspec
import pytest

from router.routing.fit import Cannot
from router.upstream.answers import read_answer
from router.vendors import find_vendor, module_of
from router.vendors.spec import Draft, row_of
from router.wire.audio import Format
from router.wire.calls import OPENAI_VOICES, CallKind
from router.wire.transcripts import Transcript
from router.wire.upload import Inline, Upload
from tests.vendors.evidence import FIXTURES, Answered, facts_of, hear, key_of, names_of, reply_of, say, telling
from tests.vendors.subjects import (
    TUNABLES,
    every_listener,
    every_sounder,
    every_speaker,
    every_subject,
    every_vendor,
    holds,
    operations,
    sample,
)

WANTS = frozenset({"words", "segments", "speakers", "logprobs", "events"})
MARK = "put-there-by-the-client"
IMPORTABLE = ("router.vendors.spec", "router.vendors.openai_like", "router.wire")
IMPURE = {"asyncio", "datetime", "http", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "time"}


# ------------------------------------------------------------------ facts


@every_vendor
def test_the_file_is_named_for_its_vendor(vendor):
    """`routes.yaml`, the file and the facts use one name."""
    facts = find_vendor(vendor)

    assert facts
    assert vendor == facts.name


@every_vendor
def test_the_facts_hold_together(vendor):
    """Formats are formats, voices are there, gives and honours are words of the house, ranges go upwards."""
    for kind, operation in operations(vendor):
        for one in (operation, *operation.models.values()):
            _check_words(
                kind, {name: value for name, value in msgspec.structs.asdict(one).items() if value is not None}
            )


def _check_words(kind: CallKind, said: dict[str, Any]) -> None:
    assert set(said.get("honours", ())) <= TUNABLES[kind].keys() | ({"lyrics"} if kind in ("sound", "music") else set())
    assert all(low < high for low, high in filter(None, said.get("honours", {}).values()))
    assert set(said.get("gives", ())) <= WANTS
    assert set(said.get("voices", ())) <= OPENAI_VOICES | {"*"}
    assert all(isinstance(one, Format) for one in said.get("formats", ()))
    assert all(said[name] for name in ("formats", "voices") if name in said)
    re.compile(said.get("voice_like", ""))


@every_vendor
def test_every_row_counts(vendor):
    """A model's row says only what its operation has a word for, and no earlier pattern hides it."""
    for _, operation in operations(vendor):
        for glob, row in operation.models.items():
            said = {name for name, value in msgspec.structs.asdict(row).items() if value is not None}

            assert said <= set(operation.__struct_fields__)
            assert row_of(operation, sample(glob)) is row


@every_vendor
def test_there_is_evidence(vendor):
    """A vendor without a reply for each thing it does is not proved by anything."""
    assert (FIXTURES / vendor).is_dir()
    assert {kind for kind, _ in operations(vendor)} <= {name.partition("-")[0] for name in names_of(vendor, "reply")}


@every_vendor
def test_the_file_imports_no_more_than_it_may(vendor):
    """Words of the seam, the wire, and the pure part of the standard library: no other vendor, no clock, no socket."""
    source = inspect.getsource(import_module(module_of(vendor)))
    for name in _imported(ast.parse(source)):
        is_ours = any(name == room or name.startswith(f"{room}.") for room in IMPORTABLE)

        assert is_ours or name.partition(".")[0] in sys.stdlib_module_names - IMPURE, name


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


# ------------------------------------------------------------------ voices, tunables, wants


@every_speaker
def test_all_of_openais_voices_speak(subject):
    """Each of the thirteen names means something at every model, without a line of configuration."""
    for voice in OPENAI_VOICES:
        assert subject.fit(voice=voice).ask.voice


@every_subject
def test_an_honoured_parameter_is_sent_and_no_other(subject):
    """Two values of an honoured one make two requests; one that is not honoured makes none, and is named."""
    plain = subject.request()
    for name in TUNABLES[subject.kind]:
        values = subject.tried(name)
        if name not in subject.operation.honours:
            fit = subject.fit(**{name: values[0]})

            assert plain == subject.dressed(fit)
            assert fit.dropped == (name,)
        elif name != "language" or not subject.languages:
            tried = [subject.request(**{name: value}) for value in values]

            assert tried[0] != tried[1], name
            assert plain not in tried or values == (True, False), name  # whose one value may be the vendor's own


@every_subject
def test_a_model_of_few_languages_is_asked_for_no_other(subject):
    """It honours a language by being fit for the ones it has, and for those alone."""
    for language in subject.languages or ():
        assert subject.fit(language=language).dropped == ()
    others = {"de", "fr", "eo", "cy"} - (subject.languages or set())
    for language in others if subject.languages else ():
        with pytest.raises(Cannot):
            subject.fit(language=language)


@every_sounder
def test_what_is_sung_is_sent_or_the_call_refused(subject):
    """Lyrics are no matter of taste: who does not sing them is not asked."""
    if "lyrics" in subject.operation.honours:
        assert holds(subject.request(lyrics="Of the moon."), "Of the moon.")
    else:
        with pytest.raises(Cannot):
            subject.fit(lyrics="Of the moon.")


@every_sounder
def test_nobody_is_given_less_than_was_asked_for(subject):
    """A duration beyond what a model makes excludes it; one below is what it makes at least, and is named."""
    if bounds := subject.operation.honours.get("duration"):
        with pytest.raises(Cannot):
            subject.fit(duration=bounds[1] + 1)
        if bounds[0] > 0.1:
            assert subject.fit(duration=bounds[0] / 2).dropped == (f"duration={bounds[0]:g}",)


@every_sounder
def test_how_long_it_is_only_duration_says(subject):
    """The field that carries it is closed: it prices the call, and is bounded."""
    if "duration" not in subject.operation.honours:
        return
    plain = _client_side(telling(subject.fit()))
    for name, value in _client_side(telling(subject.fit(duration=subject.tried("duration")[0]))).items():
        is_ours = name == "duration"  # which a client's own field never is: it is read as ours
        if not is_ours and not isinstance(value, dict) and value != plain.get(name):
            assert subject.fit(extras={name: MARK}).dropped == (name,), name


def _client_side(draft: Draft) -> Mapping[str, Any]:
    """What stands where a client's own fields would be put."""
    return _within(draft) or draft.json or draft.form or {}


@every_listener
async def test_what_is_given_is_asked_for_or_always_there(subject):
    """Each want changes the request, or is in a reply that was known to come without asking."""
    plain = subject.request(hear("any", subject.model, kind=subject.kind))
    known = [await _read(subject.vendor, name) for name in subject.replies()]
    for want in subject.operation.gives - {"events"}:
        asked = subject.request(hear("any", subject.model, want, kind=subject.kind))

        assert plain != asked or any(_has(transcript, want) for transcript in known), want


@every_subject
def test_events_are_asked_for_where_they_are_given(subject):
    """A model that gives events is asked for them by one thing more in the request, and any other never is."""
    make = say if subject.kind == "speech" else partial(hear, kind=subject.kind)
    if subject.kind in ("sound", "music"):
        return
    plain, asked = (subject.request(make("any", subject.model, as_events=events)) for events in (False, True))
    gives = "events" in subject.operation.gives

    assert gives == (plain != asked)
    assert not gives or subject.operation.events


async def _read(vendor: str, name: str) -> Transcript | None:
    facts = facts_of(vendor)
    operation = getattr(facts, name.partition("-")[0])
    reply = Answered(reply_of(vendor, name))
    answer = await read_answer(reply, operation, facts, {}, frozenset(), as_events=True)
    if answer.heard:
        *_, whole = [part async for part in answer.heard]
        return whole
    return answer.transcript


def _has(transcript: Transcript | None, want: str) -> bool:
    assert transcript
    match want:
        case "words":
            return bool(transcript.words)
        case "segments":
            return bool(transcript.segments)
        case "speakers":
            return any(one.speaker for one in (*transcript.words, *transcript.segments))
        case _:
            return any(word.logprob is not None for word in transcript.words)


# ------------------------------------------------------------------ the client's own fields


@every_subject
def test_a_declared_field_arrives(subject):
    """Each of the vendor's own fields that a client may send is in the request, a list as the vendor spells lists."""
    for name in subject.operation.extras:
        plain = name.removesuffix("[]")
        for spelling in (plain, f"{plain}[]"):
            fit = subject.fit(extras={spelling: MARK})

            assert fit.extras == {name: MARK}
            assert holds(subject.dressed(fit), MARK)
            assert fit.dropped == ()


@every_subject
def test_a_closed_field_never_arrives(subject):
    """What identifies, redirects or bills a call is not the client's to set, in whichever spelling; it is named."""
    for name in (*facts_of(subject.vendor).closed, "webhook_url", "callback", "audio_url", "url"):
        for spelling in (name, f"{name}[]"):
            fit = subject.fit(extras={spelling: MARK})

            assert not holds(subject.dressed(fit), MARK), spelling
            assert fit.dropped == (spelling,)


@every_subject
def test_nobody_is_sent_to_another_address(subject):
    """Under whichever name a client gives one, however deep."""
    for value in ("https://example.com/a.wav", [{"deep": {"er": " HTTP://169.254.169.254/"}}]):
        fit = subject.fit(extras={"anything": value})

        assert fit.dropped == ("anything",)
        assert not holds(subject.dressed(fit), "anything")


@every_subject
def test_what_names_the_call_is_closed(subject):
    """The fields that carry the model and the upload are closed, so that a client who tries them is told."""
    fit = subject.fit()
    draft = telling(fit)
    for name, value in {**draft.query, **(draft.json or {}), **(draft.form or {}), **_within(draft)}.items():
        if value == subject.model or isinstance(value, Upload | Inline):
            assert name in facts_of(subject.vendor).closed


@every_subject
def test_no_field_goes_over_what_the_draft_sets(subject):
    """Model, text, voice, format and all else the vendor file sets stand, even past the checks before."""
    fit = subject.fit(**{name: subject.tried(name)[0] for name in TUNABLES[subject.kind] if name != "language"})
    plain = subject.dressed(fit)
    intruders = [*_intruders(telling(fit))]

    assert intruders
    for intruder in intruders:
        assert plain == subject.dressed(fit, **intruder), intruder


def _intruders(draft: Draft) -> Iterator[dict[str, Any]]:
    """Fields under the names that the draft uses where the client's own fields go; any name, where none may go."""
    if draft.extras is None:
        yield {MARK: MARK}
        return
    within = draft.query if draft.extras == "query" else _within(draft) or draft.json or draft.form or {}
    for name, value in within.items():
        if isinstance(value, dict):
            yield from ({name: {inner: MARK}} for inner, deep in value.items() if deep is not None)
        elif value not in (None, []):
            yield {name: MARK}


def _within(draft: Draft) -> Mapping[str, Any]:
    """The member of a body that the client's own fields are put into, where that is not the body itself."""
    return draft.json[draft.extras] if draft.json and draft.extras not in (None, "body", "query") else {}


@every_subject
def test_an_opinion_gives_way(subject):
    """What the vendor file prefers is sent, until the client says otherwise, whole or in the parts of a form."""
    fit = subject.fit()
    plain = subject.dressed(fit)
    for name in telling(fit).defaults:
        assert holds(plain, f'"{name}"')
        for spelling in (name, f"{name}[type]"):
            said = subject.dressed(fit, **{spelling: MARK})

            assert holds(said, MARK)
            assert spelling == name or not holds(said, f'"{name}"')


# ------------------------------------------------------------------ our key, replies


@every_subject
def test_the_key_is_in_its_header_and_nowhere_else(subject):
    """The key goes where the vendor wants it; from an address or a body it would get into somebody's log."""
    auth = facts_of(subject.vendor).auth
    key = key_of(subject.vendor)
    request = subject.request()

    assert request.auth == ({auth.header: f"{auth.prefix}{key}"} if auth else {})
    assert not holds(msgspec.structs.replace(request, auth={}), key)


@every_vendor
async def test_no_success_is_taken_for_an_error(vendor):
    """A code that stands in a good answer too is no code of an error."""
    for name in names_of(vendor, "reply"):
        await _read(vendor, name)
