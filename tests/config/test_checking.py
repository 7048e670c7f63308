"""Every mistake in a document has one sentence at its place, and no sentence shows a value."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config import loading
from router.config.checking import find_faults
from router.config.problems import render_path
from router.config.reading import BROKEN

GOOD = {
    "vendors": {"openai": {"api_key": "k", "like": "groq", "base_url": "https://x/v1"}},
    "voices": {"alloy": {"openai": "nova"}},
    "routes": {
        "tts-1": {
            "policy": "order",
            "cache": {"ttl": "1h"},
            "targets": [
                "openai/tts-1",
                {
                    "target": "a/b",
                    "timeout": "2s",
                    "last_resort": "always",
                    "price": {"per_minute": 1, "minimum": "10s"},
                    "weight": 0.5,
                    "concurrency": 4,
                    "voices": {"*": "x"},
                    "options": {"a": 1},
                },
            ],
        }
    },
    "defaults": {"retries": 1, "retry_budget": 0.2, "params": "strict", "deadline": "1h", "speech": {"timeout": "2s"}},
    "server": {"host": "h", "port": 1, "max_upload": "1MB", "max_body": "1KB", "max_input": 5, "cors": ["https://a.b"]},
    "keys": {"alice": {"sha256": "a" * 64}, "bob": {"key": "b"}},
}

VENDOR = "a vendor name such as openai (a-z, 0-9, - and _)"
TARGET = "a target such as openai/tts-1 (vendor/model)"
DURATION = "a duration such as 2s or 500ms"
SIZE = "a size such as 25MB or 512KB"
URL = "a URL such as https://api.example.com/v1"
ORIGIN = (
    "an origin such as https://app.example.com (scheme://host[:port] as browsers say it: lower case, no path, no "
    "default port; not *, with which every page could spend your vendors' money)"
)
NO_ORIGINS = [
    *(
        "*",
        "null",
        "",
        "app.example.com",
        "https://*.example.com",
        "https://app.example.com/",
        "https://App.example.com",
    ),
    *("https://app.example.com:443", "http://app.example.com:80", "https://user@app.example.com", "https://a.b:0"),
]
SHA256 = "a SHA-256 of 64 digits 0-9 and a-f, in lower case"
QUOTES = "; put it in quotes"
POLICY = "order, cost, latency, weight, or a mapping of by, max_latency and max_cost"
DOLLARS = "a number from 0 to 1000000"
CALLS = "a number of calls, or a mapping of limit, queue and wait"
UNKNOWN = "unknown key; known here:"
POSITIVE = "a number above 0, at most 1000000"
PRICE = "a mapping with at least one price, such as {per_1m_characters: 15}"
TIMES = "connect_timeout, timeout, first_byte_timeout, hedge_after, deadline"
TARGET_KEYS = (
    "connect_timeout, timeout, first_byte_timeout, hedge_after, target, price, weight, concurrency, last_resort, "
    "voices, options"
)

FIRST = ("routes", "tts-1", "targets", 0)
SECOND = ("routes", "tts-1", "targets", 1)

MISTAKES = [
    # sections
    (("sever",), 1, "sever: unknown key; did you mean server?"),
    (("ledger",), {}, "ledger: unknown key; known here: vendors, voices, routes, defaults, server, tasks, keys"),
    (("vendors",), "x", "vendors: expected a mapping, found text"),
    (("routes",), {}, "routes: expected at least one entry"),
    (("routes",), [], "routes: expected a mapping, found a list"),
    (("server",), 5, "server: expected a mapping, found a number"),
    (("keys",), True, "keys: expected a mapping, found true or false"),
    # vendors
    (("vendors", "Open AI"), {}, f'vendors["Open AI"]: as a key: expected {VENDOR}'),
    (("vendors", "a/b"), {}, f'vendors["a/b"]: as a key: expected {VENDOR}'),
    (("vendors", "a\n"), {}, f'vendors["a\\n"]: as a key: expected {VENDOR}'),
    (("vendors", "openai"), "k", "vendors.openai: expected a mapping, found text"),
    (("vendors", "openai", "api_key"), 5, f"vendors.openai.api_key: expected text, found a number{QUOTES}"),
    (("vendors", "openai", "api_key"), True, f"vendors.openai.api_key: expected text, found true or false{QUOTES}"),
    (("vendors", "openai", "api_key"), ["k"], "vendors.openai.api_key: expected text, found a list"),
    (("vendors", "openai", "like"), 5, f"vendors.openai.like: expected {VENDOR}, found a number"),
    (("vendors", "openai", "like"), "-x", f"vendors.openai.like: expected {VENDOR}"),
    (("vendors", "openai", "base_url"), "ftp://x", f"vendors.openai.base_url: expected {URL}"),
    (("vendors", "openai", "base_url"), "https://", f"vendors.openai.base_url: expected {URL}"),
    (("vendors", "openai", "base_url"), "https://x/v1?a=b", f"vendors.openai.base_url: expected {URL}"),
    (("vendors", "openai", "base_url"), "https://x/v1\n", f"vendors.openai.base_url: expected {URL}"),
    (("vendors", "openai", "base_url"), "", f"vendors.openai.base_url: expected {URL}"),
    (("vendors", "openai", "organization"), ["x"], "vendors.openai.organization: expected text, found a list"),
    (
        ("vendors", "openai", "result_hosts"),
        ["x"],
        "vendors.openai.result_hosts[0]: expected a host such as cdn.example.com, or *.example.com for all below it",
    ),
    # voices
    (("voices", ""), {}, 'voices[""]: as a key: expected text that is not empty'),
    (("voices", "alloy"), "x", "voices.alloy: expected a mapping, found text"),
    (("voices", "alloy", "*"), "x", f'voices.alloy["*"]: as a key: expected {VENDOR}'),
    (("voices", "alloy", "openai"), "", "voices.alloy.openai: expected text that is not empty"),
    (("voices", "alloy", "openai"), 7, f"voices.alloy.openai: expected text, found a number{QUOTES}"),
    (("voices", "alloy", "openai"), None, "voices.alloy.openai: expected text, found nothing"),
    # routes
    (("routes", ""), {"targets": ["a/b"]}, 'routes[""]: as a key: expected text that is not empty'),
    (("routes", "x"), None, "routes.x: expected a mapping, found nothing"),
    (("routes", "x"), ["a/b"], "routes.x: expected a mapping, found a list"),
    (("routes", "x"), {}, "routes.x: the key targets is missing"),
    (("routes", "gpt 4.1"), {"targets": []}, 'routes["gpt 4.1"].targets: expected at least one entry'),
    (("routes", "tts-1", "policy"), "cheap", f"routes.tts-1.policy: expected {POLICY}"),
    (("routes", "tts-1", "policy"), None, f"routes.tts-1.policy: expected {POLICY}"),
    (("routes", "tts-1", "policy"), {"by": "x"}, "routes.tts-1.policy.by: expected order, cost, latency or weight"),
    (("routes", "tts-1", "policy"), {"min": 3}, f"routes.tts-1.policy.min: {UNKNOWN} by, max_latency, max_cost"),
    (("routes", "tts-1", "policy"), {"max_cost": -1}, f"routes.tts-1.policy.max_cost: expected {DOLLARS}"),
    (("routes", "tts-1", "cache"), 5, "routes.tts-1.cache: expected a mapping, found a number"),
    (("routes", "tts-1", "cache"), {}, "routes.tts-1.cache: the key ttl is missing"),
    (("routes", "tts-1", "cache"), {"ttl": 5}, f"routes.tts-1.cache.ttl: expected {DURATION}, found a number"),
    (("routes", "tts-1", "polcy"), "order", "routes.tts-1.polcy: unknown key; did you mean policy?"),
    (("routes", "tts-1", "targets"), "a/b", "routes.tts-1.targets: expected a list, found text"),
    # targets
    (FIRST, 5, f"routes.tts-1.targets[0]: expected {TARGET} or a mapping, found a number"),
    (FIRST, None, f"routes.tts-1.targets[0]: expected {TARGET} or a mapping, found nothing"),
    (FIRST, ["a/b"], f"routes.tts-1.targets[0]: expected {TARGET} or a mapping, found a list"),
    (FIRST, "", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, "a", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, "a/", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, "/b", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, "A/b", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, "a/b c", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, "a/b\n", f"routes.tts-1.targets[0]: expected {TARGET}"),
    (FIRST, {}, "routes.tts-1.targets[0]: the key target is missing"),
    ((*SECOND, "target"), "b", f"routes.tts-1.targets[1].target: expected {TARGET}"),
    ((*SECOND, "weigth"), 5, "routes.tts-1.targets[1].weigth: unknown key; did you mean weight?"),
    ((*SECOND, "retries"), 5, f"routes.tts-1.targets[1].retries: unknown key; known here: {TARGET_KEYS}"),
    ((*SECOND, "weight"), 0, f"routes.tts-1.targets[1].weight: expected {POSITIVE}"),
    ((*SECOND, "price"), 15, f"routes.tts-1.targets[1].price: expected {PRICE}"),
    ((*SECOND, "price"), {}, f"routes.tts-1.targets[1].price: expected {PRICE}"),
    ((*SECOND, "price"), {"minimum": "10s"}, f"routes.tts-1.targets[1].price: expected {PRICE}"),
    ((*SECOND, "price"), {"credit": 0}, f"routes.tts-1.targets[1].price.credit: expected {POSITIVE}"),
    ((*SECOND, "price"), {"per_hour": -1}, f"routes.tts-1.targets[1].price.per_hour: expected {DOLLARS}"),
    ((*SECOND, "price"), {"per_hour": "1"}, f"routes.tts-1.targets[1].price.per_hour: expected {DOLLARS}, found text"),
    ((*SECOND, "concurrency"), 0, "routes.tts-1.targets[1].concurrency: expected a whole number from 1 to 100000"),
    ((*SECOND, "concurrency"), "2", f"routes.tts-1.targets[1].concurrency: expected {CALLS}"),
    ((*SECOND, "concurrency"), {"queue": 2}, "routes.tts-1.targets[1].concurrency: the key limit is missing"),
    ((*SECOND, "voice"), {}, "routes.tts-1.targets[1].voice: unknown key; did you mean voices?"),
    ((*SECOND, "timeout"), 2, f"routes.tts-1.targets[1].timeout: expected {DURATION}, found a number"),
    ((*SECOND, "timeout"), "2", f"routes.tts-1.targets[1].timeout: expected {DURATION}"),
    ((*SECOND, "timeout"), {}, f"routes.tts-1.targets[1].timeout: expected {DURATION}, found a mapping"),
    ((*SECOND, "last_resort"), "yes", "routes.tts-1.targets[1].last_resort: expected true, false or always"),
    ((*SECOND, "last_resort"), 1, "routes.tts-1.targets[1].last_resort: expected true, false or always"),
    ((*SECOND, "voices"), [], "routes.tts-1.targets[1].voices: expected a mapping, found a list"),
    ((*SECOND, "voices", "*"), 5, f'routes.tts-1.targets[1].voices["*"]: expected text, found a number{QUOTES}'),
    ((*SECOND, "voices", ""), "x", 'routes.tts-1.targets[1].voices[""]: as a key: expected text that is not empty'),
    ((*SECOND, "options"), None, "routes.tts-1.targets[1].options: expected a mapping, found nothing"),
    # defaults
    (("defaults", "retries"), 6, "defaults.retries: expected a whole number from 0 to 5"),
    (("defaults", "retries"), -1, "defaults.retries: expected a whole number from 0 to 5"),
    (("defaults", "retries"), 1.0, "defaults.retries: expected a whole number from 0 to 5, found a number"),
    (("defaults", "retries"), True, "defaults.retries: expected a whole number from 0 to 5, found true or false"),
    (("defaults", "retry_budget"), 2, "defaults.retry_budget: expected a number from 0 to 1"),
    (("defaults", "params"), "lax", "defaults.params: expected lenient or strict"),
    (("defaults", "speech"), "2s", "defaults.speech: expected a mapping, found text"),
    (("defaults", "speech", "retries"), 1, f"defaults.speech.retries: unknown key; known here: {TIMES}"),
    (("defaults", "speech", "timeout"), "0s", f"defaults.speech.timeout: expected {DURATION}"),
    # server
    (("server", "host"), "", "server.host: expected text that is not empty"),
    (("server", "host"), 5, f"server.host: expected text, found a number{QUOTES}"),
    (("server", "port"), "80", "server.port: expected a whole number from 0 to 65535, found text"),
    (("server", "port"), 65_536, "server.port: expected a whole number from 0 to 65535"),
    (("server", "max_upload"), 25, f"server.max_upload: expected {SIZE}, found a number"),
    (("server", "max_body"), "1mb", f"server.max_body: expected {SIZE}"),
    (("server", "workers"), 0, "server.workers: expected a whole number from 1"),
    (("server", "max_calls"), 0, "server.max_calls: expected a whole number from 1"),
    (("server", "max_head"), 64, f"server.max_head: expected {SIZE}, found a number"),
    (("server", "max_parts"), 1, "server.max_parts: expected a whole number from 2"),
    (("server", "max_reply"), "1TB", f"server.max_reply: expected {SIZE}"),
    (("server", "max_document"), "0MB", f"server.max_document: expected {SIZE}"),
    (("server", "max_input"), 0, "server.max_input: expected a whole number from 1"),
    (("server", "cors"), "https://a.b", "server.cors: expected a list, found text"),
    (("server", "cors", 0), 5, f"server.cors[0]: expected {ORIGIN}, found a number"),
    *((("server", "cors", 0), wrong, f"server.cors[0]: expected {ORIGIN}") for wrong in NO_ORIGINS),
    # keys
    (("keys", "alice"), {}, "keys.alice: expected exactly one of sha256 and key"),
    (("keys", "alice", "key"), "k", "keys.alice: expected exactly one of sha256 and key"),
    (("keys", "alice"), "k", "keys.alice: expected a mapping, found text"),
    (("keys", "alice"), None, "keys.alice: expected a mapping, found nothing"),
    (("keys", "alice", "plan"), "x", "keys.alice.plan: unknown key; known here: sha256, key"),
    (("keys", "alice", "sha256"), "A" * 64, f"keys.alice.sha256: expected {SHA256}"),
    (("keys", "bob", "key"), "", "keys.bob.key: expected text that is not empty"),
    (("keys", "bob", "key"), 5, f"keys.bob.key: expected text, found a number{QUOTES}"),
]  # fmt: skip


def changed(place, value):
    document = deepcopy(GOOD)
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return document


def sentences(document):
    return [f"{render_path(place)}: {message}" for place, message in find_faults(document)]


def test_a_good_document_has_no_faults():
    """What the table takes is not complained about."""
    assert find_faults(GOOD) == []


@pytest.mark.parametrize(("place", "value", "sentence"), MISTAKES)
def test_each_mistake_has_one_sentence(place, value, sentence):
    """The full path, what was expected, what kind of thing was found, and for a key what was likely meant."""
    assert sentences(changed(place, value)) == [sentence]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "expected a mapping, found a list"),
        ("x", "expected a mapping, found text"),
        (5, "expected a mapping, found a number"),
        ({}, "the key routes is missing"),
    ],
)
def test_the_document_itself_may_be_the_mistake(document, message):
    """The root has an empty path."""
    assert find_faults(document) == [((), message)]


def test_all_mistakes_are_found_in_one_run():
    """One mistake hides no other, beside it or within it."""
    document = {
        "server": {"port": "x", "hots": "y"},
        "routes": {"a": {"targets": [5, {"tarket": "a/b", "timeout": 2, "voices": {"": 3}}], "policy": "x"}, "": {}},
        "sever": {},
    }
    assert sorted(sentences(document)) == sorted(
        [
            "sever: unknown key; did you mean server?",
            "server.port: expected a whole number from 0 to 65535, found text",
            "server.hots: unknown key; did you mean host?",
            f"routes.a.policy: expected {POLICY}",
            f"routes.a.targets[0]: expected {TARGET} or a mapping, found a number",
            "routes.a.targets[1]: the key target is missing",
            "routes.a.targets[1].tarket: unknown key; did you mean target?",
            f"routes.a.targets[1].timeout: expected {DURATION}, found a number",
            'routes.a.targets[1].voices[""]: as a key: expected text that is not empty',
            f'routes.a.targets[1].voices[""]: expected text, found a number{QUOTES}',
            'routes[""]: as a key: expected text that is not empty',
            'routes[""]: the key targets is missing',
        ]
    )


def places(value, path=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


@pytest.mark.parametrize("place", list(places(GOOD)), ids=render_path)
def test_what_could_not_be_read_is_not_complained_about_again(place):
    """A value that has a problem of its own adds none, wherever it stands."""
    assert find_faults(changed(place, BROKEN)) == []


TEXTS = ["", "x", "2s", "2s\n", "1MB", "a/b", "a/b\n", "order", "always", "strict", "https://x", "a" * 64]
KEYS = st.sampled_from(["", "a", "A b", "key", "sha256", "target", "targets", "timeout", "by", "ttl", "minimum"])
NUMBERS = st.integers(-5, 70_000) | st.floats(allow_nan=False, allow_infinity=False)
JUNK = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
PLACES = st.sampled_from([place for place, *_ in MISTAKES])


@settings(deadline=None, max_examples=300)
@given(PLACES, JUNK)
def test_schema_and_structs_refuse_the_same_documents(place, junk):
    """Whatever the structs refuse is explained, and whatever they take is not complained about."""
    document = loading._tidy(changed(place, junk), {})
    is_refused = loading._decode(document, {}) is None
    assert is_refused == bool(find_faults(document))
