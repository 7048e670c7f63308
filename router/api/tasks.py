"""`/audio/tasks/{id}`: how a task in the background stands, what came of it, and its end. JSON, on Litestar's handlers.

What may not live here: taking a task in, which is the doors' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import File
from msgspec import Struct

from router.accounts.keys import Keyring
from router.routing.pricing import Basis
from router.tasks.task import Status, Task
from router.tasks.tasks import Tasks
from router.wire.errors import NotReady

__all__ = ["ShownTask", "TaskContent", "TaskCost", "TaskGone", "shown", "task_handlers"]


class TaskCost(Struct, frozen=True):
    """US dollars, as far as is known; `basis` as in `x-router-cost-basis`."""

    usd: float | None
    basis: Basis


class TaskContent(Struct, frozen=True):
    """What came of it, and where it can be fetched."""

    content_type: str
    bytes: int
    path: str


class ShownTask(Struct, frozen=True, kw_only=True):
    """A task. `progress`: 0 to 1 where the vendor tells it; `error` as in the envelope. Times: unix seconds, in UTC."""

    id: str
    object: str = "audio.task"
    kind: str
    model: str
    status: Status
    progress: float | None
    created_at: int
    ended_at: int | None
    target: str | None
    dropped: list[str]
    cost: TaskCost
    error: Mapping[str, Any] | None
    content: TaskContent | None


class TaskGone(Struct, frozen=True, kw_only=True):
    """A task that has been forgotten, with its content."""

    id: str
    object: str = "audio.task.deleted"
    deleted: bool = True


def path_of(task_id: str) -> str:
    """Where a task is asked for."""
    return f"/v1/audio/tasks/{task_id}"


def shown(task: Task) -> ShownTask:
    """As clients see it."""
    is_done = task.status == "done"
    return ShownTask(
        id=task.id,
        kind=task.kind,
        model=task.model,
        status=task.status,
        progress=task.progress,
        created_at=int(task.created_at),
        ended_at=None if task.ended_at is None else int(task.ended_at),
        target=task.target,
        dropped=task.dropped.split(", ") if task.dropped else [],
        cost=TaskCost(task.cost_usd, task.cost_basis),
        error=task.failure(),
        content=TaskContent(task.content_type or "", task.size, f"{path_of(task.id)}/content") if is_done else None,
    )


def task_handlers(tasks: Tasks, keyring: Keyring) -> Sequence[HTTPRouteHandler]:
    """The handlers. Whose key did not make a task is told that there is none."""

    async def found(request: Request[Any, Any, Any], task_id: str) -> Task:
        owner = keyring.owner(request.headers.get("authorization"))
        return await tasks.find(task_id, owner)

    @get(["/v1/audio/tasks/{task_id:str}", "/audio/tasks/{task_id:str}"])
    async def show_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> ShownTask:
        return shown(await found(request, task_id))

    @get(["/v1/audio/tasks/{task_id:str}/content", "/audio/tasks/{task_id:str}/content"])
    async def task_content(request: Request[Any, Any, Any], task_id: FromPath[str]) -> File:
        task = await found(request, task_id)
        path = await tasks.content(task)
        if task.status != "done":
            raise NotReady(f"The task is {task.status}: there is nothing to fetch.", code=f"task_{task.status}")
        name = f"{task.id}.{task.to_make().format.codec}"
        return File(path, filename=name, media_type=task.content_type, content_disposition_type="inline")

    @delete(["/v1/audio/tasks/{task_id:str}", "/audio/tasks/{task_id:str}"], status_code=200)
    async def delete_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> Response[ShownTask | TaskGone]:
        task = await found(request, task_id)
        left = await tasks.cancel(task)
        return Response(shown(left) if left else TaskGone(id=task.id))

    return [show_task, task_content, delete_task]
