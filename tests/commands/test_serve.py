"""`serve` as a process of its own: what it prints is true, and it ends when asked."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from router.app import compiled
from router.commands.serve import is_loopback, welcome
from router.config import parse
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
    assert '"text":"one two three"' in heard.stdout
    assert "keys: default left out (AUDIO_ROUTER_KEY is not set): any program on this machine may call" in text


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


def test_without_a_key_other_machines_are_let_in_only_on_demand(tmp_path: Path) -> None:
    """A refusal that says what to do; with `--insecure` a loud line, and replies by whatever name it is reached."""
    bare = {name: value for name, value in BARE.items() if name != "AUDIO_ROUTER_KEY"}
    command = [sys.executable, "-m", "router", "serve", "--config", str(SHIPPED), "--port", "0", "--host", "0.0.0.0"]
    refused = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=60, check=False)
    with subprocess.Popen(
        [*command, "--insecure"], cwd=tmp_path, env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        address = re.search(r"http://127\.0\.0\.1:\d+", Served(process).read_until("listens on"))
        assert address
        request = urllib.request.Request(f"{address[0]}/health/live", headers={"host": "box.lan:8080"})
        with urllib.request.urlopen(request) as alive:
            assert alive.status == 200
        process.send_signal(signal.SIGINT)
        _, loud = process.communicate(timeout=20)

    assert refused.returncode == 1
    assert "Refused to listen on 0.0.0.0" in refused.stderr
    assert "--insecure insists" in refused.stderr
    assert loud.startswith("INSECURE: listening on 0.0.0.0 without a key.")


def test_insecure_changes_nothing_where_nothing_is(tmp_path: Path) -> None:
    """On loopback it opens no door that was closed, and there is nothing to be loud about."""
    with serving(tmp_path, "--insecure", AUDIO_ROUTER_KEY="") as served:
        address = re.search(r"http://127\.0\.0\.1:\d+", served.printed[0])
        assert address
        request = urllib.request.Request(f"{address[0]}/health/live", headers={"host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request)


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.2"])
def test_every_loopback_address_is_open_without_a_key(host: str) -> None:
    """And nothing else is."""
    assert is_loopback(host)
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("::")
    assert not is_loopback("example.com")


@pytest.mark.parametrize(
    ("entry", "variable", "explanation"),
    [
        ('{key: "${ALICE_KEY}"}', "ALICE_KEY", []),
        ("{key: a-literal-secret}", "KEY", ['KEY is the key of "alice[red]".']),
        (f"{{sha256: {'a' * 64}}}", "KEY", ['KEY is the key of "alice[red]".']),
    ],
)
def test_the_lines_name_the_variable_that_the_first_key_came_from(
    entry: str, variable: str, explanation: list[str]
) -> None:
    """Or one that is explained, where the key is in the table itself or known by its hash alone; never the key."""
    environment = {"OTHER": "x", "ALICE_KEY": "sk-alice-secret", "BOB_KEY": "sk-bob"}
    printed = told(
        'routes: {"it\'s [red]": {targets: [local/espeak-ng]}}\n'
        f'keys: {{"alice[red]": {entry}, bob: {{key: "${{BOB_KEY}}"}}}}\n',
        environment,
    )

    (speech,) = (line for line in printed if line.startswith("  curl "))
    assert f'-H "Authorization: Bearer ${variable}" ' in speech
    assert [line for line in printed if line.startswith("KEY is")] == explanation
    assert shlex.split(speech)[-3] == '{"model":"it\'s [red]","voice":"alloy","input":"Hello from your audio router."}'
    assert "secret" not in "".join(printed)
    assert "any program" not in "".join(printed)


def told(table: str, environment: dict[str, str]) -> list[str]:
    """The welcome as it is seen."""
    loaded = parse(f"vendors: {{local: {{}}}}\n{table}", "[dim]routes.yaml", environment)
    screen = StringIO()
    console = Console(file=screen)
    for line in welcome(compiled(loaded), loaded, "http://127.0.0.1:8080", environment):
        console.print(line, highlight=False, soft_wrap=True)
    printed = screen.getvalue().splitlines()
    assert "table: [dim]routes.yaml" in printed
    return printed


def test_ctrl_c_at_rest_is_a_good_end(tmp_path: Path) -> None:
    """Status 0, so that `make run` has nothing to complain about, and no traceback."""
    command = [sys.executable, "-m", "router", "serve", "--config", str(SHIPPED), "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=BARE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        served = Served(process)
        address = re.search(r"http://[^ ]+", served.read_until("listens on"))
        assert address
        served.read_until("Stop with Ctrl-C.")
        with urllib.request.urlopen(f"{address[0]}/health/live") as alive:
            assert alive.status == 200
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in complaints


@needs("espeakng_loader", "pocketsphinx")
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v1/models"])
def test_probes_may_ask_for_the_head_alone(tmp_path: Path, path: str) -> None:
    """The same status and type as of a GET, and no body."""
    with serving(tmp_path) as served:
        address = re.search(r"http://127\.0\.0\.1:\d+", served.printed[0])
        assert address
        with urllib.request.urlopen(urllib.request.Request(f"{address[0]}{path}", method="HEAD")) as reply:
            assert (reply.status, reply.headers["content-type"], reply.read()) == (200, "application/json", b"")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address[0]}/v1/models/local/typo")
        with urllib.request.urlopen(f"{address[0]}/v1/models/local/espeak-ng") as known:
            assert known.status == 200
