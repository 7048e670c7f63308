"""A call becomes a trace when it is told, and nothing of OpenTelemetry is loaded where nobody wants it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from time import time_ns

import pytest

from router.telemetry import AttemptRecord, CallRecord
from tests.components import needs

pytestmark = needs("opentelemetry")

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def spans_of(record: CallRecord) -> Sequence:
    """The spans of a call as an exporter gets them: attempts first, in the order of their end."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from router.telemetry.traces import Traces

    exporter = InMemorySpanExporter()
    Traces(SimpleSpanProcessor(exporter), "audio-router", "1").tell(record)
    return exporter.get_finished_spans()


def failed_over() -> CallRecord:
    now = time_ns()
    return CallRecord(
        "r1",
        "speech",
        "tts-1",
        status=200,
        outcome="ok",
        target="w/m",
        cost_usd=0.5,
        began_ns=now - 9_000_000,
        attempts=[
            AttemptRecord("v/m", "failed", 4.0, 503, "my secret text", ended_ns=now - 5_000_000),
            AttemptRecord("w/m", "ok", 2.0, ended_ns=now - 2_000_000),
        ],
    )


def test_a_call_is_a_span_and_each_attempt_one_inside() -> None:
    """With their own times, outcomes and cost; the resource says who we are."""
    record = failed_over()

    failed, good, call = spans_of(record)

    assert call.name == "audio speech"
    assert call.parent is None
    assert call.start_time == record.began_ns
    assert {failed.parent.span_id, good.parent.span_id} == {call.context.span_id}
    assert [span.end_time - span.start_time for span in (failed, good)] == [4_000_000, 2_000_000]
    assert good.end_time == record.attempts[1].ended_ns
    assert call.attributes["audio_router.target"] == "w/m"
    assert call.attributes["audio_router.cost_usd"] == 0.5
    assert failed.attributes["http.response.status_code"] == 503
    assert (call.status.is_ok, failed.status.is_ok, good.status.is_ok) == (True, False, True)
    assert call.resource.attributes["service.name"] == "audio-router"


def test_a_span_holds_no_word_of_a_vendors() -> None:
    """Nor any text: outcomes and figures alone."""
    assert "secret" not in "".join(span.to_json() for span in spans_of(failed_over()))


def test_a_client_that_traces_finds_the_call_in_its_own_trace() -> None:
    """By the W3C's `traceparent`."""
    record = failed_over()
    record.traceparent = f"00-{TRACE}-{PARENT}-01"

    *_, call = spans_of(record)

    assert f"{call.context.trace_id:032x}" == TRACE
    assert f"{call.parent.span_id:016x}" == PARENT


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", "é" * 55])
def test_nonsense_of_a_client_is_a_trace_of_its_own(traceparent: str) -> None:
    """Nothing fails for it."""
    record = failed_over()
    record.traceparent = traceparent

    *_, call = spans_of(record)

    assert call.parent is None


def test_traces_are_sent_before_the_process_ends() -> None:
    """Over HTTP, to the collector's path for traces."""
    paths: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    from router.telemetry.traces import sent_to

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        traces = sent_to(f"http://127.0.0.1:{server.server_port}/", "audio-router", "1")
        traces.tell(failed_over())
        traces.close()
        server.shutdown()

    assert paths == ["/v1/traces"]


def test_nothing_of_it_is_loaded_unless_a_collector_is_named() -> None:
    """Off costs nothing."""
    code = (
        "import sys; from router.commands import serve, serving;"
        "assert serving._traces({'OTEL_SERVICE_NAME': 'x'}) is None;"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')];"
        "assert serving._traces({'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:9'}) is not None"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
