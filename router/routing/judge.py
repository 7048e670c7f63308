"""Opinion about failure, in one table: may the same target try again, who is to blame, what does the client see.

Pure. Facts about a failed attempt come as a `Fault`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from router.routing.health import Blame
from router.wire.errors import RouteExhausted
from router.wire.faults import Fault, Kind

__all__ = ["Failure", "Verdict", "exhausted", "judge", "pause_before_again"]

NOT_FOR_CLIENTS = re.compile(r"\w+://[^\s\"'<>]+|[\w-]{2,}(\.{3}|…|\*{2,})[\w-]*")
LONGEST_OBEYED_S = 60.0  # the Node SDK ignores a longer retry-after and comes back at once
PIECE_TRIES = 3
BACK_OFF_S = 0.5
LONGEST_PAUSE_S = 30.0
HOPELESS = frozenset({Kind.KEY, Kind.QUOTA, Kind.INPUT, Kind.BLOCKED, Kind.NO_MODEL})  # as hopeless in a second


class Verdict(Struct, frozen=True, gc=False):
    """May the same target be tried again, and what is held against it. The next target always may."""

    same_again: bool
    blame: Blame


VERDICTS: dict[Kind, Verdict] = {
    Kind.CONNECT: Verdict(same_again=True, blame=Blame.COUNT),
    Kind.TIMEOUT: Verdict(same_again=True, blame=Blame.COUNT),
    Kind.GARBLED: Verdict(same_again=True, blame=Blame.COUNT),
    Kind.FAILED: Verdict(same_again=True, blame=Blame.COUNT),
    Kind.TRY_AGAIN: Verdict(same_again=True, blame=Blame.NONE),
    Kind.BUSY: Verdict(same_again=False, blame=Blame.COOL),
    Kind.FULL: Verdict(same_again=False, blame=Blame.NONE),
    Kind.KEY: Verdict(same_again=False, blame=Blame.EJECT),
    Kind.QUOTA: Verdict(same_again=False, blame=Blame.EJECT),
    Kind.INPUT: Verdict(same_again=False, blame=Blame.NONE),
    Kind.BLOCKED: Verdict(same_again=False, blame=Blame.NONE),
    Kind.NO_MODEL: Verdict(same_again=False, blame=Blame.NONE),
}


class Failure(Struct, frozen=True):
    """A failed attempt: where, and what went wrong."""

    target: str
    fault: Fault


def judge(fault: Fault) -> Verdict:
    """The verdict on one failed attempt. What may have been made already is not asked for again there.

    A bare 403 may be about the model alone, so it does not eject the vendor.
    """
    if fault.kind is Kind.KEY and fault.status == 403 and fault.code is None:
        return Verdict(same_again=False, blame=Blame.REST)
    verdict = VERDICTS[fault.kind]
    return replace(verdict, same_again=False) if fault.may_exist else verdict


def pause_before_again(fault: Fault, failures: int) -> float | None:
    """Seconds before a later piece of a long text is asked for again, which no other target may speak; None: not again.

    Never sooner than the vendor says; what it will not take, or not for long, is not asked for again.
    """
    pause_s = max(fault.retry_after_s or 0.0, BACK_OFF_S * 2 ** (failures - 1))
    is_in_vain = fault.may_exist or failures >= PIECE_TRIES or fault.kind in HOPELESS or pause_s > LONGEST_PAUSE_S
    return None if is_in_vain else pause_s


def exhausted(
    failures: Sequence[Failure], *, is_direct: bool, is_late: bool, is_of_client: bool = True
) -> RouteExhausted:
    """What the client sees when every target failed (at least one did, or the deadline was over: `is_late`).

    `is_direct`: the client named `vendor/model` itself, so that an unknown model is its own mistake. `is_of_client`:
    what was asked is the client's own, and so is the mistake in it.
    """
    kinds = {failure.fault.kind for failure in failures}
    if is_late or kinds == {Kind.TIMEOUT}:
        return RouteExhausted("No vendor answered in time.", 504, code="timeout")
    if kinds <= {Kind.BUSY, Kind.FULL}:
        return _throttled(failures)
    if is_of_client and kinds <= {Kind.INPUT, Kind.BLOCKED}:
        first = failures[0]
        return RouteExhausted(
            f"{first.target}: {_for_clients(first.fault.message)}",
            400,
            code=first.fault.code,
            param=first.fault.param,
        )
    if is_direct and kinds == {Kind.NO_MODEL}:
        return RouteExhausted(
            f"{failures[0].target}: {_for_clients(failures[0].fault.message)}", 404, code="model_not_found"
        )
    hopeless = {"x-should-retry": "false"} if kinds <= HOPELESS else None
    said = "; ".join(dict.fromkeys(f"{failure.target}: {_in_general(failure.fault)}" for failure in failures))
    return RouteExhausted(f"Every vendor failed: {said}.", 502, code="upstream_failed", headers=hopeless)


def _for_clients(message: str) -> str:
    """A vendor's words without addresses, shortened keys and control characters."""
    text = NOT_FOR_CLIENTS.sub("…", message)
    return "".join(character if character.isprintable() else " " for character in text)


def _throttled(failures: Sequence[Failure]) -> RouteExhausted:
    waits = [failure.fault.retry_after_s for failure in failures if failure.fault.retry_after_s is not None]
    headers = {"retry-after": str(max(1, math.ceil(min(waits))))} if waits else {}
    if waits and min(waits) > LONGEST_OBEYED_S:
        headers["x-should-retry"] = "false"
    said = dict.fromkeys(_in_general(failure.fault) for failure in failures)
    words = " or ".join(said)
    return RouteExhausted(f"Every vendor of this route {words}.", 429, code="rate_limit_exceeded", headers=headers)


PUBLIC = {  # vendor words stay inside: they may name our account
    Kind.CONNECT: "could not be reached",
    Kind.TIMEOUT: "did not answer in time",
    Kind.KEY: "refused our credentials",
    Kind.QUOTA: "our account there is exhausted",
    Kind.BUSY: "is throttling us",
    Kind.FULL: "has as many calls as it may have",
    Kind.TRY_AGAIN: "asked to try again",
    Kind.INPUT: "does not take this request",
    Kind.BLOCKED: "does not take this content",
    Kind.NO_MODEL: "does not know the model",
    Kind.FAILED: "failed",
    Kind.GARBLED: "gave no usable answer",
}


def _in_general(fault: Fault) -> str:
    return PUBLIC[fault.kind]
