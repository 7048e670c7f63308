"""From YAML to plain data: lines, doubled keys, aliases, merges, variables."""

from __future__ import annotations

import pytest

from router.config.problems import ConfigError
from router.config.reading import BROKEN, MAX_VALUES, read_yaml


def read(text, environment=None, may_lack=lambda _: False):
    return read_yaml(text, "f", environment or {}, may_lack)


def test_every_value_has_its_line():
    """A key's value stands on the line of its key, an item on the line where it begins."""
    reading = read("# top\na:\n  b: 1\n  c:\n    - x\n    - {d: 2,\n       e: 3}\n'k y':\n  |\n  long\n")
    assert reading.value == {"a": {"b": 1, "c": ["x", {"d": 2, "e": 3}]}, "k y": "long\n"}
    assert reading.source.lines == {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 4,
        ("a", "c", 0): 5,
        ("a", "c", 1): 6,
        ("a", "c", 1, "d"): 6,
        ("a", "c", 1, "e"): 7,
        ("k y",): 8,
    }
    assert reading.problems == ()


@pytest.mark.parametrize("text", ["", "# nothing\n", "~", "null", "---\n"])
def test_an_empty_document_is_none(text):
    """A file without a value has no value and no problem of its own."""
    reading = read(text)
    assert (reading.value, reading.problems) == (None, ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[yes, no, on, off]", ["yes", "no", "on", "off"]),
        ("['5', \"true\", 'null', '']", ["5", "true", "null", ""]),
        ("[5, 1.5, true, ~]", [5, 1.5, True, None]),
        ("[!!str 5, !!int '5', !!float '5', !!null '']", ["5", 5, 5.0, None]),
        ("{yes: 1, no: 2, '<<': 3, '5': 4, !!str 6: 5}", {"yes": 1, "no": 2, "<<": 3, "5": 4, "6": 5}),
        ("[<<]", ["<<"]),
    ],
)
def test_scalars_are_read_by_their_looks_unless_quoted(text, value):
    """Quotes make text; YAML 1.1's other words for true and false are text anyway, as keys too."""
    reading = read(text)
    assert (reading.value, reading.problems) == (value, ())


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\nb: 2\na: 3\n", ["f:3: a: doubled key, first on line 1"]),
        (
            "a: {b: 1, b: 2}\na: 3\na: 4\n",
            [
                "f:1: a.b: doubled key, first on line 1",
                "f:2: a: doubled key, first on line 1",
                "f:3: a: doubled key, first on line 1",
            ],
        ),
        ("a:\n  5: x\n", ["f:2: a: a key must be text: put it in quotes"]),
        ("true: x\n", ["f:1: a key must be text: put it in quotes"]),
        ("~: x\n", ["f:1: a key must be text: put it in quotes"]),
        ("[a]: x\n", ["f:1: a key must be text: put it in quotes"]),
        ("a: {{b}}\n", ["f:1: a: a key must be text: put it in quotes"]),
        ("${A}: x\n", ["f:1: a key cannot hold ${…}: only values are filled in"]),
        ('"\\ud800": x\n', ["f:1: a key must be Unicode text"]),
        ('a: "\\ud800"\n', ["f:1: a: the text is not Unicode"]),
        ("a: !foo x\n", ["f:1: a: YAML tags are not supported"]),
        ("a: !!int x\n", ["f:1: a: YAML tags are not supported"]),
        ("a: !!binary aGk=\n", ["f:1: a: YAML tags are not supported"]),
        ("a: !!set {x}\n", ["f:1: a: YAML tags are not supported"]),
        ("a: !!omap []\n", ["f:1: a: YAML tags are not supported"]),
        ("a: !!python/object/apply:os.getcwd []\n", ["f:1: a: YAML tags are not supported"]),
        ("a: [1,\n 1e999]\n", ["f:2: a[1]: the number is out of range"]),
        ("<<: 5\n", ["f:1: << takes a mapping or a list of mappings, and never itself"]),
        ("a:\n  <<: [{b: 1}, x]\n", ["f:2: a: << takes a mapping or a list of mappings, and never itself"]),
        ("a: &a\n  <<: *a\n", ["f:1: a: << takes a mapping or a list of mappings, and never itself"]),
        ("a: ${A}\nb:\n - ${B}${C}\n", ["f:1: a: A is not set: set it, or write ${A:-default}"]),
        ("a: x ${\n", ["f:1: a: malformed ${: write ${NAME} or ${NAME:-default}, and $${ where ${ itself is meant"]),
    ],
)
def test_what_cannot_be_read_is_a_problem_at_its_place(text, problems):
    """Doubled and odd keys, tags, numbers out of range, bad merges and variables: each by line and path."""
    found = read(text, {"B": "b", "C": "c"}).problems
    assert str(ConfigError(found)) == "\n".join(problems)
    assert len(found) == len(problems)


