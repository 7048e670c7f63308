"""Durations and sizes: every unit, every way to get one wrong."""

from __future__ import annotations

import msgspec
import pytest

from router.config.units import Duration, Size, describe_unit, read_unit

DURATIONS = [
    ("2s", 2.0),
    ("500ms", 0.5),
    ("1.5m", 90.0),
    ("1h", 3600.0),
    ("0.25s", 0.25),
    ("007s", 7.0),
    ("0.000000001ms", 1e-12),
    ("999999999.999999999h", 999999999.999999999 * 3600),
]
SIZES = [
    ("25MB", 26_214_400),
    ("1B", 1),
    ("1KB", 1024),
    ("1MB", 1_048_576),
    ("1GB", 1_073_741_824),
    ("010KB", 10_240),
    ("999999999GB", 999_999_999 * 1024**3),
]
NO_DURATIONS = [
    "",
    "2",
    "s",
    "2 s",
    " 2s",
    "2s ",
    "2s\n",
    "-2s",
    "+2s",
    "2S",
    "2sec",
    "2d",
    "1m30s",
    ".5s",
    "2.s",
    "1e3s",
]
NO_DURATIONS += ["0s", "0.0ms", "00h", "1,5s", "2s2s", "inf s", "nan", "1234567890s", "٢s", "1_0s"]
NO_SIZES = ["", "25", "MB", "25 MB", " 25MB", "25MB ", "25MB\n", "-1MB", "25mb", "25MiB", "25M", "2.5MB", "0B", "000GB"]
NO_SIZES += ["1e3KB", "1TB", "25MBMB", "1234567890B", "٢KB", "1_0KB"]


@pytest.mark.parametrize(("text", "seconds"), DURATIONS)
def test_a_duration_is_a_number_of_seconds(text, seconds):
    """Every unit of time is read, with and without a fraction."""
    duration = Duration.parse(text)
    assert isinstance(duration, Duration)
    assert duration == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(("text", "count"), SIZES)
def test_a_size_is_a_number_of_bytes(text, count):
    """Every unit of size is read, in powers of 1024."""
    size = Size.parse(text)
    assert isinstance(size, Size)
    assert size == count


@pytest.mark.parametrize(
    ("kind", "text"), [*((Duration, text) for text in NO_DURATIONS), *((Size, text) for text in NO_SIZES)]
)
def test_whatever_is_not_one_positive_number_and_its_unit_is_refused(kind, text):
    """Zero, signs, blanks, other spellings and missing units are errors, to the type and to its schema alike."""
    with pytest.raises(ValueError, match="a number and its unit"):
        kind.parse(text)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind, dec_hook=read_unit)


@pytest.mark.parametrize("kind", [Duration, Size])
@pytest.mark.parametrize("value", [2, 2.0, True, [], {}])
def test_a_bare_number_is_refused(kind, value):
    """What is not text has no unit."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, kind, dec_hook=read_unit)


def test_msgspec_reads_and_describes_both():
    """Either type decodes through the hook, and its description holds examples that it reads."""
    for kind in (Duration, Size):
        description = describe_unit(kind)
        for example in description["examples"]:
            assert msgspec.convert(example, kind, dec_hook=read_unit) == kind.parse(example)
        assert description["title"].startswith(f"a {kind.__name__.lower()} such as ")
