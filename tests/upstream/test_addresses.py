"""Who gets our key, and which hosts a result may be fetched from."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.upstream.addresses import address_of
from router.upstream.dress import dress
from router.vendors.spec import Vendor, get
from router.wire.faults import Fault, Kind

VENDOR = Vendor(name="acme", base_url="https://api.acme.test/v1", result_hosts=("cdn.acme.test", "*.files.test"))
LOCAL = replace(VENDOR, base_url="http://127.0.0.1:8000/v1")
SECRET = {"api_key": "sk-secret"}


@pytest.mark.parametrize(
    ("url", "gets_key"),
    [
        ("/jobs/1", True),
        ("https://api.acme.test/v2/jobs/1", True),
        ("https://api.acme.test:443/v2", True),
        ("https://cdn.acme.test/a.mp3", False),
        ("https://a.files.test/a.mp3?sig=1", False),
        ("https://a.b.files.test/a.mp3", False),
    ],
)
def test_the_key_goes_to_the_vendor_alone(url: str, gets_key: bool):
    """Its own origin, however it is written; the hosts of results are asked without."""
    headers = dress(get(url), VENDOR, SECRET, {}).headers

    assert ("authorization" in headers) is gets_key
    assert address_of(url, VENDOR).is_vendors is gets_key


@pytest.mark.parametrize(
    "url",
    [
        "http://api.acme.test/v2",  # not the origin: the key would go in the clear
        "https://api.acme.test:8443/v2",
        "https://api.acme.test.evil.test/",
        "http://cdn.acme.test/a.mp3",
        "https://files.test/a.mp3",
        "https://evilfiles.test/a.mp3",
        "https://user:pass@cdn.acme.test/a.mp3",
        "https://api.acme.test@evil.test/",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9000/admin",
        "http://[::1]:9000/admin",
        "@evil.test/",
        ".evil.test/",
        "ftp://cdn.acme.test/a.mp3",
        "song.mp3",
        "",
        "https://",
        "https://[",
    ],
)
def test_no_other_host_is_asked(url: str):
    """Wherever a vendor sends us: what is not named is garbled, and not fetched."""
    with pytest.raises(Fault) as caught:
        address_of(url, VENDOR)

    assert caught.value.kind is Kind.GARBLED


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x", "http://127.0.0.1:9000/x", "http://localhost:1/x"])
def test_a_vendor_of_this_machine_may_keep_its_results_here(url: str):
    """On loopback, at any port; with our key only at its own."""
    assert address_of(url, LOCAL).is_vendors is (":8000" in url)
