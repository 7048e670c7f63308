"""A route as the table writes it: targets with their times, prices and places, and how one of them is chosen.

What lives here: shapes, defaults, bounds and the words that describe them. Nothing is read or judged here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from router.config.units import Duration
from router.config.words import Dollars, Positive, Strict, TargetName, Text
from router.wire import calls

__all__ = [
    "CacheEntry",
    "CallTimes",
    "ConcurrencyEntry",
    "PolicyEntry",
    "PolicyName",
    "PriceEntry",
    "Route",
    "TargetEntry",
    "Times",
    "Translators",
]


class Times(Strict, frozen=True, kw_only=True):
    """How long a call may take. What is not set falls back to the defaults, then to what is built in per kind."""

    connect_timeout: Annotated[Duration | None, Meta(description="To reach the vendor; 10s where nothing is said.")] = (
        None
    )

    timeout: Annotated[
        Duration | None,
        Meta(description="Bounds an attempt before the first byte to the client, the vendor's silence after it."),
    ] = None
    first_byte_timeout: Annotated[
        Duration | None, Meta(description="From the moment the vendor has the whole request to its first byte.")
    ] = None
    hedge_after: Annotated[
        Duration | None,
        Meta(
            description="Without a first byte by then the next target is started beside this one; the first to answer "
            "is kept, the other cancelled. Both may be billed. Nothing said: no hedging."
        ),
    ] = None


class CallTimes(Times, frozen=True, kw_only=True):
    """Times of a whole call."""

    deadline: Annotated[
        Duration | None, Meta(description="Bounds all attempts together, up to the first byte to the client.")
    ] = None


class PriceEntry(Strict, frozen=True, kw_only=True):
    """What a target costs, in US dollars; goes over what the vendor's file says. Seconds are those of the audio."""

    per_1m_characters: Dollars | None = None
    per_1m_bytes: Annotated[Dollars | None, Meta(description="Of the text, in UTF-8.")] = None
    per_second: Dollars | None = None
    per_minute: Dollars | None = None
    per_hour: Dollars | None = None
    per_1m_input_tokens: Dollars | None = None
    per_1m_output_tokens: Annotated[
        Dollars | None, Meta(description="Of speech they are audio, of transcription text.")
    ] = None
    per_1m_input_text_tokens: Dollars | None = None
    per_1m_input_audio_tokens: Dollars | None = None
    per_request: Annotated[Dollars | None, Meta(description="0 stands for free.")] = None
    per_generation: Dollars | None = None
    per_compute_second: Annotated[Dollars | None, Meta(description="Of the machine that runs the model.")] = None
    per_step: Annotated[Dollars | None, Meta(description="Of a diffusion model, as its `steps` says.")] = None
    minimum: Annotated[Duration | None, Meta(description="Audio that a request is billed as at least.")] = None
    step: Annotated[Duration | None, Meta(description="Audio is billed in whole steps of this.")] = None
    credit: Annotated[
        Positive | None,
        Meta(description="The other figures are credits, and this is what one is worth; what the vendor reports wins."),
    ] = None

    def __post_init__(self) -> None:
        if not self.figures and self.credit is None:
            raise ValueError("expected at least one price, such as per_1m_characters")

    @property
    def figures(self) -> dict[str, float]:
        """The words of a price that are said, with their figures."""
        others = ("minimum", "step", "credit")
        said = ((name, getattr(self, name)) for name in self.__struct_fields__ if name not in others)
        return {name: figure for name, figure in said if figure is not None}


_OnePrice = Annotated[
    PriceEntry | None,
    Meta(
        title="a mapping with at least one price, such as {per_1m_characters: 15}",
        extra_json_schema={"not": {"type": "object", "propertyNames": {"enum": ["minimum", "step"]}}},
    ),
]


class ConcurrencyEntry(Strict, frozen=True, kw_only=True):
    """How many calls a target takes at once, and how many may wait for how long until it is left for the next one."""

    limit: Annotated[int, Meta(ge=1, le=100_000)]
    queue: Annotated[int, Meta(ge=0, le=100_000)] = 16
    wait: Annotated[Duration, Meta(extra_json_schema={"default": "1s"})] = field(default_factory=lambda: Duration(1.0))


Concurrency = Annotated[
    Annotated[int, Meta(ge=1, le=100_000)] | ConcurrencyEntry,
    Meta(title="a number of calls, or a mapping of limit, queue and wait"),
]


class TargetEntry(Times, frozen=True, kw_only=True):
    """A vendor's model with settings of its own."""

    target: Annotated[TargetName, Meta(description="Vendor and model; the model may hold slashes.")]
    price: _OnePrice = None
    weight: Annotated[Positive, Meta(description="Its share under `policy: weight`.")] = 1.0
    concurrency: Annotated[
        Concurrency | None, Meta(description="Calls at once; beyond it some wait, the rest go to the next target.")
    ] = None
    last_resort: Annotated[
        bool | Literal["always"],
        Meta(
            title="true, false or always",
            description="Considered only when no other target of the route is configured; always: whatever else is.",
        ),
    ] = False
    voices: Annotated[
        dict[Text, Text], Meta(description="Voice asked for -> the vendor's voice; * stands for the rest.")
    ] = field(default_factory=dict)
    options: Annotated[dict[str, Any], Meta(description="The vendor's own parameters, sent with every call.")] = field(
        default_factory=dict
    )


Translators = Annotated[
    list[TargetName | TargetEntry],
    Meta(
        min_length=1,
        description="Chat models of OpenAI-compatible vendors, tried in order: they put into English what a target "
        "without translations of its own has written down.",
    ),
]


PolicyName = Annotated[
    calls.PolicyName,
    Meta(
        title="order, cost, latency or weight",
        description="order: as written; cost: the cheapest for this very call, unpriced ones last; latency: who was "
        "first to speak of late; weight: by chance, in proportion to `weight`.",
    ),
]


class PolicyEntry(Strict, frozen=True, kw_only=True):
    """How targets are ordered, and within which bounds: the cheapest of the fast ones, the fastest affordable one."""

    by: PolicyName = "order"
    max_latency: Annotated[
        Duration | None, Meta(description="Who takes longer to its first byte, on average, comes after all others.")
    ] = None
    max_cost: Annotated[
        Dollars | None, Meta(description="US dollars for one call; dearer targets are left out, and unpriced ones.")
    ] = None


Policy = Annotated[
    PolicyName | PolicyEntry, Meta(title="order, cost, latency, weight, or a mapping of by, max_latency and max_cost")
]


Resume = Annotated[
    Literal["off", "sentence"],
    Meta(
        title="off or sentence",
        description="sentence: speech is given out in whole pieces of a few sentences, so that another vendor can go "
        "on where one breaks off, in its own voice; the first byte waits for the first piece. off: a transfer that "
        "breaks off is broken.",
    ),
]


class CacheEntry(Strict, frozen=True, kw_only=True):
    """Identical speech is synthesised once."""

    ttl: Annotated[Duration, Meta(description="How long a recording is kept.")]
    shared: Annotated[
        bool, Meta(description="One client's recordings answer another's calls; else each key has its own.")
    ] = False


class Route(Strict, frozen=True, kw_only=True):
    """A public model name: who answers it, in which order."""

    policy: Policy = "order"
    targets: Annotated[
        list[TargetName | TargetEntry], Meta(min_length=1, description="vendor/model, or a mapping with more to say.")
    ]
    translate_with: Translators | None = None
    resume: Resume | None = None
    cache: Annotated[
        CacheEntry | None,
        Meta(description="Keeps speech: the same text, voice and parameters at the same target come from memory."),
    ] = None
