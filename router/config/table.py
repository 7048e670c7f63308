"""The routing table as structs: the one source of truth for decoding routes.yaml and for its JSON Schema.

What lives here: its sections, but for what a route says, which is `route`'s. Nothing is read or judged here.
A `title` completes the sentence "expected …" of an error; a `description` is what an editor shows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from router.config.route import CallTimes, Resume, Route, Translators
from router.config.units import Duration, Size
from router.config.words import BaseUrl, HostPattern, Origin, Positive, Sha256, Strict, Text, VendorName

__all__ = ["Defaults", "KeyEntry", "Server", "Table", "Tasks", "VendorEntry"]


class _Sealed(Strict, frozen=True):
    """Holds secrets: prints as the names of what it holds, so that no log or traceback shows a value."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={hidden}' for name, hidden in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, "…") for name in self.__struct_fields__ if getattr(self, name)]


class VendorEntry(_Sealed, frozen=True, kw_only=True):
    """A vendor's credentials and settings. Any further key is one of the vendor's own, such as api_key or region."""

    like: Annotated[VendorName | None, Meta(description="The vendor whose wire this one speaks.")] = None
    base_url: Annotated[
        BaseUrl | None, Meta(description="Replaces the whole base of the vendor: scheme, host and prefix.")
    ] = None
    credit: Annotated[
        Positive | None, Meta(description="US dollars that one credit costs, where the vendor bills in credits.")
    ] = None
    result_hosts: Annotated[
        list[HostPattern],
        Meta(
            description="Further hosts from which results may be fetched, without the key; *.example.com for all below."
        ),
    ] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    """Variables without a value: the vendor is not configured."""


class Defaults(CallTimes, frozen=True, kw_only=True):
    """What holds where a target says nothing; times flat or per kind."""

    retries: Annotated[int, Meta(ge=0, le=5, description="Further tries on the same target.")] = 0
    retry_budget: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Retries on the same target and hedges, as a share of its calls; ten in a row are always free.",
        ),
    ] = 0.2
    params: Annotated[
        Literal["lenient", "strict"],
        Meta(description="A parameter that a vendor cannot honour is dropped and named, or excludes the vendor."),
    ] = "lenient"
    translate_with: Translators | None = None
    resume: Resume = "off"
    speech: CallTimes | None = None
    transcription: CallTimes | None = None
    translation: CallTimes | None = None
    sound: CallTimes | None = None
    music: CallTimes | None = None


class Server(Strict, frozen=True, kw_only=True):
    """Where the router listens, and how much it takes: of clients, and of what vendors answer.

    Sizes are in bytes, 1MB = 1,048,576.
    """

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="0: any that is free.")] = 8080
    workers: Annotated[
        int,
        Meta(
            ge=1,
            description="Processes that share the port. Limits, rests, retry budgets, recordings: each one's own.",
        ),
    ] = 1
    max_calls: Annotated[
        int,
        Meta(
            ge=1,
            description="Audio calls of a process at once; beyond it there is a 503. Tasks in the background are not "
            "among them (tasks.at_once).",
        ),
    ] = 1_000
    max_head: Annotated[
        Size,
        Meta(description="Of a request's line and headers; beyond it a 431.", extra_json_schema={"default": "64KB"}),
    ] = field(default_factory=lambda: Size(64 * 1024))
    max_upload: Annotated[
        Size,
        Meta(
            description="Of the file part of an upload; beyond it a 413, at once where the request tells its length.",
            extra_json_schema={"default": "25MB"},
        ),
    ] = field(default_factory=lambda: Size(25 * 1024**2))
    max_body: Annotated[
        Size,
        Meta(
            description="Of a JSON body, and of the text fields of a form, which may hold samples of four speakers.",
            extra_json_schema={"default": "8MB"},
        ),
    ] = field(default_factory=lambda: Size(8 * 1024**2))
    max_parts: Annotated[int, Meta(ge=2, description="Of a form, or members of the JSON in its place.")] = 256
    max_input: Annotated[int, Meta(ge=1, description="Characters of the text to speak.")] = 100_000
    max_cache: Annotated[
        Size, Meta(description="Of all recordings that routes keep.", extra_json_schema={"default": "64MB"})
    ] = field(default_factory=lambda: Size(64 * 1024**2))
    max_reply: Annotated[
        Size,
        Meta(
            description="Of one answer of a vendor's with audio; what pours on is cut there, as a broken transfer.",
            extra_json_schema={"default": "1GB"},
        ),
    ] = field(default_factory=lambda: Size(1024**3))
    max_document: Annotated[
        Size,
        Meta(
            description="Of one that has to be held: JSON, also with audio in it, and a transcript in events.",
            extra_json_schema={"default": "64MB"},
        ),
    ] = field(default_factory=lambda: Size(64 * 1024**2))
    max_wait: Annotated[
        Duration,
        Meta(
            description="How long music and sound effects are waited for without a byte to the client, which is then "
            "told to ask in the background; Node's clients give up after 300s.",
            extra_json_schema={"default": "285s"},
        ),
    ] = field(default_factory=lambda: Duration(285.0))
    client_routes: Annotated[
        bool, Meta(description="Whether a call may bring a chain or a policy of its own (`route`).")
    ] = True
    direct: Annotated[bool, Meta(description="Whether a call may name `vendor/model` as its model.")] = True
    metrics: Annotated[
        Literal["keyed", "open"],
        Meta(description="Whether /metrics asks for a key where the audio paths do, or never."),
    ] = "keyed"
    cors: Annotated[
        tuple[Origin, ...],
        Meta(
            description="Origins whose web pages may call from a browser; none: no page of another origin may.",
            extra_json_schema={"default": []},
        ),
    ] = field(default_factory=lambda: ())


