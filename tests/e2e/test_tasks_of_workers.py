"""Tasks in the background, seen to by several workers of one server: each by one of them, asked for by any."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import aiohttp

from tests.e2e.jobs import SONG, Jobs
from tests.e2e.test_tasks import Client, process, table, until
from tests.fakes import Upstream
from tests.processes import RouterProcess, children, router_process

START_S = 30


class Newcomer(Client):
    """A client that comes over a connection of its own each time, and so to whichever worker takes it."""

    def __init__(self, router: RouterProcess, http: aiohttp.ClientSession) -> None:
        super().__init__(http)
        self.router = router

    async def ask_only(self, worker: int, method: str, path: str) -> tuple[int, object]:
        """Ask while the other workers stand still."""
        others = [pid for pid in children(self.router.pid) if pid != worker]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            return await self.ask(method, path)
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)


def over_new_connections(router: RouterProcess) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(router.url, connector=aiohttp.TCPConnector(force_close=True))


async def both(router: RouterProcess, alice: Newcomer) -> tuple[int, int]:
    """The two workers, once each has answered."""
    await until(lambda: len(children(router.pid)) == 2, START_S)
    first, second = children(router.pid)
    for worker in (first, second):
        await alice.ask_only(worker, "GET", "/health/live")
    return first, second


async def submitted_to(worker: int, alice: Newcomer) -> dict[str, object]:
    others = [pid for pid in children(alice.router.pid) if pid != worker]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    task = await alice.submit()
    for pid in others:
        os.kill(pid, signal.SIGCONT)
    return task


async def test_a_worker_that_dies_leaves_its_job_to_another(upstream: Upstream, tmp_path: Path) -> None:
    """Taken over once, by the vendor's id: created once, cancelled never, and its song fetched."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    text = table(upstream, tmp_path / "state")
    async with router_process(text, tmp_path, "--workers", "2") as router, over_new_connections(router) as http:
        alice = Newcomer(router, http)
        first, _ = await both(router, alice)
        task = await submitted_to(first, alice)
        await until(lambda: jobs.polled, START_S)
        os.kill(first, signal.SIGKILL)
        jobs.gate.set()
        assert (await alice.ended(task, within_s=START_S))["status"] == "done"
        assert (await alice.ask("GET", f"/v1/audio/tasks/{task['id']}/content"))[1] == SONG
        taken = router.events("task taken over")

    assert (jobs.created, jobs.cancelled) == (1, 0)
    assert [event["task"] for event in taken] == [task["id"]]


async def test_a_task_is_shown_and_cancelled_by_whoever_is_asked(upstream: Upstream, tmp_path: Path) -> None:
    """The one that sees to it hears of it, and takes the job back at the vendor."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    text = table(upstream, tmp_path / "state")
    async with router_process(text, tmp_path, "--workers", "2") as router, over_new_connections(router) as http:
        alice = Newcomer(router, http)
        first, second = await both(router, alice)
        task = await submitted_to(first, alice)
        await until(lambda: jobs.polled, START_S)
        path = f"/v1/audio/tasks/{task['id']}"
        shown, cancelled = [await alice.ask_only(second, method, path) for method in ("GET", "DELETE")]
        await until(lambda: jobs.cancelled, START_S)
        after = await alice.show(task)

    assert shown[1]["id"] == task["id"]
    assert cancelled[1]["status"] == "cancelled"
    assert after["status"] == "cancelled"
    assert jobs.created == 1


async def test_what_is_found_at_the_start_is_gone_on_with_once(upstream: Upstream, tmp_path: Path) -> None:
    """Several workers find the tasks of a process that was killed; each task is taken by one of them."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    text = table(upstream, tmp_path / "state")
    async with process(text, tmp_path) as (before, alice):
        tasks = [await alice.submit() for _ in range(6)]
        await until(lambda: jobs.created == 6 and jobs.polled >= 6, START_S)
        before.kill()
        await before.wait()
    jobs.gate.set()
    async with router_process(text, tmp_path, "--workers", "3") as router, over_new_connections(router) as http:
        for task in tasks:
            assert (await Newcomer(router, http).ended(task, within_s=START_S))["status"] == "done"
        taken = Counter(event["task"] for event in router.events("task taken over"))

    assert (jobs.created, jobs.cancelled) == (6, 0)
    assert taken == {task["id"]: 1 for task in tasks}
