"""What is told in one turn of the loop is told together at its end, and nothing of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
import structlog.testing

from router.telemetry import CallRecord, to_all
from router.telemetry.gathering import Gathered


async def test_what_is_given_in_a_turn_is_told_at_its_end() -> None:
    """In its order, once; the next turn tells its own."""
    told: list[Sequence[int]] = []
    tell = Gathered[int](told.append)

    for turn in ([1, 2, 3], [4]):
        told.clear()
        for one in turn:
            tell(one)
        assert told == []
        await asyncio.sleep(0)
        assert told == [turn]


def test_where_no_loop_runs_it_is_told_at_once() -> None:
    """There will be no end of a turn."""
    told: list[Sequence[int]] = []
    tell = Gathered[int](told.append)

    tell(1)
    tell(2)

    assert told == [[1], [2]]


def test_what_a_loop_left_untold_is_told_by_the_next() -> None:
    """A loop that is stopped in the middle of a turn takes nothing with it."""
    told: list[Sequence[int]] = []
    tell = Gathered[int](told.append)

    def stop(loop: asyncio.AbstractEventLoop) -> None:
        tell(1)
        loop.stop()

    first = asyncio.new_event_loop()
    first.call_soon(stop, first)
    first.run_forever()
    first.close()
    assert told == []

    async def go_on() -> None:
        tell(2)
        await asyncio.sleep(0)

    asyncio.run(go_on())

    assert told == [[1, 2]]


async def test_what_a_sink_cannot_tell_costs_no_other_call_its_word() -> None:
    """Neither those of the same turn, nor the other sinks; and it is told with its reason."""
    told: list[str] = []

    def fails_at_b(record: CallRecord) -> None:
        if record.model == "b":
            raise LookupError("no such thing")
        told.append(record.model)

    tell = to_all(fails_at_b, lambda record: told.append(f"second {record.model}"))
    with structlog.testing.capture_logs() as logged:
        for model in ("a", "b", "c"):
            tell(CallRecord(f"r-{model}", "speech", model))
        await asyncio.sleep(0)

    assert told == ["a", "c", "second a", "second b", "second c"]
    assert [(one["request_id"], one["log_level"]) for one in logged] == [("r-b", "error")]


async def test_each_sink_hears_of_every_call_in_order() -> None:
    """The first sink of all of them, then the next."""
    told: list[str] = []
    tell = to_all(
        lambda record: told.append(f"first {record.model}"), lambda record: told.append(f"second {record.model}")
    )

    for model in ("a", "b"):
        tell(CallRecord("r", "speech", model))
    await asyncio.sleep(0)

    assert told == ["first a", "first b", "second a", "second b"]