def test_what_cannot_be_read_leaves_a_mark_and_the_rest_is_read():
    """One bad value does not hide its neighbours."""
    reading = read("a: !x 1\nb: ['${NOPE}', 2]\nc: 3\nc: 4\n5: 6\n")
    assert reading.value == {"a": BROKEN, "b": [BROKEN, 2], "c": 3}
    assert len(reading.problems) == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x [1, 2]\nb: *x\n", {"a": [1, 2], "b": [1, 2]}),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}\n", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a: &x {b: 1}\nc: {b: 2, <<: *x}\n", {"a": {"b": 1}, "c": {"b": 2}}),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2}\n", {"a": {"b": 1}, "c": {"b": 2}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}\n", {"a": {"b": 1, "c": 3}}),
        (
            "a: &x {b: 1}\nc: &y {<<: *x, d: 2}\ne: {<<: *y}\n",
            {"a": {"b": 1}, "c": {"b": 1, "d": 2}, "e": {"b": 1, "d": 2}},
        ),
        ("a: {<<: {b: 1}, <<: {b: 2, c: 3}}\n", {"a": {"b": 1, "c": 3}}),
    ],
)
def test_aliases_and_merge_keys_work(text, value):
    """An alias stands for its anchor; a mapping's own keys go over merged ones, earlier merged ones over later."""
    reading = read(text)
    assert (reading.value, reading.problems) == (value, ())


def test_a_merged_key_has_the_line_where_it_is_written():
    """What is wrong with a merged value is mended at its anchor."""
    assert read("a: &x\n  b: 1\nc:\n  <<: *x\n  d: 2\n").source.lines["c", "b"] == 2


def billions(levels):
    """Each line holds the line before ten times."""
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels))]
    return "\n".join(lines)


def merges(levels):
    """Each line merges the line before ten times."""
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, levels))]
    return "\n".join(lines)


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "- &a [*a, *a]", billions(9), merges(9)])
def test_aliases_are_bounded(text):
    """An alias within itself, and aliases of aliases, end as an error and not in memory."""
    with pytest.raises(ConfigError, match=f"aliases make more than {MAX_VALUES:,} values or 32 levels"):
        read(text)


def test_a_long_chain_of_merges_is_refused():
    """Merges of merges are bounded as nesting is."""
    chain = "\n".join(["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 600))])
    assert {problem.message for problem in read(chain).problems} == {
        "<< takes a mapping or a list of mappings, and never itself"
    }


def test_a_bound_that_is_passed_keeps_what_was_found_before():
    """Problems before the one that ends the reading are told too."""
    with pytest.raises(ConfigError) as caught:
        read("a: !x 1\nb: &b [*b]\n")
    assert [problem.line for problem in caught.value.problems] == [1, 2]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${N}", 8080),
        ('"${N}"', "8080"),
        ("'${N}'", "8080"),
        ("${NOPE:-8080}", 8080),
        ("${N}0", 80800),
        ("1${N}", 18080),
        ("p${N}", "p8080"),
        ("${T}", True),
        ("${NOPE:-1.5}", 1.5),
        ("${NOPE:-}", None),
        ('"${NOPE:-}"', ""),
        ("${NOPE:-no}", "no"),
        ("!!int '${N}'", 8080),
        ("!!int '${T}'", BROKEN),
        ("$${N}", "${N}"),
        ("|\n  ${N}", "8080\n"),
        (">-\n  ${N}", "8080"),
        ("${M}", "a: b"),
        ("${Q}", '"5"'),
    ],
)
def test_a_filled_in_plain_scalar_is_typed_by_what_came_out(written, value):
    """A number from the environment is a number where it is not quoted; structure never comes from there."""
    reading = read(f"a: {written}\n", {"N": "8080", "T": "true", "M": "a: b", "Q": '"5"'})
    assert reading.value == {"a": value}


def test_an_environment_that_is_not_unicode_is_a_problem():
    """A value that could never be sent is found at the start, and not shown."""
    assert [str(problem) for problem in read("a: ${A}", {"A": "\udcff"}).problems] == [
        "f:1: a: the text is not Unicode"
    ]


def test_where_values_may_be_lacking_they_are_left_out_and_named():
    """There, unset means absent with its variables named, empty means absent, and what is filled in stays text."""
    text = (
        "v:\n  unset: x${A}${B}\n  empty: ${C:-}\n  number: ${D}\n  quoted: '${D}'\n  own: 5\n  list: [1, '${A}', 3]\n"
    )
    reading = read(text, {"D": "5"}, lambda place: place[0] == "v" and len(place) > 1)
    assert reading.value == {"v": {"number": "5", "quoted": "5", "own": 5, "list": [1, 3]}}
    assert reading.unset == ((("v", "unset"), ("A", "B")), (("v", "list", 1), ("A",)))
    assert reading.problems == ()


def test_malformed_variables_are_problems_everywhere():
    """What may be lacking must still be written right."""
    assert [problem.path for problem in read("v: {a: '${'}", may_lack=lambda _: True).problems] == ["v.a"]
