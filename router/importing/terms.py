"""What an entry of LiteLLM's `model_list` says of its own: price, time, calls at once; and how such values are written.

What lives here: LiteLLM's words for these, and the table's. Which vendor an entry means is `deployments`'. No remark
holds a value of the file: it may be a secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from router.config.problems import Place, Problem, Source

__all__ = [
    "SHARES",
    "Entry",
    "Remarks",
    "calls_of",
    "duration_of",
    "environment_name",
    "number_of",
    "shares_of",
    "terms_of",
    "tidy",
]

SHARES = ("weight", "rpm", "tpm")
MOST_DOLLARS = 1_000_000
MOST_CALLS = 100_000
PRICES = {  # the first that is said wins: it tells what is billed
    "input_cost_per_character": "per_1m_characters",
    "input_cost_per_audio_token": "per_1m_input_audio_tokens",
    "input_cost_per_token": "per_1m_input_tokens",
    "output_cost_per_audio_token": "per_1m_output_tokens",
    "output_cost_per_token": "per_1m_output_tokens",
    "input_cost_per_second": "per_second",
    "output_cost_per_second": "per_second",
}
READ = {
    "litellm_params": frozenset(
        {
            *("model", "custom_llm_provider", "api_key", "api_base", "base_url", "litellm_credential_name"),
            *("timeout", "max_parallel_requests", "weight", "order", *PRICES),
        }
    ),
    "model_info": frozenset({"mode", "id", *PRICES}),
}
NO_LIMITS = "no rate limits here: a vendor's 429 moves the call on to the next target; it counts as a share at most"
ADVICE = {
    "rpm": NO_LIMITS,
    "tpm": NO_LIMITS,
    "stream_timeout": "not carried over; a target's first_byte_timeout is the nearest",
    "max_retries": "not carried over; retries are said once, as defaults.retries",
    "num_retries": "not carried over; retries are said once, as defaults.retries",
    "max_file_size_mb": "not carried over; server.max_upload bounds all uploads",
    "extra_body": "not carried over; a target's options are sent with every call",
    "base_model": "not carried over; a target says its own price",
}
_Value = TypeVar("_Value")
_VARIABLE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)\Z")


class Entry(Struct, frozen=True):
    """An entry of the list. `place`: where it stands; `params` and `info`: what it says, its credentials filled in.

    `rest`: what else stands beside them.
    """

    place: Place
    name: str
    params: Mapping[str, Any]
    info: Mapping[str, Any]
    rest: Sequence[str] = ()


class Remarks:
    """Collects what the user has to know, each remark at its place."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems: list[Problem] = []

    def tell(self, place: Place, message: str) -> None:
        self._problems.append(self._source.problem(place, message))

    def all(self) -> tuple[Problem, ...]:
        """In the order of the file, each once."""
        return tuple(sorted(dict.fromkeys(self._problems), key=lambda problem: problem.line))


def terms_of(entry: Entry, remarks: Remarks) -> dict[str, Any]:
    """Price, timeout and concurrency as a target writes them; a remark on each thing that is not carried over."""
    for section, fields in (("litellm_params", entry.params), ("model_info", entry.info)):
        for name, value in fields.items():
            is_meant = value is not None and (name, value) != ("drop_params", True)  # that is how it is here
            if is_meant and name not in READ[section]:
                remarks.tell((*entry.place, section, name), ADVICE.get(name, "not carried over"))
    for name in entry.rest:
        remarks.tell((*entry.place, name), "not carried over")
    terms = {
        "price": _price(entry, remarks),
        "timeout": _read(entry, "timeout", duration_of, "a number of seconds", remarks),
        "concurrency": _read(entry, "max_parallel_requests", calls_of, "a whole number from 1", remarks),
    }
    return {name: value for name, value in terms.items() if value}


def shares_of(entry: Entry, remarks: Remarks) -> dict[str, float]:
    """What may decide about its share of the calls: weight, rpm, tpm."""
    shares = {name: _read(entry, name, number_of, "a number from 0", remarks) for name in SHARES}
    return {name: share for name, share in shares.items() if share is not None}


def _read(
    entry: Entry, name: str, read: Callable[[object], _Value | None], expected: str, remarks: Remarks
) -> _Value | None:
    written = entry.params.get(name)
    value = read(written)
    if written is not None and value is None:
        remarks.tell((*entry.place, "litellm_params", name), f"not carried over: expected {expected}")
    return value


def _price(entry: Entry, remarks: Remarks) -> dict[str, float]:
    """What the entry costs. Of several bases LiteLLM picks one by the answer; here one is billed, whatever comes."""
    stated: dict[str, float] = {}
    figures = dict(_figures(entry, remarks))
    if figures and not any(figures.values()):
        return {"per_request": 0}
    costs = {name: figure for name, figure in figures.items() if figure}
    basis = next((_basis(name) for name in costs), "")
    for name, figure in costs.items():
        word = PRICES[name]
        if word == "per_1m_input_tokens" and "input_cost_per_audio_token" in costs:
            word = "per_1m_input_text_tokens"
        dollars = tidy(figure * (1 if _basis(name) == "second" else 1_000_000))
        if _basis(name) != basis or stated.get(word, dollars) != dollars:
            remarks.tell(_where(entry, name), f"left out: already billed by {' and '.join(stated)}")
        elif dollars > MOST_DOLLARS:
            remarks.tell(_where(entry, name), f"not carried over: {word} is at most {MOST_DOLLARS}")
        else:
            stated[word] = dollars
    return stated


def _figures(entry: Entry, remarks: Remarks) -> Iterator[tuple[str, float]]:
    for name in PRICES:
        first, second = entry.params.get(name), entry.info.get(name)
        value = second if first is None else first
        if first is not None and second not in (None, first):
            remarks.tell((*entry.place, "model_info", name), "left out: litellm_params says so, too, and goes first")
        if value is not None and (figure := number_of(value)) is not None:
            yield name, figure
        elif value is not None:
            remarks.tell(_where(entry, name), "not carried over: expected a number of dollars from 0")


def _basis(name: str) -> str:
    return name.rpartition("_")[2]


def _where(entry: Entry, name: str) -> Place:
    return (*entry.place, "model_info" if entry.params.get(name) is None else "litellm_params", name)


def environment_name(value: object) -> str | None:
    """The variable of `os.environ/NAME`; None for anything else."""
    match = _VARIABLE.match(value) if isinstance(value, str) else None
    return match[1] if match else None


def number_of(value: object) -> float | None:
    """A figure from 0, also one in quotes, as LiteLLM takes it; None for anything else."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def tidy(figure: float) -> float:
    """A figure as people write it: nine digits at most, and no .0."""
    short = float(f"{figure:.9g}")
    return int(short) if short.is_integer() else short


def calls_of(value: object) -> int | None:
    """How many calls at once; None for what is no such number."""
    number = number_of(value)
    return int(number) if number and number.is_integer() and number <= MOST_CALLS else None


def duration_of(value: object) -> str | None:
    """Seconds as a table writes them; None for what is no such time."""
    number = number_of(value) or 0.0
    return f"{f'{number:.9f}'.rstrip('0').rstrip('.')}s" if 1e-9 <= number < 1e9 else None
