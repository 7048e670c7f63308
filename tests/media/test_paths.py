"""What can become what."""

from __future__ import annotations

import subprocess
import sys

import pytest

from router.media.paths import DELAY_MS, MUSIC, MUSIC_DELAY_MS, SPEECH, can_transcode
from router.wire.audio import MP3, OPUS, PCM, SPEECH_FORMATS, WAV, Format, pcm


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
@pytest.mark.parametrize("source", [*SPEECH_FORMATS.values(), pcm(8_000), pcm(22_050), pcm(48_000)], ids=str)
def test_ways(source, wanted):
    """Every format a client may ask for can be made of every format a vendor may send."""
    assert can_transcode(source, wanted)


@pytest.mark.parametrize("source", [Format("pcm"), pcm(0), pcm(1), pcm(10_000_000), Format("vorbis")], ids=repr)
def test_no_way_from(source):
    """Raw samples without a sane rate, and codecs nobody named, have no way to anywhere."""
    assert not can_transcode(source, MP3)


@pytest.mark.parametrize("wanted", [pcm(16_000), Format("pcm"), Format("vorbis")], ids=repr)
def test_no_way_to(wanted):
    """Nothing becomes what the speech endpoint does not offer; its pcm is 24 kHz only."""
    assert not can_transcode(WAV, wanted)
    assert not can_transcode(PCM, wanted)


def test_delay_for_all():
    """The delay of every format a client may ask for is stated."""
    assert DELAY_MS.keys() == MUSIC_DELAY_MS.keys() == SPEECH_FORMATS.keys()


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
def test_shape_of_speech(wanted):
    """Every format can hold speech as it is."""
    assert SPEECH.within(wanted) == SPEECH


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
def test_shape_of_music(wanted):
    """Music is 44.1 kHz stereo, but for Opus, which has no such rate, and pcm, which has one shape only."""
    shape = MUSIC.within(wanted)

    assert (shape.rate, shape.channels) == {OPUS: (48_000, 2), PCM: (24_000, 1)}.get(wanted, (44_100, 2))


def test_no_codecs_loaded():
    """Asking what is possible does not load PyAV."""
    code = "import sys, router.media.paths; sys.exit('av' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
