"""What a call becomes at one target: its voice, its format, its parameters in that vendor's terms; or why it cannot be.

Pure: the same code decides for a live call and explains a hypothetical one. What no vendor can do by itself is made up
for here, too: a text beyond its limit is split, a translation it lacks becomes a transcription and a translator's work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from router.media.paths import can_transcode
from router.routing.plan import Plan, Target
from router.vendors.spec import (
    Ask,
    ChatAsk,
    Dialogue,
    Draft,
    ListenAsk,
    Operation,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Steps,
    Transcription,
)
from router.wire.audio import Format
from router.wire.calls import OPENAI_VOICES, Call, ListenCall, SoundCall, SpeechCall, Turn
from router.wire.faults import Fault, Kind
from router.wire.languages import code_of
from router.wire.sentences import split

__all__ = ["Cannot", "Fitted", "fit", "fit_chat", "fit_to_translate", "given", "voice_at"]

ELSEWHERE = re.compile(r"(webhook|callback).*|(.*_)?ur[il]s?$", re.IGNORECASE)
NATURAL_SOURCES = ("pcm", "wav", "flac")  # what to transcode from, best first: nothing is lost in these
LONGEST_SHOWN = 64  # characters of a client's word that a reason repeats, once for each target


class Cannot(Exception):
    """The target cannot serve the call; the message completes "<target>: …"."""


class Fitted(Struct, frozen=True):
    """A call as one target will get it.

    `source` is the format the vendor is asked for, `wanted` the one the client gets (both None where no audio comes
    back); `wants` is what a transcript must hold. `dropped` names what the vendor will not honour. `longest`: the
    characters that the vendor takes at once, of a text that has more. `turns`: of a dialogue, where the vendor speaks
    one voice at a time. `is_to_translate`: the vendor only writes down,
    and its transcript still has to be translated. `seconds`: of an upload, where they are known.
    """

    target: Target
    operation: Operation
    ask: Ask
    extras: Mapping[str, Any]
    dropped: tuple[str, ...]
    source: Format | None = None
    wanted: Format | None = None
    wants: frozenset[str] = frozenset()
    longest: int | None = None
    turns: tuple[Turn, ...] = ()
    is_to_translate: bool = False
    seconds: float | None = None

    def pieces(self) -> Sequence[Fitted]:
        """What the vendor is asked for, one after the other: usually this alone."""
        ask = self.ask
        if not isinstance(ask, SpeechAsk) or (self.longest is None and not self.turns):
            return (self,)
        whole = replace(self, longest=None, turns=())
        return [
            replace(whole, ask=replace(ask, text=text, voice=turn.voice))
            for turn in self.turns or (Turn(ask.text, ask.voice),)
            for text in (split(turn.text, self.longest) if self.longest else (turn.text,))
        ]

    def request(self) -> Draft | Steps:
        """The vendor's own request, or the steps of it.

        Raises `Fault`: INPUT for what cannot be in it, GARBLED for a bug of the file.
        """
        try:
            return self.operation.request(self.ask)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Fault(Kind.GARBLED, f"the vendor file made no request: {type(error).__name__}: {error}") from error

    def draft(self) -> Draft:
        """The request, or the first of its steps. Raises as `request`."""
        request = self.request()
        return request if isinstance(request, Draft) else next(request)


def fit(call: Call, target: Target, plan: Plan) -> Fitted:
    """Raises `Cannot`."""
    operation = target.abilities.get(call.kind)
    if operation is None:
        raise Cannot(f"does not do {call.kind}")
    dropped: list[str] = []
    kept = _tunables(call, operation, dropped)
    extras = _extras(call, target, operation, plan, dropped)
    streams = operation.events is not None and "events" in operation.gives
    shared = {"model": target.model, "options": extras, "as_events": call.as_events and streams, **kept}
    whole = Fitted(target, operation, Ask(model=target.model), extras, tuple(dropped))
    fitted = _asking(whole, call, shared, plan)
    if fitted.dropped and plan.table.defaults.params == "strict":
        raise Cannot(f"does not honour {', '.join(fitted.dropped)} (params: strict)")
    return fitted


def _asking(whole: Fitted, call: Call, shared: Mapping[str, Any], plan: Plan) -> Fitted:
    match call, whole.operation:
        case SpeechCall(), Speech() as can:
            return _speaking(whole, call, can, shared, plan)
        case SoundCall(), Sound() as can:
            return _sounding(whole, call, can, shared)
        case ListenCall(), Transcription() as can:
            _check_listening(call, can)
            ask = ListenAsk(audio=call.audio, wants=call.wants, **shared)
            return replace(whole, ask=ask, wants=call.wants, seconds=call.seconds)
        case _:
            raise AssertionError  # the kinds of calls and of operations are the same


def _speaking(whole: Fitted, call: SpeechCall, can: Speech, shared: Mapping[str, Any], plan: Plan) -> Fitted:
    """A text, or the turns of a dialogue: at once where the vendor does that, else one by one."""
    _check_language(call, can, "speak")
    target = whole.target
    turns = tuple(Turn(turn.text, voice_at(target, can, turn.voice, plan)) for turn in call.turns)
    if turns and (dialogue := can.dialogue) and _is_within(dialogue, turns):
        source, longest = _source(can, call.format, is_joined=False), None
        lost = {name for name in dialogue.drops if shared.get(name) is not None}
        shared = {name: value for name, value in shared.items() if name not in lost} | {"turns": turns}
        whole = replace(whole, dropped=(*whole.dropped, *sorted(lost)))
    else:
        most = max(len(turn.text) for turn in turns) if turns else len(call.text)
        longest = can.longest if can.longest and most > can.longest else None
        source = _source(can, call.format, is_joined=longest is not None or len(turns) > 1)
        whole = replace(whole, longest=longest, turns=turns)
    voice = turns[0].voice if turns else voice_at(target, can, call.voice, plan)
    ask = SpeechAsk(text=call.text, voice=voice, format=can.formats[source], **shared)
    return replace(whole, ask=ask, source=source, wanted=call.format)


def _is_within(bounds: Dialogue, turns: Sequence[Turn]) -> bool:
    is_short = bounds.longest is None or sum(len(turn.text) for turn in turns) <= bounds.longest
    return is_short and (bounds.voices is None or len({turn.voice for turn in turns}) <= bounds.voices)


def _sounding(whole: Fitted, call: SoundCall, can: Sound, shared: Mapping[str, Any]) -> Fitted:
    if can.longest and len(call.text) > can.longest:
        raise Cannot(f"takes a description of {can.longest:,} characters at most, this one has {len(call.text):,}")
    if call.lyrics and "lyrics" not in can.honours:
        raise Cannot("does not sing given lyrics")
    bounds, duration = can.honours.get("duration"), call.tunables.get("duration")
    if bounds and duration and duration > bounds[1]:
        raise Cannot(f"makes {bounds[1]:g} s at most, {duration:g} s are asked for")
    source = _source(can, call.format, is_joined=False)
    ask = SoundAsk(text=call.text, format=can.formats[source], lyrics=call.lyrics, **shared)
    return replace(whole, ask=ask, source=source, wanted=call.format)


def fit_to_translate(call: ListenCall, target: Target, plan: Plan) -> Fitted:
    """A translation call as a transcription that somebody else translates; the prompt goes there. Raises `Cannot`."""
    tunables = {name: value for name, value in call.tunables.items() if name != "prompt"}
    heard = replace(call, kind="transcription", tunables=tunables, as_events=False)
    return replace(fit(heard, target, plan), is_to_translate=True)


def fit_chat(target: Target, system: str, user: str) -> Fitted:
    """A text for a translator, whose outlet has chat models."""
    chat = target.chat
    assert chat
    return Fitted(target, chat, ChatAsk(model=target.model, system=system, user=user), target.options, ())


def _tunables(call: Call, operation: Operation, dropped: list[str]) -> dict[str, Any]:
    kept = {}
    for name, value in call.tunables.items():
        if name not in operation.honours:
            dropped.append(name)
            continue
        kept[name] = value
        if bounds := operation.honours[name]:
            near = min(max(value, bounds[0]), bounds[1])
            if near != value:
                dropped.append(f"{name}={near:g}")
                kept[name] = near
    return kept


def _extras(call: Call, target: Target, operation: Operation, plan: Plan, dropped: list[str]) -> dict[str, Any]:
    """The target's options, and over them the client's own fields: those that this vendor declares, or nobody does.

    Declared only by other vendors of the table, closed, or an address: dropped and named.
    """
    if not call.extras:
        return dict(target.options)
    spelled = {name.removesuffix("[]"): name for name in operation.extras}  # lists are `name` here, `name[]` there
    foreign = {name.removesuffix("[]") for name in plan.declared[call.kind]} - spelled.keys()
    shut = foreign | target.outlet.facts.closed
    kept = dict(target.options)
    for name, value in call.extras.items():
        base = name.partition("[")[0]
        if base in shut or "*" in shut or _is_elsewhere(base, value):
            dropped.append(name)
        else:
            kept[spelled.get(name.removesuffix("[]"), name)] = value
    return kept


def _is_elsewhere(name: str, value: Any) -> bool:
    """Whether a field would make the vendor call or fetch from somewhere: no client may send it out for that."""
    return bool(ELSEWHERE.match(name)) or _has_address(value)


def _has_address(value: Any) -> bool:
    match value:
        case str():
            return value.lstrip().lower().startswith(("http://", "https://"))
        case dict():
            return any(map(_has_address, value.values()))
        case list():
            return any(map(_has_address, value))
        case _:
            return False


def voice_at(target: Target, speech: Speech, name: str, plan: Plan) -> str:
    """What a voice is called there. Raises `Cannot`.

    Target, persona, the vendor's table, a voice of its own, and then whoever speaks for all (`"*"`).
    """
    persona = plan.table.voices.get(name, {}).get(target.outlet.name)
    if found := target.voices.get(name) or persona or speech.voices.get(name):
        return found
    if name not in OPENAI_VOICES and _looks_like_own(name, speech):
        return name
    if found := target.voices.get("*"):
        return found
    if name in OPENAI_VOICES and (found := speech.voices.get("*")):
        return found
    known = sorted({*target.voices, *speech.voices, *OPENAI_VOICES} - {"*"})
    raise Cannot(f"has no voice {name[:LONGEST_SHOWN]!r}; it knows {', '.join(known)}{_own_voices(speech)}")


def _looks_like_own(name: str, speech: Speech) -> bool:
    return name in speech.voices.values() or speech.voice_like is None or bool(re.fullmatch(speech.voice_like, name))


def _own_voices(speech: Speech) -> str:
    return f" and its own, which look like {speech.voice_like}" if speech.voice_like else ""


def _source(speech: Speech | Sound, wanted: Format, *, is_joined: bool) -> Format:
    """What to ask for: the format itself, unless pieces must be joined, which only samples can be."""
    if wanted in speech.formats and (not is_joined or wanted.codec == "pcm"):
        return wanted
    reachable = [source for source in speech.formats if can_transcode(source, wanted)]
    if not reachable:
        raise Cannot(f"cannot give {wanted.codec}")
    order = {codec: rank for rank, codec in enumerate(NATURAL_SOURCES)}
    return min(reachable, key=lambda source: order.get(source.codec, len(order)))


def given(operation: Operation) -> frozenset[str]:
    """What can be had of a transcript: segments are cut from words where a vendor only gives these."""
    return operation.gives | {"segments"} if "words" in operation.gives else operation.gives


def _check_listening(call: ListenCall, operation: Transcription) -> None:
    if missing := call.wants - given(operation):
        raise Cannot(f"does not give {' or '.join(sorted(missing))}")
    if operation.largest_bytes and call.audio.size > operation.largest_bytes:
        raise Cannot(f"takes {operation.largest_bytes:,} bytes at most, the file has {call.audio.size:,}")
    if operation.longest_s and call.seconds and call.seconds > operation.longest_s:
        raise Cannot(f"takes {operation.longest_s:,.0f} s of audio at most, the file has {call.seconds:,.0f} s")
    _check_language(call, operation, "understand")


def _check_language(call: Call, operation: Speech | Transcription, verb: str) -> None:
    language = call.tunables.get("language")
    if operation.languages and language and code_of(language) not in operation.languages:
        raise Cannot(f"does not {verb} {language[:LONGEST_SHOWN]!r}, only {', '.join(sorted(operation.languages))}")
