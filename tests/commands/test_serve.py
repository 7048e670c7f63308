"""`serve` as a process of its own: what it prints is true, and it ends when asked."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.commands.serve import is_loopback
from tests.components import needs

SHIPPED = Path(__file__).parents[2] / "routes.yaml"
BARE = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


class Served:
    """A running server and the lines it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed: list[str] = []

    def read_until(self, text: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed.append(line.rstrip())
            if text in line:
                return line
        raise AssertionError(f"ended without {text!r}: {self.printed}")

    def curls(self) -> list[str]:
        return [line.strip() for line in self.printed if line.startswith("  curl ")]


@contextmanager
def serving(tmp_path: Path, *arguments: str, **environment: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "router", "serve", "--config", str(SHIPPED), "--port", "0", *arguments]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**BARE, **environment}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            served = Served(process)
            served.read_until("Stop with Ctrl-C.")
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in {0, -signal.SIGTERM}


@needs("espeakng_loader", "pocketsphinx")
def test_each_printed_curl_line_works_as_it_is(tmp_path: Path) -> None:
    """Without one key: what is configured and what is not and why, and a line for each endpoint that can answer."""
    with serving(tmp_path) as served:
        text = "\n".join(served.printed)
        speech, transcription = served.curls()
        subprocess.run(["sh", "-c", speech], cwd=tmp_path, check=True, timeout=60)
        heard = subprocess.run(
            ["sh", "-c", transcription], cwd=tmp_path, check=True, timeout=60, capture_output=True, text=True
        )

    assert re.search(r"listens on http://127\.0\.0\.1:\d+", text)
    assert "openai: OPENAI_API_KEY is not set" in text
    assert "✓ local" in text
    assert "translation: nobody can answer yet; set OPENAI_API_KEY or GROQ_API_KEY" in text
    assert (tmp_path / "hello.mp3").stat().st_size > 5_000
    assert "one two three" in heard.stdout


@needs("espeakng_loader", "pocketsphinx")
def test_with_a_key_the_lines_carry_it_and_health_does_not(tmp_path: Path) -> None:
    """The one key of the container: asked for on every call, printed by its variable, never by its value."""
    with serving(tmp_path, "--host", "0.0.0.0", AUDIO_ROUTER_KEY="sk-own-secret") as served:
        text = "\n".join(served.printed)
        speech = served.curls()[0]
        refused = subprocess.run(
            ["sh", "-c", speech.replace("-o hello.mp3", "")], cwd=tmp_path, check=True, capture_output=True, timeout=60
        )
        subprocess.run(
            ["sh", "-c", speech],
            cwd=tmp_path,
            check=True,
            timeout=60,
            env={**BARE, "AUDIO_ROUTER_KEY": "sk-own-secret"},
        )
        port = re.search(r"127\.0\.0\.1:(\d+)", text)
        assert port
        with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/health/live") as alive:
            assert alive.status == 200

    assert "sk-own-secret" not in text
    assert b"invalid_api_key" in refused.stdout
    assert (tmp_path / "hello.mp3").stat().st_size > 5_000


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """One sentence and a way out, status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "router", "serve", "--config", str(SHIPPED), "--port", port],
            cwd=tmp_path,
            env=BARE,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use. Try another --port." in done.stderr


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.2"])
def test_every_loopback_address_is_open_without_a_key(host: str) -> None:
    """And nothing else is."""
    assert is_loopback(host)
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("::")
    assert not is_loopback("example.com")
