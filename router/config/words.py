"""The small types that the table is written with: texts, names, figures.

What lives here: their bounds and the words for them. A `title` completes the sentence "expected …" of an error.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

__all__ = [
    "BaseUrl",
    "Dollars",
    "HostPattern",
    "Origin",
    "Positive",
    "Sha256",
    "Strict",
    "TargetName",
    "Text",
    "VendorName",
]

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
HostPattern = Annotated[
    str,
    Meta(
        title="a host such as cdn.example.com, or *.example.com for all below it",
        pattern=rf"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+{_END}",
    ),
]
Origin = Annotated[
    str,
    Meta(
        title="an origin such as https://app.example.com (scheme://host[:port] as browsers say it: lower case, no "
        "path, no default port; not *, with which every page could spend your vendors' money)",
        pattern=r"^(?!https://[^:]*:443$)(?!http://[^:]*:80$)"
        rf"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{{0,4}})?{_END}",
    ),
]
Sha256 = Annotated[
    str, Meta(title="a SHA-256 of 64 digits 0-9 and a-f, in lower case", pattern=f"^[0-9a-f]{{64}}{_END}")
]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
Positive = Annotated[float, Meta(gt=0, le=1_000_000, title="a number above 0, at most 1000000")]


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the table: named fields, and no others."""
