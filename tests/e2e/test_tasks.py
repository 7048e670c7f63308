"""Calls in the background: taken in, looked at, fetched, cancelled; and gone on with after the process has died."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.jobs import MODEL, SONG, Jobs, entry
from tests.fakes import Drip, Upstream, audio, failure, stall

SONG_CALL = {"model": "song", "input": "A waltz", "background": True}
KEYS = "keys: {alice: {key: sk-alice}, bob: {key: sk-bob}}\n"


def table(upstream: Upstream, folder: Path, more: str = "") -> str:
    vendors = {
        "rep": entry(upstream),
        "eleven": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}",
    }
    routes = {"song": [f"rep/{MODEL}"], "direct": ["eleven/music_v1"]}
    return table_of(vendors, routes, f"tasks: {{folder: '{folder}'}}\n{more}")


class Client:
    """A client of the tasks' paths."""

    def __init__(self, http: aiohttp.ClientSession, key: str = "sk-alice") -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {key}"}

    async def ask(self, method: str, path: str, **fields: Any) -> tuple[int, Any]:
        async with self._http.request(method, path, headers=self._headers, json=fields or None) as reply:
            is_json = reply.content_type == "application/json"
            return reply.status, await reply.json() if is_json else await reply.read()

    async def submit(self, **fields: Any) -> dict[str, Any]:
        status, task = await self.ask("POST", "/v1/audio/music", **{**SONG_CALL, **fields})
        assert status == 202, task
        return task

    async def show(self, task: dict[str, Any]) -> dict[str, Any]:
        return (await self.ask("GET", f"/v1/audio/tasks/{task['id']}"))[1]

    async def ended(self, task: dict[str, Any], within_s: float = 10) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            while (shown := await self.show(task))["status"] in ("queued", "running"):
                await asyncio.sleep(0.02)
        return shown


def client(router: Running, key: str = "sk-alice") -> Client:
    return Client(router.http, key)


