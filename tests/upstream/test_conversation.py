"""Steps of a job: created once, polled with patience, taken back when nobody waits; each as the vendor sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from router.upstream import conversation
from router.upstream.conversation import Conversations
from router.upstream.keeping import NOBODY, Course, Keeper, Stage
from router.upstream.talk import Side
from router.upstream.transport import Outgoing, Patience, Response
from router.vendors.spec import Interim, Job, Progress, Steps, Unit, Vendor, get, post, words
from router.wire.faults import Fault, Kind
from tests.vendors.journeys import holding

VENDOR = Vendor(
    name="acme",
    base_url="https://api.acme.test",
    result_hosts=("cdn.acme.test",),
    billed={Unit.CREDIT: "credits"},
)
JOB = Job("status", queued=words("waiting"), running=words("working"), done=words("ready"), why="why", share="percent")
PATIENCE = Patience(connect_s=1, silence_s=1)
CREATE, POLL, CANCEL = "POST /jobs", "GET /jobs/7", "POST /jobs/7/cancel"
FILE = "GET https://cdn.acme.test/7.mp3"


def job() -> Steps:
    made = yield post("/jobs", json={"text": "Hello"})
    done = yield from JOB.wait(
        get("/jobs/{}", str(made["id"])), since=made, undo=post("/jobs/{}/cancel", str(made["id"]), extras=None)
    )
    return get(done["url"])


class Said:
    """An answer as a transport opens it."""

    def __init__(self, body: Any, status: int = 200, **headers: str) -> None:
        is_bytes = isinstance(body, bytes)
        kind = "audio/mpeg" if is_bytes else "application/json"
        self.status = status
        self.headers = CIMultiDictProxy(CIMultiDict({"content-type": kind, **headers}))
        self._body = body if is_bytes else msgspec.json.encode(body)

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body


class Scripted:
    """A vendor with an answer for each request, in turn; a fault is raised, an event waited for. `seen`: requests."""

    def __init__(self, **script: list[Any]) -> None:
        self._script = {name.replace("_", " "): answers for name, answers in script.items()}
        self.seen: list[str] = []
        self.once: list[str] = []

    def plays(self, what: str, *answers: Any) -> None:
        self._script[what] = list(answers)

    @asynccontextmanager
    async def send(self, request: Outgoing, patience: Patience, on_sent: Callable[[], None]) -> AsyncIterator[Response]:
        what = f"{request.method} {request.url.removeprefix(VENDOR.base_url)}"
        self.seen.append(what)
        if request.is_once:
            self.once.append(what)
        answers = self._script[what]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Fault) and answer.kind is Kind.CONNECT:
            raise answer
        on_sent()
        if isinstance(answer, asyncio.Event):
            answer.set()
            await asyncio.Event().wait()
        if isinstance(answer, Late):
            answer.written.set()
            await answer.answer.wait()
            answer = answer.said
        if isinstance(answer, Fault):
            raise answer
        yield answer

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept for, without any time passing."""
    taken: list[float] = []
    sleep = asyncio.sleep

    async def nap(seconds: float) -> None:
        taken.append(seconds)
        await sleep(0)

    monkeypatch.setattr(conversation.asyncio, "sleep", nap)
    return taken


def vendor(**answers: list[Any]) -> Scripted:
    played = Scripted()
    played.plays(CREATE, *answers.get("create", [Said({"id": 7, "status": "waiting"}, 201)]))
    played.plays(POLL, *answers.get("poll", [Said({"status": "ready", "url": "https://cdn.acme.test/7.mp3"})]))
    played.plays(CANCEL, Said({}))
    played.plays(FILE, Said(b"sound"))
    return played


async def talk(
    played: Scripted, keeper: Keeper = NOBODY, conversations: Conversations | None = None, course: Course | None = None
) -> tuple[bytes, dict[Unit, float]]:
    side = Side("acme/m", VENDOR, {"api_key": "sk-1"}, {}, played)
    own = course or Course()
    async with holding(conversations or Conversations(), job(), side, PATIENCE, own, lambda: None, keeper) as told:
        return b"".join([chunk async for chunk in told.response.chunks()]), told.units


