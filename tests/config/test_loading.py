"""Whole tables, from text and from files: what comes out, and everything that is wrong at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.config import (
    CacheEntry,
    CallTimes,
    ConcurrencyEntry,
    ConfigError,
    Defaults,
    KeyEntry,
    Loaded,
    PolicyEntry,
    PriceEntry,
    Problem,
    Route,
    Server,
    Table,
    TargetEntry,
    VendorEntry,
    load,
    parse,
)

FULL = Path(__file__).with_name("full.yaml").read_text()
ENVIRONMENT = {"OPENAI_API_KEY": "sk-1", "BOB_KEY": "12345", "PORT": "9090", "HOST": ""}
SMALL = "vendors: {a: {k: 'ä'}}\nroutes:\n  a:\n    targets: [b/c, {target: d/e, timeout: 2s}]\nserver: {port: 1}\n"
MALFORMED = "malformed ${: write ${NAME} or ${NAME:-default}, and $${ where ${ itself is meant"
UNFINISHED = "not valid YAML: the file ends in the middle of a value in quotes or brackets"
UNSET = "A is not set: set it, or write ${A:-default}"
MEANT_KEY = "unknown key; did you mean key?"
ONE_OF_TWO = "expected exactly one of sha256 and key"
TARGET_KEYS = (
    "connect_timeout, timeout, first_byte_timeout, hedge_after, target, price, weight, concurrency, last_resort, "
    "voices, options"
)
ROUTES = "routes: {a: {targets: [b/c]}}\n"


def problems(text, environment=None):
    with pytest.raises(ConfigError) as caught:
        parse(text, "routes.yaml", environment or {})
    return str(caught.value).splitlines()


def error_of(read, *arguments):
    """The error of a reading, None where there is a table; any other exception fails the test."""
    try:
        assert isinstance(read(*arguments), Loaded)
    except ConfigError as error:
        return error
    return None


def test_the_full_example_becomes_a_table():
    """Every section, every field, aliases, units, variables and their defaults."""
    loaded = parse(FULL, "routes.yaml", ENVIRONMENT)
    speech = [
        "openai/tts-1",
        TargetEntry(
            target="elevenlabs/eleven_flash_v2_5",
            timeout=90.0,
            first_byte_timeout=2.0,
            connect_timeout=3.0,
            hedge_after=0.8,
            weight=0.5,
            price=PriceEntry(per_1m_characters=15, minimum=10.0, step=1.0, credit=0.0001),
            concurrency=ConcurrencyEntry(limit=8, queue=4, wait=2.0),
            voices={"*": "EXAVITQu4vr4xnSDxMaL", "nova": "no"},
            options={"stability": 0.5, "seed": 7, "deep": {"list": [1, True, None, "text"]}},
        ),
        TargetEntry(target="local/espeak-ng", last_resort=True),
    ]
    sphinx = TargetEntry(
        target="local/pocketsphinx", last_resort="always", concurrency=2, price=PriceEntry(per_request=0)
    )
    listening = ["openai/org/whisper-large-v3", sphinx]
    assert loaded.table == Table(
        vendors={
            "openai": VendorEntry(settings={"api_key": "sk-1"}),
            "elevenlabs": VendorEntry(
                base_url="https://api.eu.residency.elevenlabs.io",
                settings={"region": "eu"},
                unset=("ELEVENLABS_API_KEY",),
            ),
            "kokoro": VendorEntry(like="openai", base_url="http://127.0.0.1:8880/v1"),
            "local": VendorEntry(),
        },
        voices={"alloy": {"elevenlabs": "EXAVITQu4vr4xnSDxMaL", "kokoro": "007"}, "my voice": {}},
        routes={
            "tts-1": Route(targets=speech, cache=CacheEntry(ttl=3600.0, shared=True)),
            "gpt-4.1-mini-tts": Route(targets=speech, policy=PolicyEntry(by="cost", max_latency=0.8, max_cost=0.05)),
            "whisper-1": Route(targets=listening),
        },
        defaults=Defaults(
            retries=1,
            retry_budget=0.1,
            params="strict",
            timeout=30.0,
            deadline=90.0,
            speech=CallTimes(first_byte_timeout=0.5),
            transcription=CallTimes(timeout=600.0, deadline=3600.0),
        ),
        server=Server(
            host="0.0.0.0",
            port=9090,
            workers=4,
            max_calls=50,
            max_head=32_768,
            max_upload=26_214_400,
            max_body=524_288,
            max_parts=100,
            max_input=4096,
            max_cache=1_073_741_824,
            max_reply=104_857_600,
            max_document=8_388_608,
            client_routes=False,
            metrics="open",
            direct=True,
            cors=("https://app.example.com", "http://localhost:3000"),
        ),
        keys={
            "alice": KeyEntry(sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
            "bob": KeyEntry(key="12345"),
        },
    )
    assert loaded.skipped_keys == {"carol": "CAROL_KEY"}


def test_later_rooms_can_place_their_own_problems():
    """The source knows the lines of settings and targets, and of what is missing by its parent."""
    source = parse(FULL, "conf/routes.yaml", ENVIRONMENT).source
    assert str(source.problem(("vendors", "elevenlabs", "region"), "unknown key")) == (
        "conf/routes.yaml:7: vendors.elevenlabs.region: unknown key"
    )
    assert source.problem(("vendors", "local", "api_key"), "missing").line == 9
    assert source.problem(("routes", "tts-1", "targets", 1, "voices", "nova"), "unknown voice").line == 27


def test_all_problems_of_a_file_come_in_one_run_with_their_lines():
    """Reading and checking add up: every problem at its line, in the order of the file."""
    text = (
        "vendors:\n  Open AI: {api_key: 5}\n  x: {base_url: '${'}\n"
        "routes:\n  tts-1:\n    targets:\n      - openai/tts-1\n"
        "      - {target: tts, timeout: 2,\n         retries: 5}\n      - ${NOPE}\n    targets: []\n"
        "  empty:\n  5: {}\n"
        "server:\n  port: 99999\n  max_upload: 1e999\n"
        "sever: {}\n"
    )
    assert problems(text) == [
        'routes.yaml:2: vendors["Open AI"]: as a key: expected a vendor name such as openai (a-z, 0-9, - and _)',
        'routes.yaml:2: vendors["Open AI"].api_key: expected text, found a number; put it in quotes',
        f"routes.yaml:3: vendors.x.base_url: {MALFORMED}",
        "routes.yaml:8: routes.tts-1.targets[1].target: expected a target such as openai/tts-1 (vendor/model)",
        "routes.yaml:8: routes.tts-1.targets[1].timeout: expected a duration such as 2s or 500ms, found a number",
        f"routes.yaml:9: routes.tts-1.targets[1].retries: unknown key; known here: {TARGET_KEYS}",
        "routes.yaml:10: routes.tts-1.targets[2]: NOPE is not set: set it, or write ${NOPE:-default}",
        "routes.yaml:11: routes.tts-1.targets: doubled key, first on line 6",
        "routes.yaml:12: routes.empty: expected a mapping, found nothing",
        "routes.yaml:13: routes: a key must be text: put it in quotes",
        "routes.yaml:15: server.port: expected a whole number from 0 to 65535",
        "routes.yaml:16: server.max_upload: the number is out of range",
        "routes.yaml:17: sever: unknown key; did you mean server?",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "routes.yaml: the file is empty"),
        ("\n# nothing yet\n", "routes.yaml: the file is empty"),
        ("---\n", "routes.yaml: the file is empty"),
        ("[]\n", "routes.yaml:1: expected a mapping, found a list"),
        ("\nroutes\n", "routes.yaml:2: expected a mapping, found text"),
        ("${A}\n", f"routes.yaml:1: {UNSET}"),
        ("server: {port: 1}\n", "routes.yaml:1: the key routes is missing"),
        ("routes:\n", "routes.yaml:1: the key routes is missing"),
        ("routes: ${A}\n", f"routes.yaml:1: routes: {UNSET}"),
        ("routes: {a: {targets: [b/c]\n", f"routes.yaml:2: {UNFINISHED}"),
        (f"{ROUTES}vendors: {{x: '${{A}}'}}\n", f"routes.yaml:2: vendors.x: {UNSET}"),
        (f"{ROUTES}keys: '${{A}}'\n", f"routes.yaml:2: keys: {UNSET}"),
        (f"{ROUTES}keys: {{x: {{key: }}}}\n", f"routes.yaml:2: keys.x: {ONE_OF_TWO}"),
        (f"{ROUTES}keys: {{x: {{key: '${{A:-}}'}}}}\n", f"routes.yaml:2: keys.x: {ONE_OF_TWO}"),
        (f"{ROUTES}keys: {{x: {{key: a, kez: '${{A:-b}}'}}}}\n", f"routes.yaml:2: keys.x.kez: {MEANT_KEY}"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_says_so(text, problem):
    """Empty, half-written, of the wrong shape: one problem, and no follow-ups."""
    assert problems(text) == [problem]


@pytest.mark.parametrize("section", ["vendors", "voices", "defaults", "server", "keys"])
def test_a_section_with_nothing_in_it_is_as_if_it_were_not_there(section):
    """All lines of a section may be commented out."""
    assert parse(f"{ROUTES}{section}:\n", "f", {}).table == parse(ROUTES, "f", {}).table


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("", VendorEntry()),
        ("{}", VendorEntry()),
        ("{api_key: }", VendorEntry()),
        ("{api_key: '${A}'}", VendorEntry(unset=("A",))),
        ("{api_key: 'x-${A}', region: '${B}', more: '${A}${C}'}", VendorEntry(unset=("A", "B", "C"))),
        ("{api_key: '${A}', region: eu}", VendorEntry(settings={"region": "eu"}, unset=("A",))),
        ("{base_url: '${A}', like: '${B}'}", VendorEntry(unset=("A", "B"))),
        ("{base_url: '${A:-}', api_key: '${A:-}'}", VendorEntry()),
        ("{api_key: '${N}'}", VendorEntry(settings={"api_key": "5"})),
        ("\n    api_key: ${N}", VendorEntry(settings={"api_key": "5"})),
        ("{settings: a, unset: b}", VendorEntry(settings={"settings": "a", "unset": "b"})),
    ],
)
def test_a_vendor_knows_what_it_lacks(written, entry):
    """Unset variables are recorded, not complained about; further keys are settings; numbers from outside are text."""
    assert parse(f"{ROUTES}vendors:\n  x: {written}\n", "f", {"N": "5"}).table.vendors == {"x": entry}


def test_a_merged_credential_that_is_replaced_is_not_lacking():
    """Only the variables that a vendor's entry ends up with count."""
    text = f"{ROUTES}vendors:\n  a: &a {{api_key: '${{A}}', region: eu}}\n  b: {{<<: *a, api_key: k}}\n"
    vendors = parse(text, "f", {}).table.vendors
    assert (vendors["a"].unset, vendors["b"]) == (("A",), VendorEntry(settings={"api_key": "k", "region": "eu"}))


