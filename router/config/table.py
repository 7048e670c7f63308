"""The routing table as structs: the one source of truth for decoding routes.yaml and for its JSON Schema.

What lives here: shapes, defaults, bounds and the words that describe them. Nothing is read or judged here.
A `title` completes the sentence "expected …" of an error; a `description` is what an editor shows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from router.config.units import Duration, Size

__all__ = ["CallTimes", "Defaults", "KeyEntry", "Route", "Server", "Table", "TargetEntry", "Times", "VendorEntry"]

_VENDOR = "[a-z0-9][a-z0-9_-]*"
_END = r"(?!\n)$"  # the end of the text, in Python and in JavaScript alike

Text = Annotated[str, Meta(min_length=1)]
VendorName = Annotated[str, Meta(title="a vendor name such as openai (a-z, 0-9, - and _)", pattern=f"^{_VENDOR}{_END}")]
TargetName = Annotated[
    str, Meta(title="a target such as openai/tts-1 (vendor/model)", pattern=rf"^{_VENDOR}/\S+{_END}")
]
BaseUrl = Annotated[
    str, Meta(title="a URL such as https://api.example.com/v1", pattern=rf"^https?://[^\s/?#]+(/[^\s?#]*)?{_END}")
]
Sha256 = Annotated[
    str, Meta(title="a SHA-256 of 64 digits 0-9 and a-f, in lower case", pattern=f"^[0-9a-f]{{64}}{_END}")
]


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _Sealed(_Strict, frozen=True):
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
    settings: dict[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    """Variables without a value: the vendor is not configured."""


class Times(_Strict, frozen=True, kw_only=True):
    """How long a call may take. What is not set falls back to the defaults, then to what is built in per kind."""

    timeout: Annotated[
        Duration | None,
        Meta(description="Bounds an attempt before the first byte to the client, the vendor's silence after it."),
    ] = None
    first_byte_timeout: Annotated[
        Duration | None, Meta(description="From the moment the vendor has the whole request to its first byte.")
    ] = None


class CallTimes(Times, frozen=True, kw_only=True):
    """Times of a whole call."""

    deadline: Annotated[
        Duration | None, Meta(description="Bounds all attempts together, up to the first byte to the client.")
    ] = None


class TargetEntry(Times, frozen=True, kw_only=True):
    """A vendor's model with settings of its own."""

    target: Annotated[TargetName, Meta(description="Vendor and model; the model may hold slashes.")]
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


class Route(_Strict, frozen=True, kw_only=True):
    """A public model name: who answers it, in which order."""

    policy: Annotated[Literal["order"], Meta(description="How targets are ordered: as they are written.")] = "order"
    targets: Annotated[
        list[TargetName | TargetEntry], Meta(min_length=1, description="vendor/model, or a mapping with more to say.")
    ]
    translate_with: Translators | None = None


class Defaults(CallTimes, frozen=True, kw_only=True):
    """What holds where a target says nothing; times flat or per kind."""

    retries: Annotated[int, Meta(ge=0, le=5, description="Further tries on the same target.")] = 0
    params: Annotated[
        Literal["lenient", "strict"],
        Meta(description="A parameter that a vendor cannot honour is dropped and named, or excludes the vendor."),
    ] = "lenient"
    translate_with: Translators | None = None
    speech: CallTimes | None = None
    transcription: CallTimes | None = None
    translation: CallTimes | None = None


class Server(_Strict, frozen=True, kw_only=True):
    """Where the router listens and how much it takes. Sizes are in bytes, 1MB = 1,048,576."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="0: any that is free.")] = 8080
    max_upload: Annotated[
        Size, Meta(description="Of the file part of an upload.", extra_json_schema={"default": "25MB"})
    ] = field(default_factory=lambda: Size(25 * 1024**2))
    max_body: Annotated[
        Size,
        Meta(
            description="Of a JSON body, and of the text fields of a form, which may hold samples of four speakers.",
            extra_json_schema={"default": "8MB"},
        ),
    ] = field(default_factory=lambda: Size(8 * 1024**2))
    max_input: Annotated[int, Meta(ge=1, description="Characters of the text to speak.")] = 100_000


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


class Table(_Strict, frozen=True, kw_only=True):
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
    keys: Annotated[
        dict[Text, _OneKey], Meta(description="Who may call; none: everyone, on a loopback address only.")
    ] = field(default_factory=dict)
