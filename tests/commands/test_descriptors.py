"""A server takes as many calls at once as its table says, whatever a shell's usual limit of descriptors is."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

BARE = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
TABLE = "server: {max_calls: %d}\nvendors: {local: }\nroutes: {tts-1: {targets: [local/espeak-ng]}}"


@contextmanager
def serving(tmp_path: Path, calls: int, limits: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server whose shell has set these limits, and its port; ended with the context."""
    table = tmp_path / "routes.yaml"
    table.write_text(TABLE % calls)
    command = f'{limits}; exec "{sys.executable}" -m router serve --config "{table}" --port 0'
    with (
        (tmp_path / "events").open("w") as events,
        subprocess.Popen(["/bin/sh", "-c", command], env=BARE, stdout=subprocess.PIPE, stderr=events, text=True) as one,
    ):
        assert one.stdout
        try:
            port = re.search(r"http://127\.0\.0\.1:(\d+)", one.stdout.readline())
            assert port
            assert asked(socket.create_connection(("127.0.0.1", int(port[1])))) == b"HTTP/1.1 200"
            yield one, int(port[1])
        finally:
            one.send_signal(signal.SIGTERM)
            one.communicate(timeout=20)


def asked(client: socket.socket) -> bytes:
    with client:
        client.settimeout(10)
        client.sendall(b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        return client.recv(12)


def told(tmp_path: Path) -> list[dict[str, object]]:
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    return [event for event in events if "descriptors" in event["event"]]


def test_a_shell_that_allows_fewer_is_overruled(tmp_path: Path) -> None:
    """Connections beyond its soft limit are answered, and nothing is complained about."""
    with serving(tmp_path, 200, "ulimit -Sn 128") as (_, port), ExitStack() as held:
        for _ in range(300):
            held.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert asked(socket.create_connection(("127.0.0.1", port))) == b"HTTP/1.1 200"

    assert not told(tmp_path)


def test_a_system_that_allows_fewer_is_told_of(tmp_path: Path) -> None:
    """How many there are, and how many there would have to be; it serves all the same."""
    with serving(tmp_path, 1_000, "ulimit -n 512"):
        pass

    [event] = told(tmp_path)
    assert (event["limit"], event["max_calls"], event["level"]) == (512, 1_000, "warning")
    assert "3256" in str(event["event"])


@pytest.mark.skipif(sys.platform != "linux", reason="the table of descriptors is Linux's")
def test_the_kernels_table_has_room_from_the_start(tmp_path: Path) -> None:
    """It does not grow, which stops all streams, while calls come."""
    with serving(tmp_path, 1_000, "ulimit -Sn 1024") as (server, _):
        assert size(server) >= 3_256

        (tmp_path / "routes.yaml").write_text(TABLE % 4_000)
        server.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while size(server) < 12_256:  # a new table may let more in
            assert time.monotonic() < deadline
            time.sleep(0.05)


def size(server: subprocess.Popen[str]) -> int:
    found = re.search(r"FDSize:\s*(\d+)", Path(f"/proc/{server.pid}/status").read_text())
    assert found
    return int(found[1])
