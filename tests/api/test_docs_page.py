"""`/docs`: one page that shows the whole document and loads nothing, as its policy makes browsers hold."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from router.api.docs.openapi import openapi
from router.api.docs.page import page
from router.config import Server
from tests.conftest import KEY, Serve, table_of

DOCUMENT = openapi(Server(), version="1.2.3", is_open=True)
LOADING = {"src", "href", "srcset", "data", "poster", "action", "formaction", "background", "style", "ping"}
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Elements with their attributes and their text; open ones must be closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data

    def named(self, attribute: str) -> set[str]:
        return {value for _, attrs in self.elements if (value := attrs.get(attribute))}


@pytest.fixture(scope="module")
def shown() -> Page:
    return Page(page(DOCUMENT))


def test_nothing_is_loaded(shown: Page) -> None:
    """Whatever could name an address names a place in the page, the document beside it, or nothing at all."""
    named = [(tag, name, value) for tag, attrs in shown.elements for name, value in attrs.items() if name in LOADING]

    assert {value for _, _, value in named if not value.startswith("#")} == {"openapi.json", "data:,"}
    assert not re.search(r"@import|url\(", shown.texts["style"])
    assert not re.search(r"https?:|\bimport\b|['\"]//", shown.texts["script"])


def test_each_link_has_its_place(shown: Page) -> None:
    """No link within the page leads nowhere, and no two places have one name."""
    places = [attrs["id"] for _, attrs in shown.elements if "id" in attrs]

    assert len(places) == len(set(places))
    assert {link.removeprefix("#") for link in shown.named("href") if link.startswith("#")} <= set(places)


def test_everything_of_the_document_is_shown(shown: Page) -> None:
    """Each operation, status, header and field, with what is said of it."""
    operations = [one for item in DOCUMENT["paths"].values() for one in item.values()]
    schemas = DOCUMENT["components"]["schemas"]
    fields = [(name, one) for schema in schemas.values() for name, one in schema["properties"].items()]
    words = [
        *DOCUMENT["paths"],
        *(one["summary"] for one in operations),
        *(content for one in operations for content in one["responses"]["200"].get("content", ())),
        *DOCUMENT["components"]["headers"],
        *(one["description"] for one in DOCUMENT["components"]["responses"].values()),
        *(name for name, _ in fields),
        *(one["description"] for _, one in fields if "description" in one),
    ]

    assert {one["operationId"] for one in operations} <= shown.named("id")
    assert [word for word in words if word.replace("`", "") not in shown.words] == []


def test_each_operation_can_be_tried(shown: Page) -> None:
    """A form for every kind of body, with every field of a form and a body that is right as it stands."""
    forms = [
        (attrs["data-method"], attrs["data-path"], attrs["data-body"]) for tag, attrs in shown.elements if tag == "form"
    ]
    speech = "/v1/audio/speech"

    assert ("POST", speech, "json") in forms
    assert {shape for _, path, shape in forms if path == "/v1/audio/translations"} == {"form", "json"}
    assert {(method.lower(), path) for method, path, _ in forms} == {
        (method, path) for path, item in DOCUMENT["paths"].items() for method in item if method != "head"
    }
    asked = DOCUMENT["components"]["schemas"]["TranscriptionForm"]["properties"]
    assert set(asked) <= {attrs["name"] for _, attrs in shown.elements if attrs.get("data-in") == "form"}


def test_what_the_document_says_is_text() -> None:
    """Markup in it is shown, not obeyed."""
    evil = "<script>alert(1)</script>"
    title = {**DOCUMENT["info"], "title": evil, "description": evil}

    shown = Page(page({**DOCUMENT, "info": title}))

    assert evil in shown.words
    assert [tag for tag, _ in shown.elements].count("script") == 1


async def test_the_page_is_public_and_its_policy_allows_just_what_it_holds(serve: Serve) -> None:
    """Without a key; its script and its style by their digests, calls to this server, nothing from elsewhere."""
    vendors = {"one": f"{{like: openai, base_url: 'http://127.0.0.1:1', api_key: {KEY}}}"}
    router = await serve(table_of(vendors, {"secret-model": ["one/m"]}, "keys: {alice: {key: sk-alice}}\n"))

    async with router.http.get("/docs") as reply:
        html = await reply.text()
        policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))

    shown = Page(html)
    assert (reply.status, reply.content_type) == (200, "text/html")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert policy.pop("script-src") == _digest(shown.texts["script"])
    assert policy.pop("style-src") == _digest(shown.texts["style"])
    assert policy.pop("connect-src") == "'self'"
    assert policy.pop("img-src") == "data:"
    assert policy.pop("media-src") == "blob:"
    assert set(policy.values()) == {"'none'"}
    assert "default-src" in policy
    assert [word for word in ("secret-model", "alice", KEY, "127.0.0.1") if word in html] == []
    assert [name for _, attrs in shown.elements for name in attrs if name.startswith("on") or name == "style"] == []


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