async def test_a_job_goes_from_its_creation_to_its_result(naps: list[float]):
    """Create, poll until it is done, fetch; only the creation is what must not happen twice."""
    working = [Said({"status": state}) for state in ("waiting", "working", "working")]
    played = vendor(poll=[*working, Said({"status": "READY", "url": "https://cdn.acme.test/7.mp3", "credits": 5})])

    assert await talk(played) == (b"sound", {Unit.CREDIT: 5.0})
    assert played.seen == [CREATE, POLL, POLL, POLL, POLL, FILE]
    assert played.once == [CREATE]


async def test_polls_come_ever_less_often(naps: list[float]):
    """After a second, and a half longer each time, up to ten seconds."""
    await talk(
        vendor(
            poll=[*[Said({"status": "working"})] * 12, Said({"status": "ready", "url": "https://cdn.acme.test/7.mp3"})]
        )
    )

    assert naps[:4] == [1.0, 1.5, 2.25, 3.375]
    assert max(naps) == 10.0
    assert sorted(naps) == naps


async def test_a_poll_that_fails_is_repeated_and_the_creation_is_not(naps: list[float]):
    """The job goes on meanwhile."""
    done = Said({"status": "ready", "url": "https://cdn.acme.test/7.mp3"})
    played = vendor(
        poll=[Fault(Kind.CONNECT, "no"), Said({"error": "x"}, 503), Said({}, 429, **{"retry-after": "4"}), done]
    )

    assert (await talk(played))[0] == b"sound"
    assert played.seen.count(CREATE) == 1
    assert 4.0 in naps


async def test_a_poll_that_keeps_failing_ends_the_job(naps: list[float]):
    """After five tries in a row; the vendor is asked to stop, and nobody asks it for another one."""
    played, conversations, course = vendor(poll=[Fault(Kind.CONNECT, "no")]), Conversations(), Course()
    with pytest.raises(Fault):
        await talk(played, conversations=conversations, course=course)
    await conversations.close()

    assert (played.seen.count(POLL), played.seen[-1], course.stage) == (5, CANCEL, Stage.BEGUN)


@pytest.mark.parametrize(
    ("answer", "stage"),
    [
        (Fault(Kind.CONNECT, "refused"), Stage.NONE),
        (Fault(Kind.GARBLED, "broke off"), Stage.POSSIBLE),
        (Said({"message": "no"}, 400), Stage.NONE),
        (Said({"message": "slow down"}, 429), Stage.NONE),
        (Said({"message": "oh"}, 500), Stage.POSSIBLE),
        (Said(b"<html>"), Stage.BEGUN),
    ],
)
async def test_what_may_have_been_created_is_not_created_again(naps: list[float], answer: Any, stage: Stage):
    """Known not to be there: never sent, or refused. All else may be, and its own target is not asked once more."""
    played, course = vendor(create=[answer]), Course()
    with pytest.raises(Fault):
        await talk(played, course=course)

    assert (course.stage, played.seen) == (stage, [CREATE])
    assert course.may_exist is (stage is not Stage.NONE)


async def test_a_job_that_failed_says_why_and_is_not_taken_back(naps: list[float]):
    """An unknown state is a failure too, for nobody polls for ever; but such a job may go on, and is taken back."""
    for state, why, stage in (("failed", "out of tune", Stage.OVER), ("on holiday", None, Stage.BEGUN)):
        played, conversations, course = vendor(poll=[Said({"status": state, "why": why})]), Conversations(), Course()
        with pytest.raises(Fault) as caught:
            await talk(played, conversations=conversations, course=course)
        await conversations.close()

        assert (caught.value.kind, course.stage) == (Kind.FAILED, stage)
        assert (why or state) in caught.value.message
        assert (CANCEL in played.seen) is (stage is Stage.BEGUN)


async def test_whoever_leaves_has_the_job_cancelled(naps: list[float]):
    """While it is polled; nobody waits for the vendor to have heard of it."""
    reached = asyncio.Event()
    played, conversations = vendor(poll=[reached]), Conversations()
    leaving = asyncio.create_task(talk(played, conversations=conversations))
    await reached.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await conversations.close()

    assert played.seen == [CREATE, POLL, CANCEL]


