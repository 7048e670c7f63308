"""What can go wrong at a vendor, in our words: one exception, many kinds.

A fault holds facts; whose fault it is and what follows from it is `routing.judge`'s opinion.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Fault", "Kind"]


class Kind(StrEnum):
    """Why an attempt failed."""

    CONNECT = "connect"  # refused, DNS, TLS, reset before an answer
    TIMEOUT = "timeout"  # the attempt's own time was over
    KEY = "key"  # our key was refused
    QUOTA = "quota"  # our account is empty
    BUSY = "busy"  # throttled: come back later
    FULL = "full"  # as many calls there as we allow ourselves
    TRY_AGAIN = "try_again"  # 408, 409, 425: nobody's fault
    INPUT = "input"  # the vendor will not take this request
    NO_MODEL = "no_model"  # the vendor does not know the model
    BLOCKED = "blocked"  # refused for its content
    FAILED = "failed"  # the vendor's own failure
    GARBLED = "garbled"  # an answer that is not what was due


class Fault(Exception):
    """One attempt's failure, before anything went out to the client (or, raised while streaming, after).

    `message` may hold the vendor's words; `status`, `code` and `param` are its own, the last where it names fields as
    OpenAI does; `retry_after_s` what it asked us to wait. `may_exist`: what was asked for is under way or done there
    all the same, so that it must not be asked for again. `is_over`: a job that has failed, by the vendor's own word.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self.may_exist = False
        self.is_over = False
