"""The command line as people run it: what it prints, where, and the status it exits with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator

from router.commands.table import find_table
from router.config import parse
from tests.components import needs

SHIPPED = Path(__file__).parents[2] / "routes.yaml"
NO_KEYS = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


def run(*arguments: str | Path, cwd: Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, as people run it."""
    return subprocess.run(
        [sys.executable, "-m", "router", *map(str, arguments)],
        cwd=cwd,
        env={**NO_KEYS, "COLUMNS": "200", **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_passes_the_shipped_table_and_tells_who_is_missing(tmp_path: Path) -> None:
    """Valid: status 0, each vendor that is not configured with its reason."""
    done = run("check", "--config", SHIPPED, cwd=tmp_path, OPENAI_API_KEY="sk-check-secret")

    assert done.returncode == 0, done.stderr
    assert "is valid: 10 routes, 5 vendors" in done.stdout
    assert "elevenlabs is not configured: ELEVENLABS_API_KEY is not set" in done.stdout
    assert "openai is not" not in done.stdout
    assert "sk-check-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "vendors: {openai: {api_key: k}}\nroutes:\n  m:\n    target: [openai/tts-1]\n    policy: best\n",
            ["routes.yaml:4: routes.m.target: ", "routes.yaml:5: routes.m.policy: "],
        ),
        (
            "vendors:\n  opnai: {api_key: k}\n  deepgram: {api_key: k}\nvoices: {x: {deepgram: nobody}}\nroutes:\n"
            "  m:\n    targets:\n    - {target: deepgram/aura-2, timeout: 2}\n    - {weight: 1}\n    - nobody/x\n",
            [
                "routes.yaml:2: vendors.opnai: unknown vendor 'opnai'",
                "routes.yaml:4: voices.x.deepgram: deepgram has no voice 'nobody'",
                "routes.yaml:8: routes.m.targets[0].timeout: ",
                "routes.yaml:9: routes.m.targets[1]: the key target is missing",
                "routes.yaml:10: routes.m.targets[2]: nobody/x: no vendor 'nobody' in this table",
            ],
        ),
        (
            "vendors:\n  opnai: {api_key: k}\nroutes:\n  m:\n    targets: [opnai/tts-1, nobody/x]\n",
            ["routes.yaml:2: vendors.opnai: unknown vendor 'opnai'", "routes.yaml:5: routes.m.targets[1]: "],
        ),
    ],
)
def test_check_lists_every_problem_in_one_run(tmp_path: Path, text: str, problems: list[str]) -> None:
    """Status 1, each problem on a line of its own with file, line and path."""
    (tmp_path / "routes.yaml").write_text(text)

    done = run("check", cwd=tmp_path)

    assert done.returncode == 1
    for problem in problems:
        assert problem in done.stderr


def test_the_table_is_found_where_it_is_named_or_here_or_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--config`, the environment, the working directory, the package."""
    monkeypatch.chdir(tmp_path)

    assert find_table(Path("x"), {"AUDIO_ROUTER_CONFIG": "y"}) == Path("x")
    assert find_table(None, {"AUDIO_ROUTER_CONFIG": "y"}) == Path("y")
    assert find_table(None, {}).resolve() == SHIPPED.resolve()
    (tmp_path / "routes.yaml").write_text("")
    assert find_table(None, {}) == Path("routes.yaml")


def test_schema_is_a_schema_that_fits_the_shipped_table(tmp_path: Path) -> None:
    """What editors are given is what the router decodes by."""
    done = run("schema", cwd=tmp_path)

    schema = msgspec.json.decode(done.stdout)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(SHIPPED.read_text()))
    assert parse(SHIPPED.read_text(), "routes.yaml", {})


def test_models_and_voices_are_listed(tmp_path: Path) -> None:
    """Each route with its chain; each voice with its name at each vendor."""
    models = run("models", "--config", SHIPPED, cwd=tmp_path, GROQ_API_KEY="k").stdout
    voices = run("voices", "--config", SHIPPED, cwd=tmp_path).stdout

    assert "whisper-1 (transcription, translation): (openai/whisper-1) → groq/whisper-large-v3 → (deepgram" in models
    assert "named directly: groq/canopylabs/orpheus-v1-english" in models
    assert "aura-2-thalia-en" in next(line for line in voices.splitlines() if line.startswith("alloy"))


@needs("espeakng_loader", "pocketsphinx")
def test_speak_and_transcribe_need_no_server(tmp_path: Path) -> None:
    """A file whose ending is the format, and its words on standard output; all else goes to standard error."""
    spoken = run("speak", "-", "-o", "said.ogg", "--config", SHIPPED, cwd=tmp_path, stdin="one two three four five")
    assert spoken.returncode == 2
    assert "known are .mp3, .opus" in spoken.stderr

    spoken = run("speak", "-", "-o", "said.opus", "--config", SHIPPED, cwd=tmp_path, stdin="one two three four five")
    heard = run("transcribe", "said.opus", "--config", SHIPPED, cwd=tmp_path)
    captions = run("transcribe", "said.opus", "--format", "vtt", "--config", SHIPPED, cwd=tmp_path)

    assert (spoken.returncode, spoken.stdout) == (0, "")
    assert "from local/espeak-ng" in spoken.stderr
    assert (tmp_path / "said.opus").read_bytes().startswith(b"OggS")
    assert heard.returncode == 0
    assert "two three four" in heard.stdout
    assert captions.stdout.startswith("WEBVTT\n\n00:00:0")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("speak", "x", "-o", "x.mp3", "--model", "nope"), 1, "does not exist here"),
        (("speak", "x", "-o", "x.mp3", "--voice", "no body"), 1, "has no voice 'no body'"),
        (("speak", "x", "-o", "missing/x.mp3"), 1, "missing"),
        (("transcribe", "nothing.wav"), 2, "nothing.wav"),
        (("speak", "x"), 2, "--output"),
        (("transcribe", "routes.yaml", "--translate"), 1, "does not do translation"),
        (("dance",), 2, "dance"),
        (("serve", "--host", "0.0.0.0"), 1, "docker run -e AUDIO_ROUTER_KEY=choose-a-secret -p 8080:8080"),
        (("check", "--config", "absent.yaml"), 1, "absent.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_breath(
    tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    """A sentence that names the mistake, never a traceback, and a status that scripts can use."""
    (tmp_path / "routes.yaml").write_text(SHIPPED.read_text())

    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == status, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
