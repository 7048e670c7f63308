"""Who calls, when, with how long a text: the same for every rule.

What lives here: chance, from a seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random

from msgspec import Struct

from bench.simulate.world import DAY_S, HOURS, VOICES

__all__ = ["MEDIAN_CHARACTERS", "MOST", "Arrival", "arrivals"]

MEDIAN_CHARACTERS = 180
SPREAD = 0.8
FEWEST, MOST = 5, 4_000
HOUR_S = DAY_S / len(HOURS)


class Arrival(Struct, frozen=True, gc=False):
    """A call as it comes in: the `number` of it, when (seconds of the day), and chance from 0 to 1 for its routing."""

    number: int
    at: float
    characters: int
    voice: str
    draw: float


def arrivals(count: int, seed: int) -> Iterator[Arrival]:
    """That many calls in the order of their coming: a Poisson process as busy as `HOURS` say.

    Given how many there are, they are independent, and their order statistics are sums of exponential gaps.
    """
    voices = list(VOICES)
    chance = Random(f"{seed} calls")
    for number, at in enumerate(_times(count, seed)):
        length = chance.lognormvariate(0, SPREAD) * MEDIAN_CHARACTERS
        characters = min(max(int(length), FEWEST), MOST)
        yield Arrival(number, at, characters, voices[int(chance.random() * len(voices))], chance.random())


def _times(count: int, seed: int) -> Iterator[float]:
    """Seconds of the day, to the microsecond: what a machine's logarithm does to the last digit is cut off."""
    whole = sum(_gaps(count + 1, seed))
    ends = list(accumulate(HOURS))
    hour = 0
    for passed in accumulate(_gaps(count, seed)):
        mark = passed / whole * ends[-1]
        while mark >= ends[hour]:
            hour += 1
        yield round((hour + 1 - (ends[hour] - mark) / HOURS[hour]) * HOUR_S, 6)


def _gaps(count: int, seed: int) -> Iterator[float]:
    chance = Random(f"{seed} times")
    return (chance.expovariate(1.0) for _ in range(count))
