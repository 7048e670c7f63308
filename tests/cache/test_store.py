"""Bytes within a bound: what was used last stays, behind aiocache's own interface."""

from __future__ import annotations

import asyncio

import pytest
from aiocache.lock import OptimisticLock, OptimisticLockError
from hypothesis import given
from hypothesis import strategies as st

from router.cache.store import BoundedMemoryCache


class Hand:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_set_is_got_until_its_time_is_over() -> None:
    """By the second; without a time it stays."""
    hand = Hand()
    cache = BoundedMemoryCache(1_000, clock=hand)
    await cache.set("a", b"one", ttl=10)
    await cache.set("b", b"two")

    hand.now = 9.9
    assert [await cache.get("a"), await cache.exists("a")] == [b"one", True]
    hand.now = 10
    assert [await cache.exists("a"), await cache.get("a"), await cache.get("b")] == [False, None, b"two"]
    assert cache.size_bytes == 4


async def test_a_value_that_is_too_large_is_not_kept() -> None:
    """A quarter of the bound is; and what stood there before is gone either way."""
    cache = BoundedMemoryCache(1_000)

    assert await cache.set("a", b"x" * 250)
    assert not await cache.set("a", b"x" * 251)
    assert await cache.get("a") is None


async def test_a_smaller_bound_holds_at_once() -> None:
    """A table that was read again."""
    cache = BoundedMemoryCache(1_000)
    for name in "abcd":
        await cache.set(name, b"x" * 200)
    cache.resize(410)

    assert [await cache.get(name) is not None for name in "abcd"] == [False, False, True, True]


async def test_the_interface_is_aiocaches() -> None:
    """Add, delete, expire, clear, several at once: as its own memory cache does them."""
    hand = Hand()
    cache = BoundedMemoryCache(1_000, clock=hand)
    await cache.multi_set([("a", b"1"), ("b", b"2")])

    assert await cache.multi_get(["a", "b", "c"]) == [b"1", b"2", None]
    with pytest.raises(ValueError, match="already exists"):
        await cache.add("a", b"3")
    assert await cache.add("c", b"3")
    assert await cache.delete("c") == 1
    assert await cache.delete("c") == 0
    assert await cache.expire("a", 5)
    assert not await cache.expire("zz", 5)
    hand.now = 6
    assert await cache.get("a") is None
    assert await cache.clear()
    assert (await cache.get("b"), cache.size_bytes) == (None, 0)


async def test_of_two_who_change_a_value_at_once_the_second_is_told() -> None:
    """By aiocache's own optimistic lock."""
    cache = BoundedMemoryCache(1_000)
    await cache.set("a", b"1")

    async with OptimisticLock(cache, "a") as lock:
        assert await lock.cas(b"2")
        with pytest.raises(OptimisticLockError):
            await lock.cas(b"3")
    assert await cache.get("a") == b"2"


async def test_a_namespace_is_cleared_alone() -> None:
    """Keys of others stay."""
    cache = BoundedMemoryCache(1_000)
    await cache.set("k", b"1", namespace="mine:")
    await cache.set("k", b"2", namespace="other:")
    await cache.clear(namespace="mine:")

    assert [await cache.get("k", namespace=name) for name in ("mine:", "other:")] == [None, b"2"]
    assert cache.size_bytes == len("other:k") + 1


@given(
    st.lists(st.tuples(st.text("aé", min_size=1, max_size=3), st.none() | st.integers(0, 400)), max_size=60),
    st.integers(50, 1_000),
)
def test_the_bound_holds_and_the_last_used_survive(steps: list[tuple[str, int | None]], bound: int) -> None:
    """Keys and values together are never more than the bound, and who leaves is who was used longest ago.

    A number sets that many bytes, None reads.
    """

    async def run() -> None:
        cache = BoundedMemoryCache(bound)
        used: dict[str, int] = {}  # as a plain list would do it, the last used at its end
        for name, size in steps:
            if size is None:
                is_there = await cache.get(name) is not None
                assert is_there == (name in used)
                if is_there:
                    used[name] = used.pop(name)
                continue
            used.pop(name, None)
            if await cache.set(name, b"x" * size):
                used[name] = len(name.encode()) + size
            assert (name in used) == (size <= bound // 4)
            while sum(used.values()) > bound:
                del used[next(iter(used))]
            assert cache.size_bytes == sum(used.values())
        assert {name for name in {name for name, _ in steps} if await cache.exists(name)} == set(used)

    asyncio.run(run())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.floats(0.1, 9), st.floats(0, 5)), max_size=40))
def test_nothing_is_given_back_after_its_time(steps: list[tuple[str, float | None, float]]) -> None:
    """Whatever is set and read in between; a number of seconds sets, None reads."""

    async def run() -> None:
        hand = Hand()
        cache = BoundedMemoryCache(1_000, clock=hand)
        until: dict[str, float] = {}
        for name, ttl_s, pause_s in steps:
            hand.now += pause_s
            if ttl_s is None:
                assert (await cache.get(name) is not None) == (hand.now < until.get(name, 0))
            else:
                await cache.set(name, b"x", ttl=ttl_s)
                until[name] = hand.now + ttl_s

    asyncio.run(run())
