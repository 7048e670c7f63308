"""One production for all who ask for the same; kept when it is whole, ended when nobody listens any more."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from tempfile import SpooledTemporaryFile

import pytest
import structlog
from structlog.testing import capture_logs

from router.cache import recordings as module
from router.cache.recordings import Listening, Recordings
from router.cache.store import BoundedMemoryCache
from router.wire.faults import Fault, Kind

TTL_S = 60.0


class Studio:
    """Produces by a script of chunks; None waits until `go` is set, a fault is raised. Counts what is open."""

    def __init__(self, *script: bytes | Fault | None) -> None:
        self.script = script
        self.go = asyncio.Event()
        self.productions = 0
        self.open = 0
        self.made = 0

    async def produce(self, held: AsyncExitStack) -> AsyncIterator[bytes]:
        self.productions += 1
        self.open += 1
        held.callback(self._closed)
        await asyncio.sleep(0)
        return self._chunks()

    def _closed(self) -> None:
        self.open -= 1

    async def _chunks(self) -> AsyncIterator[bytes]:
        for step in self.script:
            if step is None:
                await self.go.wait()
            elif isinstance(step, Fault):
                raise step
            else:
                self.made += len(step)
                yield step


def recordings(max_bytes: int = 1_000_000) -> Recordings:
    store = BoundedMemoryCache(max_bytes)
    return Recordings(store, lambda: store.largest)


async def whole(listening: Listening) -> bytes:
    return b"".join([chunk async for chunk in listening.chunks()])


async def hear(kept: Recordings, studio: Studio, key: str = "k") -> tuple[str, bytes]:
    async with kept.listening(key, TTL_S, studio.produce) as listening:
        return listening.how, await whole(listening)


async def settled() -> None:
    """Let everything that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
async def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """No task and no file outlives a test."""
    spools: list[SpooledTemporaryFile[bytes]] = []

    class Spool(SpooledTemporaryFile):
        def __init__(self, max_size: int) -> None:
            super().__init__(max_size=max_size)
            spools.append(self)

    monkeypatch.setattr(module, "SpooledTemporaryFile", Spool)
    yield
    await settled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert spools
    assert all(spool.closed for spool in spools)


async def test_what_was_heard_to_its_end_is_not_produced_again() -> None:
    """A miss, then hits; another key is another recording."""
    kept, studio = recordings(), Studio(b"one", b"two")

    assert await hear(kept, studio) == ("miss", b"onetwo")
    await settled()
    assert await hear(kept, studio) == ("hit", b"onetwo")
    assert await hear(kept, studio, "other") == ("miss", b"onetwo")
    assert (studio.productions, studio.open) == (2, 0)


async def test_a_hit_comes_as_a_stream() -> None:
    """In pieces, whatever the pieces were that it was made of."""
    kept, studio = recordings(), Studio(b"x" * 200_000)
    await hear(kept, studio)
    await settled()

    async with kept.listening("k", TTL_S, studio.produce) as listening:
        assert listening.how == "hit"
        assert [len(chunk) async for chunk in listening.chunks()] == [65_536, 65_536, 65_536, 3_392]


async def test_twins_share_one_production() -> None:
    """Whoever comes later hears it from its beginning."""
    kept, studio = recordings(), Studio(b"one", None, b"two")

    first = asyncio.create_task(hear(kept, studio))
    await settled()
    second = asyncio.create_task(hear(kept, studio))
    await settled()
    studio.go.set()

    assert await first == ("miss", b"onetwo")
    assert await second == ("joined", b"onetwo")
    assert studio.productions == 1


async def test_the_moment_between_end_and_keeping_loses_no_twin() -> None:
    """At every turn of the loop a newcomer is a twin or a hit; nothing is produced twice."""
    kept, studio = recordings(), Studio(b"one")
    hows = []

    first = asyncio.create_task(hear(kept, studio))
    for _ in range(40):
        await asyncio.sleep(0)
        hows.append(asyncio.create_task(hear(kept, studio)))

    assert (await first)[1] == b"one"
    heard = await asyncio.gather(*hows)
    assert {sound for _, sound in heard} == {b"one"}
    assert {how for how, _ in heard} == {"joined", "hit"}
    assert studio.productions == 1


