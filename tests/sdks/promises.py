"""What must hold between a vendor file and the vendor's official SDK: a test module here is calls, and this class.

What lives here: both directions. What the SDK sends is what we send; what we read out of an answer, the SDK reads too.
RECORD=1 keeps what the SDKs sent as fixtures; without it, a request that has changed fails.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, get_args

import msgspec
import pytest
from msgspec.structs import replace

from router.vendors.spec import Operation
from router.wire.transcripts import Delta, Segment, Transcript
from tests.sdks.loopback import Loopback
from tests.vendors.evidence import (
    Case,
    Recording,
    Reply,
    as_we_do,
    decoded,
    error_of,
    facts_of,
    key_of,
    our_request,
    record,
    recorded,
    reply_of,
)
from tests.vendors.journeys import Journey, Step, journey_of, stepped
from tests.vendors.promises import Reading, Refusal, Way, plain

Heard = Transcript | bytes


class SdkPromises:
    """Subclassed by each SDK's test module.

    `sdk`: name and version · `calls`: for each case, the call of the SDK · `methods`: for each kind of call, the SDK's
    method · `raised`: its exception for a status, `error` for all others · `vocabulary`: words of the vendor file, and
    the type of the SDK that names them all.
    """

    pytestmark: ClassVar = [pytest.mark.sdks, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # not ours

    vendor: ClassVar[str]
    sdk: ClassVar[str]
    cases: ClassVar[Sequence[Case]]
    readings: ClassVar[Sequence[Reading]]
    refusals: ClassVar[Sequence[Refusal]]
    calls: ClassVar[Mapping[str, Callable[[Any], Any]]]
    methods: ClassVar[Mapping[str, Sequence[Callable[..., Any]]]]
    error: ClassVar[type[Exception]]
    raised: ClassVar[Mapping[int, type[Exception]]] = {}
    vocabulary: ClassVar[Mapping[str, tuple[set[str], Any]]] = {}
    ways: ClassVar[Sequence[Way]] = ()

    def client(self, url: str, key: str) -> Any:
        """The SDK's client, pointed at `url`, without retries."""
        raise NotImplementedError

    def heard(self, result: Any) -> Transcript:
        """What the SDK's typed object says, in our words."""
        raise NotImplementedError

    def part(self, event: Any) -> Delta | Segment:
        """What the SDK's typed event says before the last, in our words; only where there are streams of events."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        rows = {"case": self.cases, "reading": self.readings, "refusal": self.refusals, "way": self.ways}
        for row, values in rows.items():
            if row in metafunc.fixturenames:
                metafunc.parametrize(row, values, ids=[one.name for one in values])
        if "word" in metafunc.fixturenames:
            metafunc.parametrize("word", self.vocabulary)
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", self.methods)

    def test_it_sends_what_we_send(self, case: Case, loopback: Loopback):
        """Method, path, query, key and decoded body are the same for the same parameters, and have not drifted."""
        loopback.reply = reply_of(self.vendor, self._reading_for(case).name)
        self._call(case.name, loopback)
        sent = decoded(loopback.seen, key_of(self.vendor))
        if os.getenv("RECORD") == "1":
            record(self.vendor, case, Recording(self.sdk, sent))

        assert recorded(self.vendor, case).request == sent
        assert as_we_do(sent, case.differences) == our_request(self.vendor, case)

    def test_it_reads_what_we_read(self, reading: Reading, loopback: Loopback):
        """The SDK accepts the reply, and finds the same text, words, times and speakers; or the same audio."""
        loopback.reply = reply_of(self.vendor, reading.name)
        result = self._call(reading.name, loopback)
        if reading.parts:
            *parts, result = result
            assert plain(reading.parts) == plain([self.part(one) for one in parts])
        expected: Heard = reading.transcript or loopback.reply.content()
        if reading.parts and isinstance(expected, Transcript):
            expected = replace(expected, segments=[])  # the SDK leaves them in the events before
        actual: Heard = self.heard(result) if reading.transcript else result

        assert plain(expected) == plain(actual)

    def test_it_raises_its_own_error(self, refusal: Refusal, loopback: Loopback):
        """The SDK takes the error for what it is."""
        loopback.reply = error_of(self.vendor, refusal.name)
        with pytest.raises(self.error) as caught:
            self._call(self.cases[0].name, loopback)

        assert self.raised.get(loopback.reply.status, self.error) is caught.type
        assert loopback.reply.status == caught.value.status_code

    def _call(self, name: str, loopback: Loopback) -> Any:
        return self.calls[name](self.client(loopback.url, key_of(self.vendor)))

    def _reading_for(self, case: Case) -> Reading:
        return next(one for one in self.readings if one.name.startswith(f"{case.kind}-"))


class SdkTypePromises(SdkPromises):
    """For an SDK that has a parameter for each field, and types that name words."""

    def test_it_takes_every_extra(self, kind: str):
        """Each field that the vendor file declares as the vendor's own is a parameter of the SDK."""
        operation: Operation = getattr(facts_of(self.vendor), kind)
        declared = operation.extras.union(*(row.extras for row in operation.models.values() if row.extras))
        parameters = {name for method in self.methods[kind] for name in inspect.signature(method).parameters}

        assert set() == {name.removesuffix("[]") for name in declared} - parameters

    def test_it_knows_our_words(self, word: str):
        """Formats, voices and models of the vendor file are among those that the SDK's types name."""
        ours, literals = self.vocabulary[word]

        assert set() == ours - _named(literals)


class SdkJobPromises(SdkPromises):
    """For a vendor whose answers take several steps."""

    def test_it_goes_the_same_way(self, way: Way, loopback: Loopback):
        """Of a job the SDK takes the very steps that we take, as far as it goes; we may go on, to the file itself."""
        journey = journey_of(self.vendor, way.name)
        loopback.script = [_moved(step.reply, journey, loopback.url) for step in journey.steps]
        loopback.reply = loopback.script[-1]
        self._call(way.name, loopback)
        taken = [
            _told(stepped(self.vendor, one, step.reply), loopback.url)
            for one, step in zip(loopback.all_seen, journey.steps, strict=False)
        ]

        assert taken
        assert len(loopback.all_seen) == len(taken)
        assert taken == [_told(step, loopback.url) for step in journey.steps][: len(taken)]


def _moved(reply: Reply, journey: Journey, url: str) -> Reply:
    """An answer whose addresses all lie at the scripted server."""
    text = msgspec.json.encode(reply).decode()
    for origin in {step.url.split("/", 3)[2] for step in journey.steps}:
        text = text.replace(f"https://{origin}", url)
    return msgspec.json.decode(text, type=Reply)


def _told(step: Step, url: str) -> tuple[Any, ...]:
    """What must be alike: method, path and query, and what is sent."""
    path = step.url.removeprefix(url).split("//")[-1].partition("/")[2] if "//" in step.url else step.url.lstrip("/")
    return step.method, path, step.body


def _named(literals: Any) -> set[Any]:
    """The members of a `Literal`, however deep in unions it lies."""
    if isinstance(literals, str | int):
        return {literals}
    return {name for inner in get_args(literals) for name in _named(inner)}