class Kept(Keeper):
    """Writes down what it hears."""

    def __init__(self, *answers: Interim, leaves_jobs: bool = False) -> None:
        self.heard: list[str] = []
        self.answers = answers
        self._leaves_jobs = leaves_jobs

    def leaves_jobs(self) -> bool:
        return self._leaves_jobs

    def recalled(self, target: str) -> tuple[Interim, ...]:
        return self.answers

    async def sending(self, target: str) -> None:
        self.heard.append(f"sending {target}")

    async def answered(self, target: str, answer: Interim) -> None:
        self.heard.append(f"answered {answer['id']}")

    def progressed(self, progress: Progress) -> None:
        self.heard.append(f"{'queued' if progress.is_queued else 'running'} {progress.share}")


async def test_who_keeps_a_call_hears_of_each_step_before_the_next(naps: list[float]):
    """That it is sent, what the vendor called it, how far it is."""
    done = Said({"status": "ready", "url": "https://cdn.acme.test/7.mp3"})
    keeper = Kept()
    await talk(
        vendor(poll=[Said({"status": "working", "percent": 40}), Said({"status": "working", "percent": 900}), done]),
        keeper,
    )

    assert keeper.heard == ["sending acme/m", "answered 7", "queued None", "running 0.4", "running 1.0"]


async def test_a_job_from_another_life_is_not_created_again(naps: list[float]):
    """Its answer is remembered, and it is polled by that."""
    played = vendor()
    remembered = Interim(201, {}, b"", {"id": 7, "status": "waiting"})

    assert (await talk(played, Kept(remembered)))[0] == b"sound"
    assert played.seen == [POLL, FILE]


async def test_a_job_that_somebody_will_ask_for_again_goes_on(naps: list[float]):
    """When this process ends before it."""
    reached = asyncio.Event()
    played, conversations = vendor(poll=[reached]), Conversations()
    leaving = asyncio.create_task(talk(played, Kept(leaves_jobs=True), conversations))
    await reached.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await conversations.close()

    assert played.seen == [CREATE, POLL]


async def test_a_result_that_has_moved_is_followed_as_far_as_it_may_lie(naps: list[float]):
    """By allowed hosts alone, and not for ever."""
    moved = Said(b"", 302, location="https://cdn.acme.test/8.mp3")
    played = vendor()
    played.plays(FILE, moved)
    played.plays("GET https://cdn.acme.test/8.mp3", Said(b"moved"))
    assert (await talk(played))[0] == b"moved"

    for place in ("https://evil.test/", "http://169.254.169.254/", "https://cdn.acme.test/7.mp3"):
        played.plays(FILE, Said(b"", 302, location=place))
        with pytest.raises(Fault) as caught:
            await talk(played)
        assert caught.value.kind is Kind.GARBLED


@pytest.mark.parametrize("answer", [Said({"no": "id"}), Said([1]), Said(b"bytes")])
async def test_an_answer_that_lacks_what_is_needed_is_garbled(naps: list[float], answer: Said):
    """Vendor files index plainly; what is missing is told once, here."""
    with pytest.raises(Fault) as caught:
        await talk(vendor(create=[answer]))

    assert caught.value.kind is Kind.GARBLED


async def test_no_secret_stands_in_a_message(naps: list[float]):
    """Not in that of an answer on the way either."""
    played = vendor(create=[Said({"message": "bad key sk-1234567"}, 401)])
    side = Side("acme/m", VENDOR, {"api_key": "sk-1234567"}, {}, played)
    with pytest.raises(Fault) as caught:
        async with holding(Conversations(), job(), side, PATIENCE, Course(), lambda: None):
            raise AssertionError

    assert "sk-1234567" not in caught.value.message


def looking_up() -> Steps:
    found = yield get("/voices", keep_s=600)
    return post("/jobs", json={"voice": found["best"]})


async def test_a_look_up_holds_for_a_while_for_all_calls(naps: list[float], monkeypatch: pytest.MonkeyPatch):
    """It is asked for once, and anew when it is old; a poll never is remembered."""
    played, conversations = vendor(), Conversations()
    played.plays("GET /voices", Said({"best": "Ann"}))
    side = Side("acme/m", VENDOR, {"api_key": "sk-1"}, {}, played)
    loop, now = asyncio.get_running_loop(), 100.0
    monkeypatch.setattr(conversation.asyncio, "get_running_loop", lambda: SimpleNamespace(time=lambda: now))
    for now in (100.0, 699.0, 701.0):  # noqa: B007 - read by the clock
        async with holding(conversations, looking_up(), side, PATIENCE, Course(), lambda: None):
            pass

    assert loop
    assert played.seen == ["GET /voices", CREATE, CREATE, "GET /voices", CREATE]


