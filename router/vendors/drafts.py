"""What a vendor file asks for: one request, or the steps of a job, each seeing the answer to the one before.

What lives here: values, and the one loop that all jobs share. Nothing is sent from here; how steps are run is
`upstream.conversation`'s business.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from router.vendors.looking import look
from router.vendors.replies import Json
from router.wire.faults import Fault, Kind
from router.wire.upload import Inline, Upload

ENDED = frozenset({"aborted", "canceled", "cancelled", "error", "expired", "failed", "failure"})
"""State words that tell the end of a job at whichever vendor; of any other nobody knows whether it goes on."""

__all__ = [
    "Draft",
    "Interim",
    "Job",
    "Progress",
    "Steps",
    "base64_of",
    "data_url",
    "get",
    "path_of",
    "placed",
    "post",
    "put",
]

Fields = Mapping[str, Any]
NONE: Fields = {}
LONGEST_SHOWN = 64


class Progress(Struct, frozen=True):
    """How far a job is: still in the vendor's line or not, and its share (0 to 1) where the vendor tells one."""

    is_queued: bool = False
    share: float | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """A request as the vendor file states it: at most one of `json`, `form`, `body`. None values are left out.

    `url` is joined to the vendor's base, unless it is a whole address that the vendor gave. `defaults` are opinions:
    the client's own fields go over them, and both go under what the draft itself sets. `extras` says where those fields
    belong: in the `body`, the `query`, or in the member of the body that has that name; `objects` how a form spells an
    object: as one JSON text, or with a part for each `name[key]`.

    Of several steps: `after_s` is how long to wait before this one, `undo` what to ask for if nobody waits for the job
    any more, `progress` how far it is by now; `keep_s`: a look-up whose answer holds for that long, for all calls.
    """

    method: str
    url: str
    query: Fields = NONE
    headers: Mapping[str, str] = NONE
    json: Json = None
    form: Fields | None = None
    body: Upload | None = None
    defaults: Fields = NONE
    extras: str | None = "body"
    objects: str = "json"
    after_s: float = 0.0
    undo: Draft | None = None
    progress: Progress | None = None
    keep_s: float = 0.0


def post(url: str, *segments: str, **rest: Any) -> Draft:
    """A POST; each `{}` in `url` becomes one quoted path segment. Raises `Fault` (INPUT) for one that cannot be."""
    return Draft(method="POST", url=_filled(url, segments), **rest)


def put(url: str, *segments: str, **rest: Any) -> Draft:
    """A PUT, as `post`."""
    return Draft(method="PUT", url=_filled(url, segments), **rest)


def get(url: str, *segments: str, **rest: Any) -> Draft:
    """A GET, as `post`; the client's own fields are no part of it."""
    return Draft(method="GET", url=_filled(url, segments), extras=None, **rest)


def path_of(name: str) -> str:
    """A name that is a path itself, such as `owner/model`: each of its segments is quoted. Raises as `post` does."""
    return "/".join(map(_segment, name.split("/")))


def _filled(url: str, segments: tuple[str, ...]) -> str:
    if not isinstance(url, str):
        raise TypeError(f"{type(url).__name__} where an address was due")  # which a vendor named, or did not
    return url.format(*map(_segment, segments)) if segments else url


def _segment(value: str) -> str:
    if value in {"", ".", ".."} or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise Fault(Kind.INPUT, f"{value[:LONGEST_SHOWN]!r} cannot be part of an address")
    return quote(value, safe="")


def placed(fields: Fields, path: str, value: Any) -> dict[str, Any]:
    """The fields and this value at a dotted path: for tables of what a model calls our words."""
    name, _, rest = path.partition(".")
    return {**fields, name: placed(fields.get(name, {}), rest, value) if rest else value}


def base64_of(upload: Upload) -> Inline:
    """The upload inside a JSON document, in base64."""
    return Inline(upload)


def data_url(upload: Upload) -> Inline:
    """The upload inside a JSON document, as a data URL (RFC 2397)."""
    return Inline(upload, f"data:{upload.content_type};base64,")


# -------------------------------------------------------------------------- jobs


class Interim(Struct, frozen=True):
    """A whole answer on the way to the result. `json`: the document, None where the body is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Json = None

    def __getitem__(self, key: str) -> Any:
        """A member of the document, plainly: what is missing is told as a garbled answer, once."""
        return self.json[key]


Steps = Generator[Draft, Interim, Draft | Interim]
"""Yields what to ask for next, gets the answer, and returns the draft whose answer is the result, or the result itself.

Steps are made anew to go on with a job after a restart, and are then given the answers they got before: they see
nothing but the ask and these. What is no GET happens at most once.
"""


class Job(Struct, frozen=True):
    """The words in which a vendor tells of its jobs; one that is none of these is a failure, never another turn.

    `state` and `why` are paths as in `ErrorShape`, words are compared in lower case. It is asked after `every_s`
    seconds, and then ever less often, down to every `slowest_s`. `share`: where it says how far it is, and `of` what.
    `kinds`: state words of failures that are not just the vendor's own.
    """

    state: str
    running: frozenset[str]
    done: frozenset[str]
    queued: frozenset[str] = frozenset()
    why: str = "error"
    kinds: Mapping[str, Kind] = {}
    every_s: float = 1.0
    slowest_s: float = 10.0
    share: str = ""
    of: float = 100.0

    def wait(
        self, poll: Draft, *, since: Interim | None = None, undo: Draft | None = None
    ) -> Generator[Draft, Interim, Interim]:
        """Repeat `poll` until the job is done; `since` is an answer that may tell already. Raises `Fault`."""
        pause_s, answer, progress = self.every_s, since, Progress(is_queued=bool(self.queued))
        while True:
            if answer is not None:
                state = str(look(self.state, answer.json)).lower()
                if state in self.done:
                    return answer
                if state not in self.running | self.queued:
                    raise self._failed(state, answer)
                progress = Progress(state in self.queued, self._share(answer))
            answer = yield replace(poll, after_s=pause_s, undo=undo, progress=progress)
            pause_s = min(pause_s * 1.5, self.slowest_s)

    def _failed(self, state: str, answer: Interim) -> Fault:
        why = look(self.why, answer.json) or f"the job is in the state {state!r}"
        fault = Fault(self.kinds.get(state, Kind.FAILED), str(why), code=state)
        fault.is_over = state in self.kinds or state in ENDED
        return fault

    def _share(self, answer: Interim) -> float | None:
        told = look(self.share, answer.json) if self.share else None
        return min(max(told / self.of, 0.0), 1.0) if isinstance(told, int | float) else None
