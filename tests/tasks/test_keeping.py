"""What is noted of a call that goes on beyond its process, and when nothing more may be sent for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.tasks.keeping import TaskKeeper
from router.tasks.store import open_store
from router.vendors.spec import Interim
from router.wire.errors import Unavailable
from tests.tasks.test_store import a_task


async def test_each_step_is_on_disk_before_the_next(tmp_path: Path):
    """What is open, what was answered, in the end nothing; of a document its words alone, for headers hold secrets."""
    store = await open_store(tmp_path)
    task = a_task()
    await store.add(task, "me", 1e12)
    keeper = TaskKeeper(store, task, "me", lambda: False)
    await keeper.sending("v/m")
    found = await store.find("task_1")
    assert found
    assert (sent := found.was_sent())
    assert (sent.target, sent.is_open, keeper.has_job) == ("v/m", True, False)

    await keeper.answered("v/m", Interim(201, {"set-cookie": "secret"}, b'{"id":7}', {"id": 7}))
    found = await store.find("task_1")
    assert found
    assert (sent := found.was_sent())
    assert (sent.is_open, sent.answers, keeper.has_job) == (False, (Interim(201, {}, b"", {"id": 7}),), True)
    again = TaskKeeper(store, found, "me", lambda: False)
    assert (again.begun_at, again.recalled("v/m"), again.recalled("w/m")) == ("v/m", sent.answers, ())

    await keeper.failed("w/m")
    assert keeper.has_job
    await keeper.failed("v/m")
    found = await store.find("task_1")
    assert found
    assert found.was_sent() is None
    await store.close()


@pytest.mark.parametrize("how", ["lost", "cancelled"])
async def test_nothing_is_sent_for_a_task_that_is_not_ours_any_more(tmp_path: Path, how: str):
    """A process that stood still and wakes up, or a task that was cancelled: the note fails, and so the step."""
    store = await open_store(tmp_path)
    task = a_task()
    await store.add(task, "me", 0.0)
    keeper = TaskKeeper(store, task, "me", lambda: False)
    if how == "lost":
        assert await store.claim("other", 1.0, 9.0)
    else:
        assert await store.cancel("task_1", 1.0)
    with pytest.raises(Unavailable):
        await keeper.sending("v/m")

    assert keeper.recalled("v/m") == ()
    await store.close()


def test_jobs_go_on_when_the_process_ends_or_has_lost_them(tmp_path: Path):
    """And do not when their owner has cancelled them."""
    closing = False
    keeper = TaskKeeper(None, a_task(), "me", lambda: closing)  # type: ignore[arg-type]  # not asked
    assert not keeper.leaves_jobs()
    closing = True
    assert keeper.leaves_jobs()
    closing, keeper.is_lost = False, True
    assert keeper.leaves_jobs()