def test_a_key_without_its_variable_does_not_exist():
    """It is skipped whole and named; the others stay."""
    text = f"{ROUTES}keys:\n  a: {{key: '${{A}}'}}\n  b: {{key: '${{B}}'}}\n  c: {{sha256: '${{C}}-${{D}}'}}\n"
    loaded = parse(text, "f", {"B": "secret", "A": ""})
    assert loaded.table.keys == {"b": KeyEntry(key="secret")}
    assert loaded.skipped_keys == {"a": "A", "c": "C"}


# ------------------------------------------------------------------------------------------------------------ files


def test_a_file_is_read_as_utf_8(tmp_path):
    """With and without a byte order mark, with either line ending; its name is in the source."""
    file = tmp_path / "routes.yaml"
    text = "routes: {ä: {targets: [b/c]}}\n"
    for content in (text.encode(), text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode()):
        file.write_bytes(content)
        loaded = load(file, {})
        assert list(loaded.table.routes) == ["ä"]
        assert loaded.source.file == str(file)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 0, "the file is empty"),
        (b"routes:\n  a: \xff\n", 2, "not UTF-8 text"),
        (SMALL.encode("utf-16"), 1, "not UTF-8 text"),
        (b"\x00\x00", 1, "the character U+0000 is not allowed in YAML"),
        (b"routes: {", 1, UNFINISHED),
    ],
)
def test_a_file_that_is_no_text_says_so(tmp_path, content, line, message):
    """Empty, half-written, in another encoding: a problem with the line where it shows."""
    file = tmp_path / "routes.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert caught.value.problems == (Problem(str(file), line, "", message),)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    """A missing file and a directory are problems with the system's own words."""
    for path, reason in [(tmp_path / "nope.yaml", "No such file or directory"), (tmp_path, "Is a directory")]:
        with pytest.raises(ConfigError) as caught:
            load(path, {})
        assert str(caught.value) == f"{path}: cannot be read: {reason}"


