"""An upload inside a JSON document: base64 while it is sent, byte for byte what it would be at once."""

from __future__ import annotations

import io
import tempfile
from base64 import b64encode

import pytest

from router.upstream.dress import dress
from router.vendors.spec import Vendor, base64_of, data_url, post
from router.wire.upload import Inline, Upload

VENDOR = Vendor(name="acme", base_url="https://api.acme.test", auth=None)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 65_535, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("step", [4, 64, 4_096, 65_536])
def test_it_is_the_base64_of_the_whole(size: int, step: int):
    """Whatever the steps, and its size is known beforehand."""
    content = bytes(i * 31 % 256 for i in range(size)) if step > 4 or size < 100 else bytes(12)
    inline = Inline(Upload("a.wav", "audio/wav", content), "data:audio/wav;base64,")
    text = b"".join(inline.chunks(step))

    assert text == b"data:audio/wav;base64," + b64encode(content)
    assert inline.size == len(text)


def test_it_stands_where_it_was_put():
    """Anywhere in the document, more than once, from a file on disk; a client cannot write its mark."""
    with tempfile.TemporaryFile() as file:
        file.write(b"RIFF and more")
        file.flush()
        upload = Upload("a.wav", "audio/wav", file)
        draft = post("/x", json={"a": {"b": [base64_of(upload)]}, "c": "upload-", "d": data_url(upload)})
        parts = dress(draft, VENDOR, {}, {"e": "more"}).body
        sent = b"".join(part if isinstance(part, bytes) else b"".join(part.chunks()) for part in parts)
    inside = b64encode(b"RIFF and more").decode()

    expected = f'{{"e":"more","a":{{"b":["{inside}"]}},"c":"upload-","d":"data:audio/wav;base64,{inside}"}}'
    assert sent.decode() == expected


def test_the_clients_fields_go_where_the_draft_says():
    """Into a member of the body, under what is set there, and nowhere else."""
    draft = post("/x", json={"version": None, "input": {"prompt": "ours"}}, defaults={"steps": 8}, extras="input")
    body = dress(draft, VENDOR, {}, {"prompt": "theirs", "seed": 7}).body

    assert body == b'{"input":{"steps":8,"prompt":"ours","seed":7}}'


def test_what_is_no_json_is_no_request():
    """A bug of a vendor file, told as one."""
    with pytest.raises(TypeError):
        dress(post("/x", json={"a": io.BytesIO()}), VENDOR, {}, {})