class Far(BoundedMemoryCache):
    """A store whose answers are under way for a while: the first for many turns of the loop, later ones for few."""

    def __init__(self, *turns: int) -> None:
        super().__init__(1_000_000)
        self.turns = [*turns]

    async def _get(self, key: str, encoding: str | None = None, _conn: object = None) -> bytes | None:
        value = await super()._get(key, encoding)
        for _ in range(self.turns.pop(0) if self.turns else 0):
            await asyncio.sleep(0)
        return value


@pytest.mark.parametrize("turns", [0, 5, 10, 20, 40, 80])
async def test_a_store_that_is_far_away_loses_no_twin(turns: int) -> None:
    """An old "not here" that comes late does not begin a second production."""
    kept, studio = Recordings(Far(turns), lambda: 1_000), Studio(b"one")

    twins = []
    for _ in range(100):
        twins.append(asyncio.create_task(hear(kept, studio)))
        await asyncio.sleep(0)

    heard = await asyncio.gather(*twins)
    assert {sound for _, sound in heard} == {b"one"}
    assert [how for how, _ in heard].count("miss") == studio.productions == 1


@pytest.mark.parametrize("turns", range(12))
async def test_who_comes_when_the_last_has_just_left_hears_all(turns: int) -> None:
    """However long that one stayed after the end: a twin as long as it is being kept, then a hit."""
    kept, studio = recordings(), Studio(b"one")

    async with kept.listening("k", TTL_S, studio.produce) as listening:
        assert await whole(listening) == b"one"
        for _ in range(turns):
            await asyncio.sleep(0)
    how, sound = await hear(kept, studio)

    assert (how in {"joined", "hit"}, sound, studio.productions) == (True, b"one", 1)


async def test_a_recording_is_kept_as_long_as_the_route_says() -> None:
    """Then it is produced anew."""
    now = 0.0
    kept, studio = Recordings(BoundedMemoryCache(1_000, clock=lambda: now), lambda: 1_000), Studio(b"one")

    hows = []
    for now in (0.0, TTL_S - 1, TTL_S):  # noqa: B007 - the clock reads it
        hows.append((await hear(kept, studio))[0])
        await settled()
    assert hows == ["miss", "hit", "miss"]


async def test_a_slow_twin_holds_nobody_back() -> None:
    """Who reads fast hears everything while the other has read one chunk; the slow one misses nothing."""
    chunks = [bytes([number]) * 100_000 for number in range(100)]  # 10 MB: beyond what may be ahead
    kept, studio = recordings(), Studio(*chunks)

    async with kept.listening("k", TTL_S, studio.produce) as slow:
        pieces = slow.chunks()
        first = await anext(pieces)
        async with kept.listening("k", TTL_S, studio.produce) as fast:
            assert await whole(fast) == b"".join(chunks)
        rest = b"".join([chunk async for chunk in pieces])

    assert first + rest == b"".join(chunks)
    assert studio.productions == 1


async def test_a_slow_reader_does_not_let_a_vendor_pour_out_all() -> None:
    """The production is never further ahead of the fastest than the bound, but so far it does go."""
    step = 100_000
    kept, studio = recordings(), Studio(*[b"x" * step] * 200)

    async with (
        kept.listening("k", TTL_S, studio.produce) as slow,
        kept.listening("k", TTL_S, studio.produce) as fast,
    ):
        await anext(slow.chunks())
        read = 0
        async for chunk in fast.chunks():
            read += len(chunk)
            await settled()
            assert 0 <= studio.made - read <= module.MOST_AHEAD_BYTES + step
            if read == module.STEP_BYTES:
                for _ in range(100):
                    await settled()
                assert studio.made - read > module.MOST_AHEAD_BYTES
        assert read == studio.made == 200 * step


async def test_who_is_left_behind_by_a_fast_twin_hears_the_rest() -> None:
    """The production waits for the slow one, when the fast one has left, and goes on with it."""
    chunks = [bytes([number]) * 100_000 for number in range(100)]
    kept, studio = recordings(), Studio(*chunks)

    async with kept.listening("k", TTL_S, studio.produce) as slow:
        async with kept.listening("k", TTL_S, studio.produce) as fast:
            async for _ in fast.chunks():
                if studio.made > 6_000_000:
                    break
        for _ in range(100):
            await settled()
        assert studio.made < 10_000_000
        assert await whole(slow) == b"".join(chunks)