class Tasks(Strict, frozen=True, kw_only=True):
    """What clients ask for in the background (`background: true`): where it is kept, how much of it, how long."""

    folder: Annotated[
        Text | None,
        Meta(description="Of the database and the files, shared by all processes; unset: the user's state folder."),
    ] = None
    keep: Annotated[Duration, Meta(description="How long after its end.", extra_json_schema={"default": "24h"})] = (
        field(default_factory=lambda: Duration(86_400.0))
    )
    max_bytes: Annotated[
        Size, Meta(description="Of all files; beyond it the oldest go.", extra_json_schema={"default": "1GB"})
    ] = field(default_factory=lambda: Size(1024**3))
    at_once: Annotated[int, Meta(ge=1, le=10_000, description="How many run in a process; the others wait.")] = 16
    most: Annotated[int, Meta(ge=1, description="Waiting and running, of all keys; beyond it there is a 429.")] = 1_000


class KeyEntry(_Sealed, frozen=True, kw_only=True):
    """Who may call: the key itself or its SHA-256, exactly one of the two."""

    sha256: Annotated[Sha256 | None, Meta(description="Of the key, as sha256sum prints it.")] = None
    key: Annotated[Text | None, Meta(description='The key itself; better as "${VARIABLE}".')] = None

    def __post_init__(self) -> None:
        if (self.sha256 is None) == (self.key is None):
            raise ValueError("expected exactly one of sha256 and key")


_OneKey = Annotated[
    KeyEntry,
    Meta(
        title="exactly one of sha256 and key",
        extra_json_schema={"minProperties": 1, "not": {"type": "object", "required": ["sha256", "key"]}},
    ),
]


class Table(Strict, frozen=True, kw_only=True):
    """Which vendor answers which model, and how."""

    vendors: Annotated[dict[VendorName, VendorEntry], Meta(description="The vendors there are keys for.")] = field(
        default_factory=dict
    )
    voices: Annotated[
        dict[Text, dict[VendorName, Text]], Meta(description="Persona -> what it is called at each vendor.")
    ] = field(default_factory=dict)
    routes: Annotated[dict[Text, Route], Meta(min_length=1, description="Public model name -> targets.")]
    defaults: Defaults = field(default_factory=Defaults)
    server: Server = field(default_factory=Server)
    tasks: Tasks = field(default_factory=Tasks)
    keys: Annotated[
        dict[Text, _OneKey], Meta(description="Who may call; none: everyone, on a loopback address only.")
    ] = field(default_factory=dict)
