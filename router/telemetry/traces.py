"""Traces for OpenTelemetry: a span a call and one for each attempt, made when the call is told.

What lives here: spans. This module loads the extra `otel` and is imported by nobody who does not want it. What else is
to be said of the exporter (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, …) its library reads by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread
from time import time_ns

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from router.telemetry.records import AttemptRecord, CallRecord

__all__ = ["Traces", "sent_to"]

LAST_WORDS_S = 2.0
"""What a process that ends leaves the last batch: a collector that is gone must not hold it."""
NO_ERRORS = frozenset({"ok", "client left", "handed on", "cancelled", "abandoned"})

_propagator = TraceContextTextMapPropagator()


class Traces:
    """The spans of one process. `tell` is a sink."""

    def __init__(self, processor: SpanProcessor, service: str, version: str) -> None:
        resource = Resource.create({"service.name": service, "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("audio-router", version)

    def tell(self, record: CallRecord) -> None:
        """The spans of a call, as a part of the client's trace where it has sent one."""
        ended_ns = time_ns()
        call = self._tracer.start_span(
            f"audio {record.kind}",
            context=_parent_of(record),
            kind=SpanKind.SERVER,
            attributes=_known(
                {
                    "audio_router.request_id": record.request_id,
                    "audio_router.kind": record.kind,
                    "audio_router.model": record.model,
                    "audio_router.target": record.target,
                    "audio_router.outcome": record.outcome,
                    "audio_router.cache": record.cache,
                    "audio_router.cost_usd": record.cost_usd,
                    "audio_router.cost_basis": record.cost_basis,
                    "audio_router.first_byte_ms": record.first_byte_ms,
                    "audio_router.bytes_out": record.bytes_out,
                    "http.response.status_code": record.status,
                }
            ),
            start_time=record.began_ns,
        )
        inside = set_span_in_context(call)
        for attempt in record.attempts:
            self._tell_attempt(attempt, inside)
        _end(call, record.outcome, ended_ns)

    def _tell_attempt(self, attempt: AttemptRecord, inside: Context) -> None:
        span = self._tracer.start_span(
            "attempt",
            context=inside,
            kind=SpanKind.CLIENT,
            attributes=_known(
                {
                    "audio_router.target": attempt.target,
                    "audio_router.outcome": attempt.outcome,
                    "audio_router.cost_usd": attempt.cost_usd,
                    "http.response.status_code": attempt.status,
                }
            ),
            start_time=attempt.ended_ns - round(attempt.ms * 1e6),
        )
        _end(span, attempt.outcome, attempt.ended_ns)

    def close(self) -> None:
        """Send what is left, as far as that is quick."""
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(LAST_WORDS_S)


def sent_to(endpoint: str, service: str, version: str) -> Traces:
    """Traces that are sent to a collector, in batches and by a thread of their own."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return Traces(BatchSpanProcessor(exporter), service, version)


def _parent_of(record: CallRecord) -> Context:
    """Of the client's span; an empty context where there is none, or none that can be read."""
    carrier = {"traceparent": record.traceparent} if record.traceparent else {}
    return _propagator.extract(carrier, context=Context())


def _known(attributes: Mapping[str, str | float | None]) -> dict[str, str | float]:
    return {name: value for name, value in attributes.items() if value is not None}


def _end(span: Span, outcome: str, ended_ns: int) -> None:
    if outcome not in NO_ERRORS:
        span.set_status(Status(StatusCode.ERROR, outcome))
    span.end(ended_ns)