async def test_the_vendors_call_ends_when_the_last_listener_has_left() -> None:
    """Not when the one who began it has; nothing is kept, and the next call starts anew."""
    kept, studio = recordings(), Studio(b"one", None)

    async with AsyncExitStack() as second, AsyncExitStack() as first:
        one = await first.enter_async_context(kept.listening("k", TTL_S, studio.produce))
        await anext(one.chunks())
        other = await second.enter_async_context(kept.listening("k", TTL_S, studio.produce))
        await first.aclose()
        assert (other.how, studio.open) == ("joined", 1)
        assert await anext(other.chunks()) == b"one"
        await second.aclose()
        assert studio.open == 0

    studio.go.set()
    assert await hear(kept, studio) == ("miss", b"one")


async def test_who_began_it_may_run_out_of_time() -> None:
    """The production has no time but its own: a twin hears it to its end."""
    kept, studio = recordings(), Studio(b"one", None, b"two")
    patience = asyncio.timeout(None)

    async def impatient() -> None:
        async with patience:
            await hear(kept, studio)

    starter = asyncio.create_task(impatient())
    await settled()
    twin = asyncio.create_task(hear(kept, studio))
    await settled()
    patience.reschedule(0)
    with pytest.raises(TimeoutError):
        await starter
    studio.go.set()

    assert (await twin, studio.productions) == (("joined", b"onetwo"), 1)


async def test_who_is_cancelled_twice_does_not_break_off_the_closing() -> None:
    """The vendor's call is closed in order, whoever is in a hurry."""
    closing, is_closed = asyncio.Event(), asyncio.Event()

    async def close() -> None:
        await closing.wait()
        is_closed.set()

    async def produce(held: AsyncExitStack) -> AsyncIterator[bytes]:
        held.push_async_callback(close)
        return Studio(b"one", None)._chunks()

    kept = recordings()

    async def listen() -> None:
        async with kept.listening("k", TTL_S, produce) as listening:
            await whole(listening)

    listener = asyncio.create_task(listen())
    for _ in range(2):
        await settled()
        listener.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listener
    assert await hear(kept, Studio(b"new")) == ("miss", b"new")
    closing.set()
    await asyncio.wait_for(is_closed.wait(), 1)


async def test_the_vendors_call_ends_within_a_turn_or_two() -> None:
    """Of the loop: as soon as the last listener is cancelled."""
    kept, studio = recordings(), Studio(b"one", None)
    listener = asyncio.create_task(hear(kept, studio))
    await settled()

    listener.cancel()
    for _ in range(2):
        await asyncio.sleep(0)
    assert studio.open == 0
    await asyncio.gather(listener, return_exceptions=True)


@pytest.mark.parametrize("script", [(Fault(Kind.FAILED, "no"),), (b"one", None, Fault(Kind.FAILED, "no"))], ids=str)
async def test_a_failure_reaches_all_and_keeps_nothing(script: tuple[bytes | Fault | None, ...]) -> None:
    """Before the first byte or in the middle; the next call starts anew."""
    kept, studio = recordings(), Studio(*script)
    twins = [asyncio.create_task(hear(kept, studio)) for _ in range(3)]
    await settled()
    studio.go.set()

    outcomes = await asyncio.gather(*twins, return_exceptions=True)

    assert [str(outcome) for outcome in outcomes] == ["no"] * 3
    assert (studio.productions, studio.open) == (1, 0)
    with pytest.raises(Fault):
        await hear(kept, studio)
    assert studio.productions == 2


async def test_a_production_that_cannot_begin_is_told() -> None:
    """The stack's things are closed all the same."""
    closed = []

    async def fail(held: AsyncExitStack) -> AsyncIterator[bytes]:
        held.callback(closed.append, True)
        raise Fault(Kind.CONNECT, "refused")

    with pytest.raises(Fault, match="refused"):
        async with recordings().listening("k", TTL_S, fail) as listening:
            await whole(listening)
    assert closed == [True]


