"""The command line as people run it: what it prints, where, and the status it exits with."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator
from rich.console import Console

from router.api.forms import FormLimits
from router.commands.table import check, find_table
from router.config import parse
from router.wire.errors import TooLarge
from tests.components import needs
from tests.forms import read_form

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
    assert "is valid: 12 routes, 8 vendors" in done.stdout
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


WITH_A_WARNING = (
    "vendors: {groq: {api_key: k}}\nroutes:\n  m:\n    targets:\n      - {target: groq/whisper-large-v3, weight: 2}\n"
)


def test_check_warns_and_passes_all_the_same(tmp_path: Path) -> None:
    """What works in vain is counted, and told with file, line and path; the status is 0, for the table can be used."""
    (tmp_path / "routes.yaml").write_text(WITH_A_WARNING)

    done = run("check", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "routes.yaml is valid: 1 routes, 1 vendors, 1 warning",
        "warning: routes.yaml:5: routes.m.targets[0].weight: counts under policy weight alone, and here it is order",
    ]


@pytest.mark.parametrize(
    ("text", "is_strict", "status"),
    [
        (WITH_A_WARNING, False, 0),
        (WITH_A_WARNING, True, 1),
        (WITH_A_WARNING.replace(", weight: 2", ""), True, 0),
        ('vendors: {local: {}, groq: {api_key: "${A}"}}\nroutes: {m: {targets: [groq/x, local/espeak-ng]}}\n', True, 0),
    ],
)
def test_a_strict_check_fails_for_a_warning_and_for_nothing_else(text: str, is_strict: bool, status: int) -> None:
    """As an error does; a vendor that is not configured is none."""
    assert check(parse(text, "routes.yaml", {}), Console(file=io.StringIO()), is_strict=is_strict) == status


def test_check_without_keys_is_told_by_vendor_not_by_route(tmp_path: Path) -> None:
    """A newcomer reads a line for each vendor, each last resort, and each route nobody is left for; no more."""
    done = run("check", "--config", SHIPPED, cwd=tmp_path)

    told = [line for line in done.stdout.splitlines() if not line.startswith("warning: ") or " end" not in line]
    assert len(told) <= 1 + 8 + 2 + 2, done.stdout
    assert "groq is not configured: GROQ_API_KEY is not set" in done.stdout


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
        (("speak", " ", "-o", "x.mp3"), 1, "there is nothing to say in it"),
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


async def test_a_call_is_checked_as_the_server_checks_it(tmp_path: Path) -> None:
    """Too long a text, an empty file and one that is too large: the server's words, and nothing is written."""
    (tmp_path / "routes.yaml").write_text(
        "vendors: {local: {}}\nserver: {max_input: 5, max_upload: 1KB}\n"
        "routes: {tts-1: {targets: [local/espeak-ng]}, whisper-1: {targets: [local/pocketsphinx]}}\n"
    )
    (tmp_path / "empty.wav").touch()
    (tmp_path / "[red]large.wav").write_bytes(bytes(1025))

    long = run("speak", "one two", "-o", "x.mp3", cwd=tmp_path)
    empty = run("transcribe", "empty.wav", cwd=tmp_path)
    large = run("transcribe", "[red]large.wav", cwd=tmp_path)

    assert [(one.returncode, one.stdout) for one in (long, empty, large)] == [(1, "")] * 3
    assert "7 characters, at most 5 are taken" in long.stderr
    assert empty.stderr == "empty.wav: The file is empty.\n"
    assert large.stderr == f"[red]large.wav: {await what_the_server_says()}\n"
    assert not (tmp_path / "x.mp3").exists()


async def what_the_server_says() -> str:
    async def chunks():
        yield b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(1025)

    with pytest.raises(TooLarge) as refused:
        await read_form("multipart/form-data; boundary=b", chunks(), FormLimits(max_upload=1024))
    return refused.value.message


def test_names_of_the_table_are_shown_as_they_are(tmp_path: Path) -> None:
    """Brackets are part of a name, not of the layout."""
    table = tmp_path / "[dim]routes.yaml"
    table.write_text(
        'vendors: {openai: {api_key: "${ABSENT}"}, elevenlabs: {api_key: k}}\n'
        'voices: {"v[red]": {elevenlabs: JBFqnCBsd6RMkjVDRZzb}}\n'
        'routes: {"x[red]": {targets: ["openai/m[bold]", "elevenlabs/n[bold]"]}}\nkeys: {"[b]": {key: "${UNSET}"}}\n'
    )

    models = run("models", "--config", table, cwd=tmp_path).stdout
    voices = run("voices", "--config", table, cwd=tmp_path).stdout
    checked = run("check", "--config", table, cwd=tmp_path).stdout

    assert "x[red] (speech, transcription, sound, music): (openai/m[bold]) → elevenlabs/n[bold]\n" in models
    assert "v[red]" in voices
    assert "[dim]routes.yaml is valid" in checked
    assert "keys: [b] left out (UNSET is not set): any program on this machine may call" in checked


def test_check_tells_which_of_several_keys_are_left_out(tmp_path: Path) -> None:
    """As long as one is left, the others are missed and nobody is let in."""
    (tmp_path / "routes.yaml").write_text(
        'vendors: {local: {}}\nroutes: {m: {targets: [local/espeak-ng]}}\nkeys: {a: {key: "${A_KEY}"}, b: {key: k}}\n'
    )

    checked = run("check", cwd=tmp_path).stdout

    assert "keys: a left out (A_KEY is not set)\n" in checked
    assert "any program" not in checked