async def test_a_song_is_made_while_nobody_waits(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """202 and an id at once; then how it stands, and its bytes."""
    jobs = Jobs(upstream, polls=2)
    router = await serve(table(upstream, tmp_path))
    alice = client(router)
    task = await alice.submit()
    assert (task["object"], task["status"], task["kind"], task["content"]) == ("audio.task", "queued", "music", None)

    done = await alice.ended(task)
    assert (done["status"], done["target"], done["error"]) == ("done", f"rep/{MODEL}", None)
    assert done["content"] == {
        "content_type": "audio/mpeg",
        "bytes": len(SONG),
        "path": f"/v1/audio/tasks/{task['id']}/content",
    }
    async with router.http.get(done["content"]["path"]) as reply:
        assert (reply.status, reply.content_type, await reply.read()) == (200, "audio/mpeg", SONG)
    assert (jobs.created, jobs.cancelled) == (1, 0)
    record = await router.record()
    assert (record.outcome, record.bytes_out, record.target) == ("ok", len(SONG), f"rep/{MODEL}")


async def test_a_route_of_the_clients_own_goes_along(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """Its chain and its bounds are kept with the call."""
    upstream.answers(audio(SONG))
    alice = client(await serve(table(upstream, tmp_path)))
    own = {"targets": ["eleven/music_v1"], "policy": "latency", "max_latency": "5s", "max_cost": 1.5}
    done = await alice.ended(await alice.submit(route=own, duration=10))

    assert (done["status"], done["target"]) == ("done", "eleven/music_v1")


async def test_its_cost_is_told(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """As settled: in the end the vendor's own seconds are priced."""
    Jobs(upstream)
    text = table(upstream, tmp_path).replace(
        f"- rep/{MODEL}", f"- {{target: rep/{MODEL}, price: {{per_compute_second: 0.5}}}}"
    )
    alice = client(await serve(text))

    assert (await alice.ended(await alice.submit()))["cost"] == {"usd": 2.0, "basis": "exact"}


async def test_a_task_is_seen_by_its_key_alone(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """To any other it does not exist: not its state, not its content, and it is not theirs to cancel."""
    Jobs(upstream)
    router = await serve(table(upstream, tmp_path, KEYS))
    alice, bob = client(router), client(router, "sk-bob")
    task = await alice.submit()
    await alice.ended(task)
    path = f"/v1/audio/tasks/{task['id']}"

    for method, where in (("GET", path), ("GET", f"{path}/content"), ("DELETE", path)):
        status, told = await bob.ask(method, where)
        assert (status, told["error"]["code"]) == (404, "task_not_found")
    assert (await client(router, "sk-nobody").ask("GET", path))[0] == 401
    assert (await alice.ask("GET", f"{path}/content"))[1] == SONG


async def test_a_cancelled_task_ends_at_the_vendor(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """And what is asked for after its end is forgotten."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    alice = client(await serve(table(upstream, tmp_path)))
    task = await alice.submit()
    await until(lambda: jobs.polled)
    path = f"/v1/audio/tasks/{task['id']}"

    status, told = await alice.ask("DELETE", path)
    assert (status, told["status"]) == (200, "cancelled")
    await until(lambda: jobs.cancelled)
    assert (await alice.ask("GET", f"{path}/content"))[1]["error"]["code"] == "task_cancelled"
    assert (await alice.ask("DELETE", path)) == (
        200,
        {"id": task["id"], "object": "audio.task.deleted", "deleted": True},
    )
    assert (await alice.ask("GET", path))[0] == 404


async def test_what_is_not_there_yet_cannot_be_fetched(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """A 409 that says how it stands."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    alice = client(await serve(table(upstream, tmp_path)))
    task = await alice.submit()
    await until(lambda: jobs.polled)

    status, told = await alice.ask("GET", f"/v1/audio/tasks/{task['id']}/content")
    assert (status, told["error"]["code"]) == (409, "task_running")
    jobs.gate.set()
    assert (await alice.ended(task))["status"] == "done"


async def test_a_failure_is_told_as_on_a_connection(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """The envelope's error, in the task; a stream that breaks off is one too, and its half is thrown away."""
    upstream.answers(failure(500))
    router = await serve(table(upstream, tmp_path))
    alice = client(router)
    failed = await alice.ended(await alice.submit(model="direct"))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "upstream_failed")

    drip = Drip()
    upstream.answers(drip)
    task = await alice.submit(model="direct")
    drip.send(b"ID3half")
    await drip.begun.wait()
    await asyncio.sleep(0.05)
    drip.abort()
    assert (await alice.ended(task))["error"]["code"] == "interrupted"
    assert [name for name in os.listdir(tmp_path) if name.startswith("task_")] == []  # noqa: PTH208


@pytest.mark.parametrize(
    ("fields", "status"), [({"model": "nothing"}, 404), ({"lyrics": "La", "model": "no/such"}, 404)]
)
async def test_what_nobody_could_answer_is_refused_at_once(
    serve: Serve, upstream: Upstream, tmp_path: Path, fields: dict[str, Any], status: int
) -> None:
    """Not in the background, where nobody looks."""
    alice = client(await serve(table(upstream, tmp_path)))

    assert (await alice.ask("POST", "/v1/audio/music", **{**SONG_CALL, **fields}))[0] == status
    assert (await alice.ask("GET", "/v1/audio/tasks/task_none"))[0] == 404
    assert not (tmp_path / "tasks.sqlite3").exists()


async def test_no_more_than_the_table_says_run_at_once(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """The others are queued, and come to their turn."""
    upstream.answers(stall)
    text = table(upstream, tmp_path).replace("tasks: {", "tasks: {at_once: 1, ")
    alice = client(await serve(text))
    first, second = await alice.submit(model="direct"), await alice.submit(model="direct")
    await until(lambda: upstream.seen)
    assert [(await alice.show(one))["status"] for one in (first, second)] == ["running", "queued"]

    upstream.answers(audio(SONG))
    await alice.ask("DELETE", f"/v1/audio/tasks/{first['id']}")
    assert (await alice.ended(second))["status"] == "done"


async def test_more_than_may_be_kept_is_a_failure(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """Told, and nothing of it stays."""
    upstream.answers(audio(SONG))
    text = table(upstream, tmp_path).replace("tasks: {", "tasks: {max_bytes: 1KB, ")
    alice = client(await serve(text))

    assert (await alice.ended(await alice.submit(model="direct")))["error"]["code"] == "too_large"


async def test_a_folder_that_cannot_be_used_is_a_503(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """It says whose setting it is; calls on a connection go on."""
    upstream.answers(audio(SONG))
    (tmp_path / "file").write_text("")
    alice = client(await serve(table(upstream, tmp_path / "file")))
    status, told = await alice.ask("POST", "/v1/audio/music", **SONG_CALL)

    assert (status, told["error"]["code"]) == (503, "tasks_unavailable")
    assert (await alice.ask("POST", "/v1/audio/music", model="direct", input="A waltz"))[0] == 200


# ------------------------------------------------------------------ processes


@asynccontextmanager
async def process(table_text: str, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, Client]]:
    """A router in a process of its own, that can be killed."""
    file = folder / "routes.yaml"
    file.write_text(table_text)
    command = [sys.executable, "-u", "-m", "router", "serve", "--config", str(file), "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    started = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert started.stdout
        line = (await started.stdout.readline()).decode()
        async with aiohttp.ClientSession(base_url=line.split("listens on ")[1].split()[0]) as http:
            yield started, Client(http)
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGKILL)
        await started.wait()


async def test_a_job_is_gone_on_with_when_the_process_is_asked_to_end(upstream: Upstream, tmp_path: Path) -> None:
    """At once by the next one, by the vendor's id: it is created once, cancelled never, and its song fetched."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    text = table(upstream, tmp_path / "state")
    async with process(text, tmp_path) as (first, alice):
        task = await alice.submit()
        await until(lambda: jobs.polled)
        first.terminate()
        await first.wait()
    jobs.gate.set()
    async with process(text, tmp_path) as (_, alice):
        assert (await alice.ended(task, within_s=5))["status"] == "done"

    assert (jobs.created, jobs.cancelled) == (1, 0)


async def test_a_job_is_gone_on_with_after_the_process_was_killed(
    upstream: Upstream, spare: Upstream, tmp_path: Path
) -> None:
    """What was just being asked for is not asked for again: nobody knows whether it is there, and the task says so."""
    jobs = Jobs(upstream)
    jobs.gate.clear()
    spare.answers(stall)
    other = f"{{like: elevenlabs, base_url: '{spare.url}', api_key: {KEY}}}"
    text = table(upstream, tmp_path / "state").replace("eleven: {", f"spare: {other}\n  eleven: {{")
    text = text.replace("- eleven/music_v1", "- spare/music_v1")
    async with process(text, tmp_path) as (first, alice):
        job, unknown = await alice.submit(), await alice.submit(model="direct")
        await until(lambda: jobs.polled and spare.seen)
        first.kill()
        await first.wait()
    jobs.gate.set()
    async with process(text, tmp_path) as (_, alice):
        assert (await alice.ended(job, within_s=20))["status"] == "done"
        assert (await alice.ask("GET", f"/v1/audio/tasks/{job['id']}/content"))[1] == SONG
        assert (await alice.ended(unknown))["error"]["code"] == "interrupted"

    assert (jobs.created, jobs.cancelled, len(spare.seen)) == (1, 0, 1)


async def test_any_process_answers_for_all(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """One takes it in, another shows it, hands it out, and cancels it."""
    jobs = Jobs(upstream)
    one, other = client(await serve(table(upstream, tmp_path))), client(await serve(table(upstream, tmp_path)))
    task = await one.submit()
    await one.ended(task)
    assert (await other.ask("GET", f"/v1/audio/tasks/{task['id']}/content"))[1] == SONG

    jobs.gate.clear()
    task = await one.submit()
    await until(lambda: jobs.created == 2)
    assert (await other.ask("DELETE", f"/v1/audio/tasks/{task['id']}"))[1]["status"] == "cancelled"
    await until(lambda: jobs.cancelled)


async def test_what_is_cancelled_before_its_turn_is_never_asked_for(
    serve: Serve, upstream: Upstream, tmp_path: Path
) -> None:
    """By another process than the one whose turn it would have been."""
    upstream.answers(stall)
    text = table(upstream, tmp_path).replace("tasks: {", "tasks: {at_once: 1, ")
    one, other = client(await serve(text)), client(await serve(text.replace("at_once: 1", "at_once: 2")))
    running = [await one.submit(model="direct"), await other.submit(model="direct"), await other.submit(model="direct")]
    waiting = [await one.submit(model="direct") for _ in range(3)]
    await until(lambda: len(upstream.seen) == 3)
    for task in waiting:
        assert (await other.ask("DELETE", f"/v1/audio/tasks/{task['id']}"))[1]["status"] == "cancelled"
    for task in running:
        await one.ask("DELETE", f"/v1/audio/tasks/{task['id']}")
    await asyncio.sleep(1.5)

    assert len(upstream.seen) == 3


async def test_more_tasks_than_may_wait_are_refused(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """A 429 that says when to come again."""
    upstream.answers(stall)
    alice = client(await serve(table(upstream, tmp_path).replace("tasks: {", "tasks: {most: 2, ")))
    for _ in range(2):
        await alice.submit(model="direct")

    assert (await alice.ask("POST", "/v1/audio/music", **SONG_CALL))[1]["error"]["code"] == "too_many_tasks"


async def test_a_folder_that_was_taken_away_is_made_again(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """What is taken in is kept, and can be looked at: nothing goes into a file that nobody sees."""
    upstream.answers(audio(SONG))
    alice = client(await serve(table(upstream, tmp_path / "state")))
    gone = await alice.submit(model="direct")
    await alice.ended(gone)
    shutil.rmtree(tmp_path / "state")

    assert (await alice.ask("GET", f"/v1/audio/tasks/{gone['id']}"))[0] == 404
    assert (await alice.ended(await alice.submit(model="direct")))["status"] == "done"


async def until(holds: Any, within_s: float = 5) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.01)