async def test_what_is_too_large_is_heard_and_not_kept() -> None:
    """It would push out everything else; a table that was read again may say otherwise."""
    largest = 1_000
    kept, studio = Recordings(BoundedMemoryCache(1_000_000), lambda: largest), Studio(b"x" * 1_001)

    hows = []
    for largest in (1_000, 1_001, 1_001):  # noqa: B007 - the recordings read it
        hows.append((await hear(kept, studio))[0])
        await settled()
    assert hows == ["miss", "miss", "hit"]


async def test_nothing_is_heard_after_the_context() -> None:
    """A stream that was left in the middle is over."""
    kept, studio = recordings(), Studio(b"one", b"two")

    async with kept.listening("k", TTL_S, studio.produce) as listening:
        await anext(listening.chunks())
    with pytest.raises(StopAsyncIteration):
        await anext(listening.chunks())


async def test_a_closing_that_fails_when_nobody_listens_is_no_noise() -> None:
    """The loop has no exception left that nobody asked for."""
    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: noise.append(context))

    async def produce(held: AsyncExitStack) -> AsyncIterator[bytes]:
        held.callback(lambda: 1 // 0)
        return Studio(b"one", None)._chunks()

    async with recordings().listening("k", TTL_S, produce) as listening:
        assert await anext(listening.chunks()) == b"one"
    await settled()
    gc.collect()
    assert not noise


class Broken(BoundedMemoryCache):
    """A store that is down, or that does not answer in its own time."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__(1_000_000, timeout=0.05)
        self.hangs = hangs

    async def _get(self, key, encoding=None, _conn=None):
        if self.hangs:
            await asyncio.sleep(30)
        raise ConnectionError("down")

    async def _set(self, key, value, ttl=None, _cas_token=None, _conn=None):
        return await self._get(key)


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_broken_store_breaks_no_call(hangs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is then produced, nobody waits for the store at its end, and the log says so."""
    monkeypatch.setattr(
        module, "_log", structlog.get_logger()
    )  # a used one keeps the processors it was first used with
    kept, studio = Recordings(Broken(hangs=hangs), lambda: 1_000), Studio(b"one")

    with capture_logs() as logs:
        for _ in range(2):
            assert await hear(kept, studio) == ("miss", b"one")
            while kept._productions:
                await asyncio.sleep(0.01)

    told = ["recording not looked up", "recording not kept"] * 2
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [(event, "warning") for event in told]


class Slow(BoundedMemoryCache):
    """A store that takes its time to keep something: until `go` is set."""

    def __init__(self) -> None:
        super().__init__(1_000_000, timeout=None)
        self.go = asyncio.Event()

    async def _set(self, key, value, ttl=None, _cas_token=None, _conn=None):
        await self.go.wait()
        return await super()._set(key, value, ttl)


async def test_nobody_waits_until_a_recording_is_kept() -> None:
    """Who has heard it has its end; who comes meanwhile hears it without the store."""
    store, studio = Slow(), Studio(b"one")
    kept = Recordings(store, lambda: 1_000)

    assert await hear(kept, studio) == ("miss", b"one")
    await settled()
    assert await hear(kept, studio) == ("joined", b"one")
    store.go.set()
    await settled()
    assert (await hear(kept, studio), studio.productions) == (("hit", b"one"), 1)


@pytest.mark.parametrize("turns", range(12))
async def test_who_leaves_while_the_store_is_asked_takes_nobody_along(turns: int) -> None:
    """The look-up is shared, and goes on for those who stay."""
    kept, studio = Recordings(Far(10), lambda: 1_000), Studio(b"one")

    leaving = asyncio.create_task(hear(kept, studio))
    await asyncio.sleep(0)
    staying = asyncio.create_task(hear(kept, studio))
    for _ in range(turns):
        await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == ("joined", b"one")
    assert studio.productions == 1
    await asyncio.gather(leaving, return_exceptions=True)


@pytest.mark.parametrize("turns", range(25))
async def test_a_listener_that_leaves_at_any_moment_leaves_nothing_behind(turns: int) -> None:
    """No task, nothing open, and the next call hears everything."""
    kept, studio = recordings(), Studio(b"one", b"two", b"three")

    leaving = asyncio.create_task(hear(kept, studio))
    for _ in range(turns):
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await settled()

    assert studio.open == 0
    assert not kept._productions
    assert (await hear(kept, studio))[1] == b"onetwothree"
