"""A table that changes while it is served: taken when it is good, refused with its reasons when it is not."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BARE = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
TABLE = "vendors: {{local: }}\nroutes: {{{name}: {{targets: [local/espeak-ng]}}}}\n{more}"


class Served:
    """`serve` as a process, and the events it writes."""

    def __init__(self, process: subprocess.Popen[str], table: Path) -> None:
        self.process = process
        self.table = table
        self.url = ""
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            if line.startswith("{"):
                self._events.put(json.loads(line))

    def wait(self) -> None:
        """Until it answers: from then on it listens to signals."""
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url.replace('0.0.0.0', '127.0.0.1')}/health/live", timeout=5).close()
                return
            time.sleep(0.05)

    def event(self, word: str, within_s: float = 10) -> dict[str, Any]:
        """The next event with this word in its name."""
        deadline = time.monotonic() + within_s
        while True:
            event = self._events.get(timeout=max(0.01, deadline - time.monotonic()))
            if word in event["event"]:
                return event

    def models(self, key: str = "") -> list[str]:
        request = urllib.request.Request(f"{self.url}/v1/models", headers={"authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=5) as reply:
            ids = [model["id"] for model in json.load(reply)["data"]]
        return [name for name in ids if "/" not in name]

    def write(self, name: str, more: str = "") -> None:
        """As editors do: a new file in the old one's place."""
        new = self.table.with_suffix(".new")
        new.write_text(TABLE.format(name=name, more=more))
        new.replace(self.table)


@contextmanager
def serving(tmp_path: Path, more: str = "", *arguments: str) -> Iterator[Served]:
    table = tmp_path / "routes.yaml"
    table.write_text(TABLE.format(name="first", more=more))
    command = [sys.executable, "-m", "router", "serve", "--config", str(table), "--port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=tmp_path, env=BARE, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            served = Served(process, table)
            assert process.stdout
            for line in process.stdout:
                if "base_url:" in line:
                    served.url = line.split()[4]
                if "Stop with" in line:
                    break
            served.wait()
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in {0, -signal.SIGTERM}


def test_a_changed_file_is_taken_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    """Without a signal, within seconds; the refusal names file, line and field, and the old table stays."""
    with serving(tmp_path) as served:
        assert served.models() == ["first"]
        served.write("second")
        served.event("table reloaded")
        assert served.models() == ["second"]

        served.write("third", "servr: {}\n")
        refused = served.event("table refused")
        assert refused["level"] == "error"
        assert refused["problems"] == [f"{served.table}:3: servr: unknown key; did you mean server?"]
        assert served.models() == ["second"]

        served.write("fourth")
        served.event("table reloaded")
        assert served.models() == ["fourth"]


def test_a_signal_reloads_at_once(tmp_path: Path) -> None:
    """SIGHUP, also for a file that is as it was: keys and accounts at vendors may be others."""
    with serving(tmp_path) as served:
        served.process.send_signal(signal.SIGHUP)
        served.event("table reloaded")
        served.table.unlink()
        served.process.send_signal(signal.SIGHUP)
        assert "cannot be read" in served.event("table refused")["problems"][0]
        assert served.models() == ["first"]


def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    """Half a table may be a valid one: it is read when nothing has changed for a second."""
    with serving(tmp_path) as served:
        begun = time.monotonic()
        while time.monotonic() < begun + 4:
            served.write(f"early-{time.monotonic_ns()}")
            assert served.models() == ["first"]
            time.sleep(0.3)
        served.write("late")
        served.event("table reloaded")
        assert served.models() == ["late"]


def test_keys_and_limits_hold_from_the_next_call_on(tmp_path: Path) -> None:
    """A new key is known, an old one is not; a smaller limit refuses."""
    with serving(tmp_path, "keys: {ann: {key: sk-one}}\n") as served:
        assert served.models("sk-one") == ["first"]
        served.write("second", "keys: {ann: {key: sk-two}}\nserver: {max_input: 3}\n")
        served.event("table reloaded")

        assert served.models("sk-two") == ["second"]
        for key, status in (("sk-one", 401), ("sk-two", 400)):
            body = b'{"model": "second", "voice": "alloy", "input": "Hello"}'
            request = urllib.request.Request(f"{served.url}/v1/audio/speech", body, {"authorization": f"Bearer {key}"})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=5)
            with refused.value as reply:
                assert reply.status == status


def test_the_last_key_cannot_be_taken_away(tmp_path: Path) -> None:
    """A table that lost its keys, by mistake or because it is half written, lets nobody in."""
    with serving(tmp_path, "keys: {ann: {key: sk-one}}\n") as served:
        served.write("second")
        assert served.event("table refused")["problems"] == [
            f"{served.table}:1: keys: no key is left, which would let everybody in: expected at least one, or a restart"
        ]
        assert served.models("sk-one") == ["first"]


def test_what_needs_a_restart_says_so(tmp_path: Path) -> None:
    """An address cannot change while it is bound."""
    with serving(tmp_path) as served:
        served.write("second", "server: {port: 9999}\n")
        assert served.event("from the next start on")["level"] == "warning"
        served.event("table reloaded")