async def test_a_create_that_is_under_way_is_heard_and_then_taken_back(naps: list[float]):
    """Who leaves before the vendor has told the job's id: it is cancelled by that, once it is known."""
    written, answer = asyncio.Event(), asyncio.Event()
    played, conversations = vendor(), Conversations()
    played.plays(CREATE, Late(written, answer, Said({"id": 7, "status": "waiting"}, 201)))
    leaving = asyncio.create_task(talk(played, conversations=conversations))
    await written.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert played.seen == [CREATE]
    answer.set()
    await conversations.close()

    assert played.seen == [CREATE, CANCEL]


async def test_a_result_that_is_not_there_yet_is_asked_for_again(naps: list[float]):
    """By a download alone; what another host refuses is no word on our account."""
    played, course = vendor(), Course()
    played.plays(FILE, Said(b"", 404), Fault(Kind.CONNECT, "no"), Said(b"", 503), Said(b"late"))
    assert (await talk(played, course=course))[0] == b"late"
    assert course.stage is Stage.MADE

    for status in (401, 402, 403):
        played.plays(FILE, Said(b"", status))
        with pytest.raises(Fault) as caught:
            await talk(played)
        assert caught.value.kind is Kind.FAILED


async def test_a_relative_move_stays_where_it_was(naps: list[float]):
    """At the host that said so, not at the vendor, who would get a request that nobody meant."""
    played = vendor()
    played.plays(FILE, Said(b"", 302, location="/b/8.mp3"))
    played.plays("GET https://cdn.acme.test/b/8.mp3", Said(b"moved"))

    assert (await talk(played))[0] == b"moved"


async def test_a_job_that_is_gone_is_no_unknown_model(naps: list[float]):
    """A 404 on a poll may be the vendor's own delay; when it stays, the job is lost."""
    done = Said({"status": "ready", "url": "https://cdn.acme.test/7.mp3"})
    assert (await talk(vendor(poll=[Said({}, 404), Said({}, 404), done])))[0] == b"sound"
    with pytest.raises(Fault) as caught:
        await talk(vendor(poll=[Said({}, 404)]))

    assert caught.value.kind is Kind.FAILED


class Lasting(Kept):
    is_lasting = True


async def test_a_call_that_lasts_does_not_give_up_on_a_vendor_that_is_down(naps: list[float]):
    """Its job is there; polls go on, ever less often, until the time of the attempt is over."""
    down = [Fault(Kind.CONNECT, "no")] * 9 + [Said({"message": "who?"}, 401)]
    done = Said({"status": "ready", "url": "https://cdn.acme.test/7.mp3"})

    assert (await talk(vendor(poll=[*down, done]), Lasting()))[0] == b"sound"
    assert max(naps) == 30.0


async def test_look_ups_are_remembered_with_the_rest_of_a_call_that_lasts(naps: list[float]):
    """What decided the request then decides it now: it is not looked up again in another life."""
    played = vendor()
    keeper = Kept(Interim(200, {}, b"", {"best": "Ann"}), Interim(201, {}, b"", {"id": 7}))
    side = Side("acme/m", VENDOR, {"api_key": "sk-1"}, {}, played)
    async with holding(Conversations(), looking_up_a_job(), side, PATIENCE, Course(), lambda: None, keeper) as told:
        assert [chunk async for chunk in told.response.chunks()] == [b"sound"]

    assert played.seen == [POLL, FILE]


def looking_up_a_job() -> Steps:
    found = yield get("/voices")
    made = yield post("/jobs", json={"voice": found["best"]})
    done = yield from JOB.wait(get("/jobs/{}", str(made["id"])))
    return get(done["url"])


class Late:
    """An answer that comes when `answer` is set; `written` says that the request is out."""

    def __init__(self, written: asyncio.Event, answer: asyncio.Event, said: Said) -> None:
        self.written, self.answer, self.said = written, answer, said
