"""Figures of several processes as those of one."""

from __future__ import annotations

from router.telemetry import CallRecord
from router.telemetry.merging import Family, Sample, lasting, merged, packed, rendered, taken, unpacked
from router.telemetry.metrics import Metrics
from tests.plans import VENDORS, plan_from

TABLE = VENDORS + "routes: {m: {targets: [openai/tts-1]}, n: {targets: [openai/tts-1]}}\n"


def metrics_of(*models: str) -> Metrics:
    """A process that has answered such calls."""
    metrics = Metrics()
    metrics.learn(plan_from(TABLE, {"OPENAI_API_KEY": "k"}))
    metrics.watch("target_resting", "…", "target", lambda: {"openai/tts-1": float(len(models) > 1)})
    metrics.watch("calls_in_flight", "…", "kind", lambda: {"speech": len(models)})
    for model in models:
        metrics.tell(CallRecord("r", "speech", model, target="openai/tts-1", outcome="ok", first_byte_ms=100.0))
    return metrics


def of_house(text: bytes) -> list[str]:
    return [line for line in text.decode().splitlines() if "process_" not in line]


def test_the_figures_of_one_are_told_as_ever() -> None:
    """Line for line what that process would say by itself, also after a way through a socket."""
    metrics = metrics_of("m", "n", "n")

    assert of_house(rendered(unpacked(packed(taken(metrics.collect()))))) == of_house(metrics.text())


def test_what_is_counted_is_added_up_and_what_rests_anywhere_rests() -> None:
    """Each by its labels; a histogram's buckets as well; one name has one header."""
    text = of_house(rendered(merged([taken(metrics_of("m").collect()), taken(metrics_of("m", "n").collect())])))

    assert 'audio_router_calls_total{kind="speech",outcome="ok",route="m"} 2.0' in text
    assert 'audio_router_calls_total{kind="speech",outcome="ok",route="n"} 1.0' in text
    assert 'audio_router_call_first_byte_seconds_bucket{kind="speech",le="0.1",route="m"} 2.0' in text
    assert 'audio_router_call_first_byte_seconds_bucket{kind="speech",le="0.05",route="m"} 0.0' in text
    assert 'audio_router_calls_in_flight{kind="speech"} 3.0' in text
    assert 'audio_router_target_resting{target="openai/tts-1"} 1.0' in text
    assert len([line for line in text if line.startswith("# TYPE audio_router_calls_total")]) == 1


def test_a_process_figure_is_a_sum_but_for_its_beginning() -> None:
    """Memory, processor time and descriptors of all; they began when the first did."""
    names = {"process_resident_memory_bytes": "gauge", "process_start_time_seconds": "gauge"}
    one, other = (
        [Family(name, "…", kind, [Sample(name, {}, value)]) for name, kind in names.items()] for value in (30.0, 20.0)
    )

    assert [family.samples[0].value for family in merged([one, other])] == [50.0, 20.0]


def test_what_stays_of_a_process_is_what_it_has_counted() -> None:
    """Not what was at the moment: no call is under way in it any more."""
    kept = {family.name: family.kind for family in lasting(taken(metrics_of("m").collect()))}

    assert {"audio_router_calls", "audio_router_call_first_byte_seconds", "process_cpu_seconds"} <= {*kept}
    assert {*kept.values()} == {"counter", "histogram"}
