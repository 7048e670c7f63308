"""`models` and `voices` before people's eyes, in a terminal of 80 columns."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from router.commands.listing import models, voices
from router.config import parse
from tests.plans import VENDORS

TABLE = VENDORS + (
    "voices: {narrator: {elevenlabs: JBFqnCBsd6RMkjVDRZzb}}\n"
    "routes:\n"
    "  tts-1: {targets: [openai/tts-1, elevenlabs/eleven_flash_v2_5, deepgram/aura-2, local/espeak-ng]}\n"
    "  whisper-1: {targets: [openai/whisper-1, groq/whisper-large-v3, deepgram/nova-2]}\n"
)


def shown(command, width: int = 80) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)

    assert command(parse(TABLE, "routes.yaml", {"ELEVENLABS_API_KEY": "k", "GROQ_API_KEY": "k"}), console) == 0
    return out.getvalue().splitlines()


def line_of(lines: list[str], start: str) -> str:
    (line,) = [line for line in lines if line.startswith(start)]
    return " ".join(line.split())


def test_models_fit_the_screen_and_tell_price_and_last_day() -> None:
    """Kinds and chain of a route; of each model its price and its end; brackets around what is not configured."""
    lines = shown(models)

    assert max(map(len, lines)) <= 80
    assert lines[0] == "tts-1 (speech): (openai/tts-1) → elevenlabs/eleven_flash_v2_5 →"
    assert lines[1] == "    (deepgram/aura-2) → local/espeak-ng"
    assert line_of(lines, "(openai/tts-1)") == "(openai/tts-1) 15 per 1m characters 2027-01-06"
    assert line_of(lines, "groq/whisper-large-v3 ") == "groq/whisper-large-v3 0.111 per hour, 10 s at least"
    assert line_of(lines, "local/espeak-ng") == "local/espeak-ng free"
    assert line_of(lines, "(deepgram/nova-2)") == "(deepgram/nova-2)"
    assert lines[-1].startswith("(in brackets: not configured")


def test_no_name_is_cut_short() -> None:
    """What does not fit goes on in the next line."""
    assert all("…" not in line for command in (models, voices) for line in shown(command, width=60))


def test_voices_fit_the_screen_and_are_told_apart() -> None:
    """What each name becomes at each vendor, and then the configured vendors' own, by name, language and gender."""
    lines = shown(voices)

    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["voice", "(openai)", "elevenlabs", "(deepgram)", "groq", "local"]
    assert line_of(lines, "fable") == "fable fable JBFqnCBsd6RMkjVDRZzb aura-2-draco-en troy +m4"
    assert line_of(lines, "narrator") == "narrator JBFqnCBsd6RMkjVDRZzb"
    assert line_of(lines, "JBFqnCBsd6RMkjVDRZzb") == "JBFqnCBsd6RMkjVDRZzb George en-GB male elevenlabs"
    assert not any(line.startswith("aura-2") for line in lines)
