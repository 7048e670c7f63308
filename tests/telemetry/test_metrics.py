"""What is counted of a call, and by which names; over the wire: tests/e2e/test_watched."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families as families

from router.routing.health import Blame, Health
from router.telemetry import AttemptRecord, CallRecord
from router.telemetry.metrics import Metrics, resting
from tests.plans import VENDORS, plan_from

TABLE = VENDORS + "routes: {m: {targets: [openai/tts-1, elevenlabs/eleven_v3]}}\n"
OLDER = VENDORS + "routes: {before: {targets: [groq/canopylabs/orpheus-v1-english]}}\n"
KEYS = {"OPENAI_API_KEY": "k"}


def told(metrics: Metrics) -> Mapping[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order of their names."""
    samples = [sample for family in families(metrics.text().decode()) for sample in family.samples]
    return {
        (
            sample.name.removeprefix("audio_router_"),
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for sample in samples
        if sample.name.startswith("audio_router_")
    }


def metrics_of(*tables: str) -> Metrics:
    metrics = Metrics()
    for table in tables:
        metrics.learn(plan_from(table, KEYS))
    return metrics


def call(model: str = "m", target: str | None = "openai/tts-1", **more) -> CallRecord:
    return CallRecord("r", "speech", model, target=target, outcome="ok", **more)


def test_a_call_is_counted_with_its_attempts_its_times_and_its_cost() -> None:
    """What an attempt has cost that came to nothing is its own target's."""
    metrics = metrics_of(TABLE)
    failed = AttemptRecord("elevenlabs/eleven_v3", "timeout", 900.0, cost_usd=0.25)
    good = AttemptRecord("openai/tts-1", "ok", 300.0)

    metrics.tell(call(attempts=[failed, good], cost_usd=1.0, first_byte_ms=1_250.0, bytes_out=7))

    figures = told(metrics)
    assert figures["calls_total", "speech", "ok", "m"] == 1
    assert figures["attempts_total", "timeout", "elevenlabs/eleven_v3"] == 1
    assert figures["attempts_total", "ok", "openai/tts-1"] == 1
    assert figures["first_byte_seconds_sum", "speech", "openai/tts-1"] == 0.3
    assert ("first_byte_seconds_sum", "speech", "elevenlabs/eleven_v3") not in figures
    assert figures["call_first_byte_seconds_sum", "speech", "m"] == 1.25
    assert figures["cost_dollars_total", "openai/tts-1"] == 0.75
    assert figures["cost_dollars_total", "elevenlabs/eleven_v3"] == 0.25
    assert figures["sent_bytes_total", "speech"] == 7


def test_what_clients_make_up_is_other() -> None:
    """A thousand models that nobody has heard of are one series."""
    metrics = metrics_of(TABLE)
    metrics.tell(call())
    before = len(told(metrics))

    for number in range(1_000):
        name = f"openai/made-up-{number}"
        attempts = [AttemptRecord(name, "input", 1.0), AttemptRecord(name, "ok", 1.0)]
        metrics.tell(call(name, name, attempts=attempts, cost_usd=1.0, first_byte_ms=1.0, bytes_out=1))

    figures = told(metrics)
    assert figures["calls_total", "speech", "ok", "other"] == 1_000
    assert figures["attempts_total", "input", "other"] == 1_000
    assert figures["cost_dollars_total", "other"] == 1_000
    assert not [sample for sample in figures if "made-up" in str(sample)]
    assert len(figures) - before < 50


def test_calls_that_outlive_their_table_keep_its_names() -> None:
    """A counter never vanishes, and its names are the tables' in any case."""
    metrics = metrics_of(OLDER, TABLE)

    metrics.tell(call("before", "groq/canopylabs/orpheus-v1-english", cost_usd=1.0))

    assert told(metrics)["calls_total", "speech", "ok", "before"] == 1
    assert told(metrics)["cost_dollars_total", "groq/canopylabs/orpheus-v1-english"] == 1


def test_what_a_recording_answered_is_no_targets_time() -> None:
    """It says nothing of how quick a vendor is."""
    metrics = metrics_of(TABLE)

    metrics.tell(call(first_byte_ms=1.0, cache="hit", cost_usd=0.0))

    assert ("first_byte_seconds_count", "speech", "openai/tts-1") not in told(metrics)
    assert ("cost_dollars_total", "openai/tts-1") not in told(metrics)


def test_houses_share_no_figures() -> None:
    """Each has a registry of its own."""
    one, other = metrics_of(TABLE), metrics_of(TABLE)

    one.tell(call())

    assert ("calls_total", "speech", "ok", "m") not in told(other)


def test_a_target_that_rests_is_one_and_who_is_not_configured_is_not_there() -> None:
    """And it is back when its rest is over."""
    plan, health = plan_from(TABLE, KEYS), Health()
    target = plan.routes["m"].targets[0]
    health.failed(target, Blame.COOL, 0.0, 100.0, 30.0)

    assert resting(plan, health, 101.0) == {"openai/tts-1": 1.0}
    assert resting(plan, health, 131.0) == {"openai/tts-1": 0.0}


def test_a_gauge_is_read_when_somebody_looks() -> None:
    """By a label, or without one."""
    metrics, inside = Metrics(), {"speech": 1}
    metrics.watch("inside", "…", "kind", lambda: inside)
    metrics.watch("alone", "…", None, lambda: {"": len(inside)})
    inside["speech"] = 3

    assert told(metrics)["inside", "speech"] == 3
    assert told(metrics)["alone",] == 1
