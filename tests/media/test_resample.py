"""Frames of any kind made mono, or stereo, at one rate."""

from __future__ import annotations

from array import array

import av
import pytest

from router.media.paths import Undecodable
from router.media.resample import Resampler


def frame(samples: int, rate: int, layout: str = "mono", sample_format: str = "s16") -> av.AudioFrame:
    made = av.AudioFrame(sample_format, layout, samples)
    made.sample_rate = rate
    for plane in made.planes:
        plane.update(bytes(plane.buffer_size))
    return made


def total(frames: list[av.AudioFrame]) -> int:
    return sum(made.samples for made in frames)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_held_back(rate):
    """Never more than 16 samples of the lower rate are held back, and closing gives them."""
    resampler = Resampler("s16", 24_000)
    fed = given = 0
    for _ in range(200):
        fed += 100
        given += total(resampler.feed(frame(100, rate)))

        assert fed / rate - given / 24_000 <= 17 / min(rate, 24_000)

    assert given + total(resampler.close()) == pytest.approx(fed * 24_000 / rate, abs=2)


def test_untouched():
    """A frame that has the right shape already is passed on as it is."""
    one = frame(100, 24_000)

    assert Resampler("s16", 24_000).feed(one) == [one]


def test_shape_changes_midway():
    """A stream may change rate, channels and sample format; not a sample of either part is lost."""
    resampler = Resampler("s16", 24_000)
    given = total(resampler.feed(frame(4_410, 44_100, "stereo", "fltp")))
    given += total(resampler.feed(frame(1_600, 16_000)))
    given += total(resampler.feed(frame(2_400, 24_000)))
    given += total(resampler.close())

    assert given == pytest.approx(3 * 2_400, abs=3)


def test_output_shape():
    """What comes out is mono, in the rate and format that were asked for."""
    [made] = Resampler("fltp", 24_000).feed(frame(480, 48_000, "stereo", "s32"))

    assert (made.format.name, made.layout.name, made.sample_rate) == ("fltp", "mono", 24_000)


@pytest.mark.parametrize("sample_format", ["s16", "fltp"])
@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_mono_on_both_sides(rate, sample_format):
    """One channel comes out as two, each as loud as it was, and nothing of it is lost."""
    resampler = Resampler(sample_format, 44_100, "stereo")
    one = frame(rate // 10, rate)
    one.planes[0].update(array("h", [16_384] * one.samples).tobytes())
    made = [*resampler.feed(one), *resampler.close()]

    assert total(made) == pytest.approx(4_410, abs=2)
    for part in made:
        values = array("f" if part.format.is_planar else "h", b"".join(map(bytes, part.planes)))
        assert (part.layout.name, len(values)) == ("stereo", part.samples * 2)
        if part is made[0]:  # the end rings where the rate was changed
            middle = values[len(values) // 4 : len(values) // 3]
            assert max(middle) == pytest.approx(0.5 if part.format.is_planar else 16_384, rel=0.001)
            assert min(middle) == pytest.approx(0.5 if part.format.is_planar else 16_384, rel=0.001)


def test_sides_change_midway():
    """A stream may turn from one channel to two and back; not a sample of any part is lost."""
    resampler = Resampler("s16", 44_100, "stereo")
    made = resampler.feed(frame(2_205, 22_050))
    made += resampler.feed(frame(4_410, 44_100, "stereo", "fltp"))
    made += resampler.feed(frame(2_400, 24_000))
    made += resampler.close()

    assert {part.layout.name for part in made} == {"stereo"}
    assert total(made) == pytest.approx(3 * 4_410, abs=4)


@pytest.mark.parametrize("rate", [1, 1_000_000])
def test_no_sound_at_that_rate(rate):
    """A rate that no sound has is refused before it is blown up to hours of samples."""
    with pytest.raises(Undecodable, match="sample rate"):
        Resampler("s16", 24_000).feed(frame(100, rate))


def test_nothing_fed():
    """Closing without input gives nothing."""
    assert Resampler("s16", 24_000).close() == []
