"""Whether there is anything to see to, told without the library that keeps tasks: as that would tell."""

from __future__ import annotations

from pathlib import Path

from router.tasks.glance import has_active, has_surplus
from router.tasks.store import open_store
from router.tasks.task import DATABASE
from tests.tasks.test_store import a_task

MANY = 1_000


async def test_a_task_is_active_until_it_has_ended(tmp_path: Path):
    """While the store is open in another process, and after that has closed it."""
    store = await open_store(tmp_path)
    assert not has_active(tmp_path)
    await store.add(a_task(), "me", 0.0)
    assert has_active(tmp_path)
    await store.change("task_1", "me", status="running")
    assert has_active(tmp_path)
    await store.change("task_1", "me", status="failed", ended_at=5.0)
    assert not has_active(tmp_path)
    await store.close()

    assert not has_active(tmp_path)


async def test_what_a_sweep_would_forget_is_told(tmp_path: Path):
    """What has been kept for long enough, what is too much, and files that are nobody's."""
    store = await open_store(tmp_path)
    assert not has_surplus(tmp_path, 5.0, MANY)
    await store.add(a_task(), "me", 0.0)
    assert not has_surplus(tmp_path, 5.0, MANY)
    store.content("task_1").write_bytes(b"x")
    await store.change("task_1", "me", status="done", size=100, ended_at=5.0)

    assert not has_surplus(tmp_path, 5.0, 100)
    assert has_surplus(tmp_path, 5.1, 100)
    assert has_surplus(tmp_path, 5.0, 99)
    stray = store.unfinished("task_2", "me")
    stray.write_bytes(b"half")
    assert has_surplus(tmp_path, 5.0, 100)
    await store.sweep(5.0, 100)
    assert not stray.exists()
    assert not has_surplus(tmp_path, 5.0, 100)
    await store.close()


def test_a_database_that_is_none_is_for_the_store_to_tell(tmp_path: Path):
    """What cannot be read counts as something to see to: the store says what is wrong."""
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)

    assert has_active(tmp_path)
    assert has_surplus(tmp_path, 0.0, MANY)
