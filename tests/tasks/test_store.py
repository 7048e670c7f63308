"""Where tasks are kept: who holds which, what survives, what goes when there is too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from router.tasks.store import Standing, Store, open_store
from router.tasks.task import DATABASE, Sent, Task
from router.vendors.spec import Interim
from router.wire.audio import MP3
from router.wire.calls import SoundCall
from router.wire.errors import Unavailable

CALL = SoundCall(kind="music", model="song", text="A waltz", format=MP3, lyrics="La.", extras={"steps": 8})


def a_task(name: str = "task_1", created_at: float = 1.0) -> Task:
    return Task(
        id=name,
        owner="alice",
        request_id="req_1",
        kind="music",
        model="song",
        call=msgspec.json.encode(CALL),
        created_at=created_at,
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    one = await open_store(tmp_path / "state")
    yield one
    await one.close()


async def test_a_task_comes_back_as_it_was(store: Store, tmp_path: Path):
    """From another process too: the call with all its fields, and what was sent for it."""
    await store.add(a_task(), "me", 10.0)
    sent = Sent("v/m", (Interim(201, {"a": "b"}, b"\x00\xff", {"id": 7}),))
    assert await store.change("task_1", "me", sent=msgspec.json.encode(sent), status="running", progress=0.5)
    other = await open_store(tmp_path / "state")
    found = await other.find("task_1")
    await other.close()

    assert found
    assert (found.to_make(), found.was_sent(), found.progress) == (CALL, sent, 0.5)
    assert await store.find("task_2") is None


async def test_nobody_else_can_read_it(store: Store, tmp_path: Path):
    """Folder and files are their owner's alone: there are lyrics in them, and audio."""
    await store.add(a_task(), "me", 10.0)
    files = [tmp_path / "state", *(tmp_path / "state").iterdir()]

    assert len(files) > 1
    assert [path.stat().st_mode & 0o077 for path in files] == [0] * len(files)


async def test_a_task_is_held_by_one(store: Store):
    """Nobody takes it while it is held; when its holder has not been heard of, one does, and one alone."""
    await store.add(a_task(), "me", until=10.0)

    assert await store.claim("other", now=9.0, until=20.0) is None
    await store.hold("me", 12.0)
    assert await store.claim("other", now=11.0, until=20.0) is None
    claimed = await store.claim("other", now=13.0, until=20.0)
    assert claimed
    assert claimed.id == "task_1"
    assert await store.claim("third", now=13.0, until=20.0) is None


async def test_what_has_ended_changes_no_more(store: Store):
    """Not its state, and nobody takes it over; who runs it is told that it is over."""
    await store.add(a_task(), "me", until=0.0)
    assert await store.cancel("task_1", 2.0)

    assert not await store.cancel("task_1", 3.0)
    assert not await store.change("task_1", "me", status="done")
    assert await store.claim("other", now=1e9, until=2e9) is None
    assert await store.standing(["task_1", "task_9"]) == {"task_1": Standing(is_active=False, holder="me")}
    assert await store.active() == 0


async def test_who_has_lost_a_task_changes_it_no_more(store: Store):
    """A process that stood still and wakes: the task is another one's."""
    await store.add(a_task(), "me", until=0.0)
    assert await store.claim("other", now=1.0, until=9.0)

    assert not await store.change("task_1", "me", sent=b"x")
    assert await store.change("task_1", "other", status="running")
    assert await store.standing(["task_1"]) == {"task_1": Standing(is_active=True, holder="other")}


async def test_many_processes_may_be_first_at_once(tmp_path: Path):
    """Nobody finds a table that is half made."""
    stores = await asyncio.gather(*(open_store(tmp_path / "new") for _ in range(16)))
    for one in stores:
        await one.close()


async def test_what_is_old_or_too_much_goes_with_its_file(store: Store):
    """First what has been kept for long enough, then the oldest, until the rest is within bounds; stray files too."""
    for number in range(5):
        name = f"task_{number}"
        await store.add(a_task(name), "me", until=0.0)
        store.content(name).write_bytes(b"x" * 100)
        await store.change(name, "me", status="done", size=100, ended_at=float(number))
    await store.add(a_task("task_active"), "me", until=0.0)
    store.unfinished("task_active", "me").write_bytes(b"half")
    store.unfinished("task_stray", "me").write_bytes(b"half")
    await store.sweep(before=1.0, max_bytes=250)

    left = [name for name in ("task_0", "task_1", "task_2", "task_3", "task_4") if await store.find(name)]
    assert left == ["task_3", "task_4"]
    assert [store.content(name).exists() for name in ("task_0", "task_2", "task_3")] == [False, False, True]
    assert store.unfinished("task_active", "me").exists()
    assert not store.unfinished("task_stray", "me").exists()


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path):
    """By its name and the reason, as a reply that says whose setting it is."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Unavailable, match=r"file.*tasks\.folder"):
        await open_store(tmp_path / "file")


async def test_a_database_that_is_none_is_told(tmp_path: Path):
    """And not overwritten."""
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 100)
    with pytest.raises(Unavailable):
        await open_store(tmp_path)

    assert (tmp_path / DATABASE).read_bytes().startswith(b"this is no database")
