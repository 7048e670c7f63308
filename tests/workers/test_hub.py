"""The parent's ends of the lines: who waits for whom, and what is remembered. The workers are played by the test."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator

import pytest

from router.telemetry.merging import Family, Sample, Snapshot, merged, packed, unpacked
from router.workers import frames, hub
from router.workers.frames import Adopted, Everybodys, Figures, Frames, Message, Tell, WhoTells
from router.workers.hub import Hub, Line

PARENTS: Snapshot = [Family("workers", "…", "gauge", [Sample("workers", {}, 1.0)])]


def counted(number: float) -> Snapshot:
    return [
        Family("calls", "…", "counter", [Sample("calls_total", {"route": "m"}, number)]),
        Family("inside", "…", "gauge", [Sample("inside", {}, number)]),
    ]


class Worker:
    """A worker's end, and what has come to it."""

    def __init__(self, house: House) -> None:
        self.own, theirs = socket.socketpair()
        self.own.setblocking(False)
        self.house = house
        self.line: Line = house.hub.joined(theirs)
        self._frames = Frames()

    def say(self, message: Message) -> None:
        self.own.send(frames.packed(message))
        self.house.turn()

    def heard(self) -> list[Message]:
        found: list[Message] = []
        while True:
            self.house.turn()
            try:
                found += self._frames.fed(self.own.recv(1_000_000))
            except BlockingIOError:
                return found

    def tells(self, snapshot: Snapshot) -> None:
        """Answer what was asked."""
        for message in self.heard():
            assert isinstance(message, Tell)
            self.say(Figures(message.number, frames.Raw(packed(snapshot))))


class House:
    """A hub, turned by hand."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.adopted = 0
        self.hub = Hub(self.selector, lambda: PARENTS, self._on_adopted)
        self.workers: list[Worker] = []

    def _on_adopted(self) -> None:
        self.adopted += 1

    def worker(self) -> Worker:
        self.workers.append(Worker(self))
        return self.workers[-1]

    def turn(self) -> None:
        for key, events in self.selector.select(0):
            self.hub.ready(key.data, events)
        self.hub.give_up()


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Nobody is late, however slow the machine is."""
    monkeypatch.setattr(hub, "LATE_S", 600.0)
    one = House()
    yield one
    for worker in one.workers:
        worker.own.close()
    for line in one.hub.lines:
        line.own.close()
    one.selector.close()


def told(messages: list[Message]) -> dict[str, float]:
    """The figures that somebody was told, by name."""
    (answer,) = messages
    assert isinstance(answer, Everybodys)
    families = merged(unpacked(one) for one in answer.snapshots)
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_all_are_asked_who_asks_included(house: House) -> None:
    """And nobody is answered for before the last has told; the parent's own are with them."""
    one, other = house.worker(), house.worker()
    one.say(WhoTells(7))
    other.tells(counted(2))
    assert house.hub.wait_s
    one.tells(counted(1))

    assert told(one.heard()) == {"workers": 1.0, "calls_total": 3.0, "inside": 3.0}
    assert other.heard() == []
    assert house.hub.wait_s is None


def test_who_hangs_is_told_of_as_before(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment; and is not asked for ever."""
    one, still = house.worker(), house.worker()
    one.say(WhoTells(1))
    still.tells(counted(5))
    one.tells(counted(1))
    assert told(one.heard())["calls_total"] == 6
    monkeypatch.setattr(hub, "LATE_S", 0.0)
    for number in range(2, 40):
        one.say(WhoTells(number))
        for message in one.heard():
            if isinstance(message, Tell):
                one.say(Figures(message.number, frames.Raw(packed(counted(number)))))
    monkeypatch.setattr(hub, "LATE_S", 600.0)
    one.say(WhoTells(99))
    one.tells(counted(100))

    assert told(one.heard())["calls_total"] == 105
    assert len(still.heard()) == hub.OWED


def test_what_somebody_was_told_is_never_taken_back(house: House) -> None:
    """A worker's counts outlive it; what was at the moment does not. Who waits for it waits no longer."""
    one, gone = house.worker(), house.worker()
    one.say(WhoTells(1))
    gone.tells(counted(5))
    one.tells(counted(1))
    one.heard()
    one.say(WhoTells(2))
    one.tells(counted(1))
    gone.own.close()
    house.turn()
    house.hub.left(gone.line)

    assert told(one.heard()) == {"workers": 1.0, "calls_total": 6.0, "inside": 1.0}


def test_who_asked_and_died_is_answered_no_more(house: House) -> None:
    """What it said last is heard all the same."""
    one = house.worker()
    one.say(WhoTells(1))
    one.own.send(frames.packed(Adopted()))
    one.own.close()
    house.hub.left(one.line)

    assert house.hub.wait_s is None
    assert house.adopted == 1


def test_who_reads_slowly_gets_all_of_it_in_the_end(house: House) -> None:
    """The parent waits for nobody: what a socket does not take is sent later."""
    one = house.worker()
    long = [Family("calls", "x" * 5_000_000, "counter", [Sample("calls_total", {}, 1.0)])]
    one.say(WhoTells(1))
    (question,) = one.heard()
    assert isinstance(question, Tell)
    one.own.setblocking(True)
    body = frames.packed(Figures(question.number, frames.Raw(packed(long))))
    for at in range(0, len(body), 50_000):
        one.own.send(body[at : at + 50_000])
        house.turn()
    one.own.setblocking(False)

    assert told(one.heard())["calls_total"] == 1
