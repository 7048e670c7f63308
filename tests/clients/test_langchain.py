"""LangChain's `OpenAIWhisperParser`, which cuts a recording with ffmpeg and sends it as mp3."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from router.wire.audio import MP3, WAV
from tests.clients.vendor import TEXT, a_table, hears
from tests.conftest import Serve
from tests.fakes import Upstream
from tests.media.sounds import TONE_HZ, clip, heard
from tests.sdks.official import official

parsers, _ = official("langchain_community.document_loaders.parsers.audio", "langchain-community")
blobs, _ = official("langchain_core.documents.base", "langchain-core")
ffmpeg, _ = official("imageio_ffmpeg", "imageio-ffmpeg")

pytestmark = pytest.mark.filterwarnings(  # pydub's: what it imports, and the files that it leaves open
    "ignore:'audioop' is deprecated:DeprecationWarning", "ignore:unclosed file:ResourceWarning"
)


@pytest.fixture(autouse=True)
def ffmpeg_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pydub calls a program of this name."""
    (tmp_path / "ffmpeg").symlink_to(ffmpeg.get_ffmpeg_exe())
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.parametrize(("shape", "text"), [(None, TEXT), ("text", f"{TEXT}\n"), ("verbose_json", TEXT)])
async def test_a_recording_becomes_a_document(
    serve: Serve, upstream: Upstream, tmp_path: Path, shape: str | None, text: str
) -> None:
    """The document holds the transcript; the vendor got the recording as the mp3 that LangChain made of it."""
    upstream.answers(hears)
    router = await serve(a_table(upstream))
    path = tmp_path / "speech.wav"
    path.write_bytes(clip(WAV, 1.0))
    parser = parsers.OpenAIWhisperParser(api_key="sk-anything", base_url=f"{router.url}/v1", response_format=shape)

    documents = await asyncio.to_thread(parser.parse, blobs.Blob.from_path(path))

    body = upstream.seen[0].body
    sent = body[body.index(b"\r\n\r\n", body.index(b'filename="')) + 4 : body.rindex(b"\r\n--", 0, -4)]
    assert [document.page_content for document in documents] == [text]
    assert heard(sent, MP3).pitch_hz == pytest.approx(TONE_HZ, rel=0.02)
