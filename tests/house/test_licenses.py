"""docs/LICENSES.md says what is true of the versions that are pinned."""

from __future__ import annotations

import ctypes
import re
from importlib.metadata import metadata
from pathlib import Path

import av
import pytest

from tests.components import needs

PAGE = (Path(__file__).parents[2] / "docs" / "LICENSES.md").read_text()


def bundled() -> dict[str, Path]:
    """The libraries inside PyAV's wheel, by their names."""
    folder = Path(av.__file__).parents[1] / "av.libs"
    return {path.name.partition("-")[0]: path for path in folder.glob("*.so*")}


def test_the_bundle_of_pyav_is_what_the_page_says() -> None:
    """FFmpeg's own word on its licence, and the two GPL libraries beside it."""
    libraries = bundled()
    if not libraries:
        pytest.skip("PyAV is not installed from its binary wheel")
    # the process has these loaded already; asking again costs nothing and loads nothing
    codecs = ctypes.CDLL(str(libraries["libavcodec"]))
    codecs.avcodec_license.restype = ctypes.c_char_p

    assert f'"{codecs.avcodec_license().decode()}"' in PAGE
    assert {"libx264", "libx265"} <= libraries.keys()
    assert "x264 and x265, inside PyAV's wheel | GPL-2.0-or-later" in PAGE


@needs("espeakng_loader", "pocketsphinx")
def test_every_dependency_is_on_the_page() -> None:
    """What we ask for by name is named there."""
    lines = [line for line in metadata("audio-router").get_all("Requires-Dist") or [] if "extra" not in line]
    asked = [re.match(r"[\w.-]+", line)[0] for line in lines]

    lower = PAGE.lower()
    assert [name for name in asked if name.lower() not in lower] == []
    assert "espeakng-loader" in lower
    assert "pocketsphinx" in lower