def test_a_file_cut_anywhere_is_a_table_or_a_problem(tmp_path):
    """Half-written files end in a problem with a place, at every byte; before the routes they always do."""
    file = tmp_path / "routes.yaml"
    content = SMALL.encode()
    before = content.index(b"b/c")
    for length in range(len(content)):
        file.write_bytes(content[:length])
        error = error_of(load, file, {})
        assert (error is None and length > before) or (error is not None and error.problems)


# ------------------------------------------------------------------------------------------------------------- fuzz

PIECES = st.sampled_from(
    [
        *("vendors", "routes", "targets", "keys", "key", "server", "port", "a/b", "a", "5", "1e999", "~", "yes", "2s"),
        *(": ", ":", "- ", "? ", ", ", "\n", "\n  ", "\n    ", "\t", "[", "]", "{", "}", '"', "'", "|", ">-", "#", "@"),
        *(
            "&a ",
            "*a",
            "<<: ",
            "!",
            "!!int ",
            "!!set ",
            "!<x> ",
            "!%FF ",
            "%YAML 1.1\n",
            "%TAG ! x\n",
            "---\n",
            "...\n",
        ),
        *("${", "${A}", "${B}", "${A:-", "$${", "\\U00110000", "\\ud800", "\\x"),
        *("\x85", "\u2028", "\ufeff", "\r", "\0", "é"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["", ROUTES]), st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40))
@example("", '"\\UFFFFFFFF"')
@example("", "[" * 5_000)
@example("", "{" * 5_000)
@example("", "- " * 5_000)
@example("", "&a {<<: *a}")
def test_any_text_is_a_table_or_problems(beginning, text):
    """Nothing but a `ConfigError` with something to say ever comes out."""
    error = error_of(parse, beginning + text, "f", {"A": "5"})
    assert error is None or error.problems
    assert error is None or all(problem.message and problem.line >= 0 for problem in error.problems)
