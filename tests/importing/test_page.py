"""docs/migrating-from-litellm.md shows what the command does."""

from __future__ import annotations

import re
from pathlib import Path

from router.app import compiled
from router.config import parse
from router.importing.litellm import import_litellm

PAGE = (Path(__file__).parents[2] / "docs" / "migrating-from-litellm.md").read_text()


def test_its_example_is_what_comes_out() -> None:
    """To the letter, and it can be served."""
    before, after = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert import_litellm(before, "litellm.yaml").text == after
    assert compiled(parse(after, "routes.yaml", {})).routes.keys() == {"tts-1", "kokoro", "whisper-1"}
