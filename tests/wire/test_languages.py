"""Languages by code and by name."""

from __future__ import annotations

import pytest

from router.wire.languages import code_of, name_of


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ("en", "en", "english"),
        ("eng", "en", "english"),
        ("English", "en", "english"),
        ("en-US", "en", "english"),
        ("deu", "de", "german"),
        ("zh-Hant", "zh", "chinese"),
        ("haw", "haw", "hawaiian"),
        ("ht", "ht", "haitian creole"),
        ("zh_Hans_CN", "zh", "chinese"),
        ("cmn-Hans-CN", "zh", "chinese"),
        ("nb-NO", "no", "norwegian"),
        ("fil", "fil", "filipino"),
        ("kir", "ky", "kyrgyz"),
        ("ger", "de", "german"),
        ("Mandarin", "zh", "chinese"),
        ("xx", "xx", "xx"),
        ("Klingon", "klingon", "klingon"),
    ],
)
def test_codes_and_names_become_each_other(given: str, code: str, name: str) -> None:
    """Two letters, three, a region, a name; what nobody knows stays as it is."""
    assert (code_of(given), name_of(given)) == (code, name)
