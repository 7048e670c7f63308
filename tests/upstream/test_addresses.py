"""Who gets our key, and which hosts a result may be fetched from."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.upstream.addresses import address_of, is_public
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


@pytest.mark.parametrize(
    ("url", "vendor", "is_foreign"),
    [
        ("/jobs/1", VENDOR, False),
        ("https://api.acme.test/v2/jobs/1", VENDOR, False),
        ("https://cdn.acme.test/a.mp3", VENDOR, True),
        ("/jobs/1", LOCAL, False),
        ("http://localhost:9000/x", LOCAL, False),
        ("https://cdn.acme.test/a.mp3", LOCAL, True),
    ],
)
def test_what_a_vendor_only_says_is_foreign(url: str, vendor: Vendor, is_foreign: bool):
    """What the table names is trusted as it is; a host out of an answer is none of our network's."""
    assert dress(get(url), vendor, SECRET, {}).is_foreign is is_foreign


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_the_open_internet_is_public(address: str):
    """In either family, and the one inside the other."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::10.0.0.1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("2001:db8::1", "100::1", "4000::1", "64:ff9b:1::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1"),
        *("", "localhost", "2130706433", "127.1", "0x7f000001"),
    ],
)
def test_nothing_else_is(address: str):
    """Private, loopback, link-local, shared, multicast, reserved, nobody's; also inside one of another family."""
    assert not is_public(address)
