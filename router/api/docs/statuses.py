"""Headers and errors of every reply, for the OpenAPI document: what each of them tells.

What lives here: words. Where they go out: `doors`, `envelopes`, `wire.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["ALWAYS", "ANONYMOUS", "ERRORS", "HEADERS", "OF_CALLS", "OF_OTHERS", "PLAIN", "UNSURE"]

Json = dict[str, Any]

HEADERS: Mapping[str, tuple[str, Json]] = {
    "x-request-id": ("Names this request in the router's log.", {"type": "string"}),
    "x-router-attempts": ("How many tries at vendors it took; 0: none was asked.", {"type": "integer", "minimum": 0}),
    "x-router-cost": (
        "US dollars for the call, as far as is known when the reply begins; the router's log has the settled figure.",
        {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
    ),
    "x-router-cost-basis": (
        "`exact`: by units that the vendor reported; `estimated`: counted here; `unpriced`: nobody knows, or not yet.",
        {"type": "string", "enum": ["exact", "estimated", "unpriced"]},
    ),
    "x-router-cache": (
        "For a route that keeps recordings: from memory, from a twin's call that was under way, or asked for anew.",
        {"type": "string", "enum": ["hit", "joined", "miss"]},
    ),
    "x-router-target": ("Who answered, as `vendor/model`.", {"type": "string"}),
    "x-router-dropped": ("What could not be honoured, separated by commas.", {"type": "string"}),
    "retry-after": ("Seconds until it is worth trying again.", {"type": "integer", "minimum": 1}),
    "x-should-retry": ("`false` where trying again is no use; the SDKs obey.", {"type": "string", "enum": ["false"]}),
    "location": ("Where the task is asked for.", {"type": "string"}),
    "allow": ("The methods that are allowed.", {"type": "string"}),
}
ALWAYS = frozenset({"x-request-id", "x-router-attempts", "x-router-cost-basis"})
OF_CALLS = (
    "x-request-id",
    "x-router-attempts",
    "x-router-cost",
    "x-router-cost-basis",
    "x-router-target",
    "x-router-dropped",
    "x-router-cache",
)
OF_OTHERS = ("x-request-id",)

ERRORS: Mapping[int, tuple[str, Sequence[str]]] = {
    400: ("The request is wrong (`param` names the field), or no vendor takes it.", ()),
    401: ("No API key, or an unknown one.", ()),
    403: ("Routes of a client's own, or `vendor/model`, are switched off here.", ()),
    404: ("No such model.", ()),
    405: ("Another method than POST.", ("allow",)),
    408: ("The rest of the body did not come, or far too slowly; the connection ends.", ("x-should-retry",)),
    409: ("It has not come to that yet, or never will: `code` says how the task stands.", ()),
    413: ("The request is too large.", ()),
    415: ("The body is neither a form nor JSON.", ()),
    429: (
        "Every vendor is throttling the router, or has as many calls as it may have.",
        ("retry-after", "x-should-retry"),
    ),
    500: ("The router itself failed.", ()),
    502: ("Every vendor failed; the message says how.", ("x-should-retry",)),
    503: (
        "The server has as many calls as it takes at once, is shutting down, or cannot keep what is in the background.",
        ("retry-after",),
    ),
    504: ("No vendor answered in time, or not while a connection can be silent.", ("x-should-retry",)),
}
PLAIN = (400, 401, 403, 404, 405, 408, 409, 413)  # of what calls no vendor
ANONYMOUS = frozenset({500})  # told by those who know nothing of the call
UNSURE = frozenset({503})  # by a door, which knows the call, or by the server, which does not
