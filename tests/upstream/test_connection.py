"""One connection to a vendor, byte for byte: however its answer is cut, it is read as it was meant."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme

from router.upstream import pool
from router.upstream.http import HttpTransport
from router.upstream.proxies import Proxy, UnusableProxy, proxy_of
from router.upstream.transport import Outgoing, Patience
from router.wire.faults import Fault, Kind
from router.wire.flows import poured
from router.wire.upload import Upload
from tests.upstream.test_http import raw_server

PATIENCE = Patience(connect_s=5, silence_s=20)
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nTransfer-Encoding: chunked\r\nX-Twice: one\r\nX-Twice: two\r\n\r\n"
    b"3;word=x\r\nabc\r\n1\r\nd\r\n0\r\nX-Trailer: late\r\n\r\n"
)
COUNTED = b"HTTP/1.1 200 OK\nContent-Length: 4\n\nabcd"  # lines as small servers end them
UNTIL_ITS_END = b"HTTP/1.0 200 OK\r\ncontent-type: audio/mpeg\r\n\r\nabcd"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
async def transport():
    one = HttpTransport()
    yield one
    await one.close()


class Reader:
    """Takes what is poured; a slow one has no room until it was waited for."""

    def __init__(self, *, is_slow: bool = False) -> None:
        self.taken: list[bytes] = []
        self._is_slow = is_slow

    def take(self, chunk: bytes) -> bool:
        assert chunk
        self.taken.append(chunk)
        return not self._is_slow

    async def room(self) -> None:
        if self._is_slow:
            await asyncio.sleep(0.001)


READ, POURED, SLOWLY = "read", "poured", "poured slowly"


async def asked(transport: HttpTransport, url: str, *, patience: Patience = PATIENCE, how: str = READ):
    async with transport.send(Outgoing("POST", url, {}, b"body"), patience, lambda: None) as response:
        if how == READ:
            body = [chunk async for chunk in response.chunks()]
        else:
            reader = Reader(is_slow=how == SLOWLY)
            await poured(response.chunks(), reader)
            body = reader.taken
        return response.status, dict(response.headers), b"".join(body)


def pieces(answer: bytes, at: int, *, is_last: bool = False):
    """A server that gives the answer in two pieces."""

    async def give(reader, writer):
        while True:
            await reader.readuntil(b"body")
            for part in (answer[:at], answer[at:]):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.001)
            if is_last:
                return

    return give


@pytest.mark.parametrize("how", [READ, POURED, SLOWLY])
@pytest.mark.parametrize(
    ("answer", "status", "body"), [(CHUNKED, 200, b"abcd"), (COUNTED, 200, b"abcd"), (EMPTY, 204, b"")]
)
async def test_an_answer_is_the_same_wherever_it_is_cut(transport, answer, status, body, how: str) -> None:
    """Each boundary, over one kept connection after the other: interim answers, trailers and odd lines included."""
    for at in range(1, len(answer)):
        async with raw_server(pieces(answer, at)) as url:
            for _ in range(2):
                seen = await asked(transport, url, how=how)
                assert (seen[0], seen[2]) == (status, body), at
                assert "x-trailer" not in seen[1]
                assert "link" not in seen[1]
                assert seen[1].get("x-twice", "one") == "one"


@pytest.mark.parametrize("how", [READ, POURED])
async def test_an_answer_that_ends_with_its_connection_is_the_same_wherever_it_is_cut(transport, how: str) -> None:
    """As old servers do it."""
    for at in range(1, len(UNTIL_ITS_END)):
        async with raw_server(pieces(UNTIL_ITS_END, at, is_last=True)) as url:
            assert (await asked(transport, url, how=how))[2] == b"abcd", at


@pytest.mark.parametrize("how", [READ, POURED])
@pytest.mark.parametrize("answer", [CHUNKED, COUNTED])
async def test_an_answer_that_breaks_off_anywhere_is_a_fault(transport, answer, how: str) -> None:
    """Never a short answer: in its head the connection failed, in its body the answer is garbled."""
    begins = answer.index(b"200 OK")
    for at in range(1, len(answer)):
        async with raw_server(pieces(answer[:at], 0, is_last=True)) as url:
            with pytest.raises(Fault) as broken:
                await asked(transport, url, how=how)
        assert broken.value.kind in ({Kind.CONNECT, Kind.GARBLED} if at > begins else {Kind.CONNECT}), at


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"\r\n\r\njunk"])
async def test_what_comes_behind_an_answer_is_nobodys(transport, more: bytes) -> None:
    """The answer is good; the connection, which has said more than it was asked, is not used again."""
    connections = []

    async def give(reader, writer):
        connections.append(writer)
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" + more)
        await reader.read()

    async with raw_server(give) as url:
        for _ in range(2):
            assert (await asked(transport, url))[2] == b"ok"

    assert len(connections) == 2


async def test_trailers_without_end_are_garbled(transport) -> None:
    """The parser would hold them all."""

    async def give(reader, writer):
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ")
        while True:
            writer.write(b"y" * 65_536)
            await writer.drain()

    async with raw_server(give) as url:
        with pytest.raises(Fault) as garbled:
            await asked(transport, url)

    assert garbled.value.kind is Kind.GARBLED


async def test_an_error_in_the_middle_of_an_upload_is_heard(transport) -> None:
    """The vendor has seen enough: its answer is there, and the rest is not written; the next call has a connection."""
    read = []

    async def give(reader, writer):
        await reader.readuntil(b"head")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        await writer.drain()
        while part := await reader.read(65_536):
            read.append(len(part))
            if sum(read) > 4_000_000:
                await asyncio.sleep(0.05)

    upload = Upload("a", "b", bytes(64_000_000))
    async with raw_server(give) as url:
        for _ in range(2):
            request = Outgoing("POST", url, {}, [b"head", upload])
            async with transport.send(request, PATIENCE, lambda: pytest.fail("it was not sent")) as response:
                assert (response.status, [chunk async for chunk in response.chunks()]) == (413, [b"no"])

    assert sum(read) < 2 * 64_000_000


class Sleeper(Reader):
    """Takes one chunk, sleeps, and is quick from then on."""

    def take(self, chunk: bytes) -> bool:
        super().take(chunk)
        return len(self.taken) > 1

    async def room(self) -> None:
        if len(self.taken) == 1:
            await asyncio.sleep(0.6)
            assert sum(map(len, self.taken)) < 1_000_000


@pytest.mark.parametrize("how", [READ, POURED])
async def test_a_slow_reader_stops_the_vendor_and_is_not_its_silence(transport, how: str) -> None:
    """What waits here stays small, and the vendor is not blamed for the pause."""
    written = []

    async def give(reader, writer):
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 64000000\r\n\r\n")
        for _ in range(64):
            writer.write(bytes(1_000_000))
            await writer.drain()
            written.append(1_000_000)

    async with raw_server(give) as url:
        request = Outgoing("POST", url, {}, b"body")
        async with transport.send(request, Patience(connect_s=5, silence_s=0.2), lambda: None) as response:
            chunks = response.chunks()
            if how == READ:
                taken = [await anext(chunks)]
                await asyncio.sleep(0.6)
                assert sum(written) < 20_000_000  # what the sockets hold
                taken += [chunk async for chunk in chunks]
            else:
                reader = Sleeper()
                await poured(chunks, reader)
                taken = reader.taken

    assert all(0 < len(chunk) <= 256 * 1024 for chunk in taken)
    assert sum(map(len, taken)) == 64_000_000


async def test_what_a_taker_raises_ends_the_pouring(transport) -> None:
    """In the middle of a reading of the socket: it reaches who pours, and the vendor is not blamed for it."""

    class Refusing(Reader):
        def take(self, chunk: bytes) -> bool:
            super().take(chunk)
            if len(self.taken) == 2:
                raise LookupError("full")
            return True

    async def give(reader, writer):
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(b"2\r\ncd\r\n2\r\nef\r\n")
        await reader.read()

    reader = Refusing()
    async with (
        raw_server(give) as url,
        transport.send(Outgoing("POST", url, {}, b"body"), PATIENCE, lambda: None) as response,
    ):
        with pytest.raises(LookupError, match="full"):
            await poured(response.chunks(), reader)

    assert reader.taken == [b"ab", b"cd"]


async def test_who_stops_pouring_gets_nothing_more(transport) -> None:
    """Cancelled while it waits, as by a client that leaves: what comes then is not handed on."""
    go_on = asyncio.Event()

    async def give(reader, writer):
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        await go_on.wait()
        writer.write(b"cd")
        await reader.read()

    reader = Reader()
    async with (
        raw_server(give) as url,
        transport.send(Outgoing("POST", url, {}, b"body"), PATIENCE, lambda: None) as response,
    ):
        chunks = response.chunks()
        pouring = asyncio.ensure_future(poured(chunks, reader))
        while not reader.taken:
            await asyncio.sleep(0.001)
        pouring.cancel()
        go_on.set()
        assert await anext(chunks) == b"cd"

    assert reader.taken == [b"ab"]
    assert pouring.cancelled()


async def test_a_connection_that_waits_too_long_is_given_up(transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for ever."""
    monkeypatch.setattr(pool, "KEPT_S", 0.05)
    ended = asyncio.Event()

    async def give(reader, writer):
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read()
        ended.set()

    async with raw_server(give) as url:
        await asked(transport, url)
        await asyncio.wait_for(ended.wait(), 10)


@pytest.mark.parametrize(
    ("answer", "is_last"),
    [
        (COUNTED, False),
        (COUNTED, True),
        (UNTIL_ITS_END, True),
        (COUNTED[:-1], True),
        (b"", True),
        (b"junk\r\n\r\n", False),
    ],
)
async def test_an_ended_connection_is_forgotten(transport, answer: bytes, is_last: bool) -> None:
    """Whoever ended it, and whenever: nothing is held of it but what is kept for the next request."""
    async with raw_server(pieces(answer, 0, is_last=is_last)) as url:
        for _ in range(3):
            with suppress(Fault):
                await asked(transport, url)
        async with asyncio.timeout(10):
            while len(transport._pool._open) > (not is_last and answer == COUNTED):
                await asyncio.sleep(0.005)


# ------------------------------------------------------------------ TLS


@asynccontextmanager
async def tls_server(authority: trustme.CA, name: str, *, is_short: bool = False):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)

    async def give(reader, writer):
        try:
            await reader.readuntil(b"body")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n" + bytes(200_000 - 10 * is_short))
            await writer.drain()
            if not is_short:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(give, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        await asyncio.sleep(0.05)


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """One that is trusted."""
    one = trustme.CA()
    make = pool._tls

    def trusting() -> ssl.SSLContext:
        context = make()
        one.configure_trust(context)
        return context

    monkeypatch.setattr(pool, "_tls", trusting)
    return one


async def test_a_vendor_is_reached_by_tls(transport, authority: trustme.CA) -> None:
    """Its name is checked, and its answer whole."""
    async with tls_server(authority, "localhost") as url:
        status, _, body = await asked(transport, url)
        await transport.close()

    assert (status, len(body)) == (200, 200_000)


async def test_an_answer_by_tls_that_is_cut_short_is_a_fault(transport, authority: trustme.CA) -> None:
    async with tls_server(authority, "localhost", is_short=True) as url:
        with pytest.raises(Fault) as broken:
            await asked(transport, url)

    assert broken.value.kind is Kind.GARBLED


@pytest.mark.parametrize("case", ["another name", "nobody's authority"])
async def test_a_vendor_without_a_trusted_name_is_told_nothing(transport, authority: trustme.CA, case: str) -> None:
    """No key goes to whoever answers there."""
    signing = authority if case == "another name" else trustme.CA()
    async with tls_server(signing, "other.test" if case == "another name" else "localhost") as url:
        with pytest.raises(Fault) as refused:
            await asked(transport, url)

    assert (refused.value.kind, "no trusted TLS connection" in refused.value.message) == (Kind.CONNECT, True)


# ------------------------------------------------------------------ through a proxy


@asynccontextmanager
async def proxy_server(reply: bytes = b"HTTP/1.1 200 Connection established\r\nvia: here\r\n\r\n"):
    """A proxy that connects where it is told to, on this machine; and the heads that it was sent."""
    heads: list[bytes] = []
    tasks: list[asyncio.Task] = []

    async def handle(reader, writer):
        tasks.append(asyncio.current_task())
        other = None
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            if b" 200 " in reply[:13]:
                port = int(heads[-1].split(b" ")[1].rpartition(b":")[2])
                from_vendor, other = await asyncio.open_connection("127.0.0.1", port)
            for piece in (reply[:7], reply[7:]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            if other:
                await asyncio.gather(passed_on(reader, other), passed_on(from_vendor, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            if other:
                other.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heads
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()
    writer.close()


async def test_a_vendor_is_reached_through_a_proxy(authority: trustme.CA) -> None:
    """The proxy hears the vendor's name, and what it wants to know of us, and no word of what is said there."""
    async with tls_server(authority, "localhost") as url, proxy_server() as (port, heads):
        transport = HttpTransport(Proxy("127.0.0.1", port, "Basic dTpw", "example.com,.test"))
        status, _, body = await asked(transport, url)
        await transport.close()

    place = url.removeprefix("https://").rstrip("/")
    assert (status, len(body)) == (200, 200_000)
    assert heads == [f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\nproxy-authorization: Basic dTpw\r\n\r\n".encode()]


@pytest.mark.parametrize("bypassed", ["localhost", "example.com, localhost", "*"])
async def test_who_is_excepted_is_asked_directly(authority: trustme.CA, bypassed: str) -> None:
    async with tls_server(authority, "localhost") as url, proxy_server() as (port, heads):
        transport = HttpTransport(Proxy("127.0.0.1", port, bypassed=bypassed))
        assert (await asked(transport, url))[0] == 200
        await transport.close()

    assert heads == []


async def test_ones_own_servers_are_asked_directly() -> None:
    """An address in the clear is hardly behind the proxy of a company."""
    async with raw_server(pieces(COUNTED, 5, is_last=True)) as url, proxy_server() as (port, heads):
        transport = HttpTransport(Proxy("127.0.0.1", port))
        assert (await asked(transport, url))[0] == 200
        await transport.close()

    assert heads == []


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        b"what is this",
        b"HTTP/1.1 000 " + b"x" * 20_000,
    ],
)
async def test_a_proxy_that_refuses_is_a_failed_connection(authority: trustme.CA, reply: bytes) -> None:
    """Nothing was sent: the next target is tried."""
    async with tls_server(authority, "localhost") as url, proxy_server(reply) as (port, _):
        transport = HttpTransport(Proxy("127.0.0.1", port))
        with pytest.raises(Fault) as refused:
            await asked(transport, url)
        await transport.close()

    assert (refused.value.kind, "proxy" in refused.value.message) == (Kind.CONNECT, True)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"HTTPS_PROXY": "http://p:3128"}, Proxy("p", 3128)),
        ({"https_proxy": "http://q", "HTTPS_PROXY": "http://p"}, Proxy("q", 80)),
        ({"ALL_PROXY": "p:8080", "NO_PROXY": "a,b"}, Proxy("p", 8080, None, "a,b")),
        ({"HTTPS_PROXY": "http://u%40x:p%3A@p:1"}, Proxy("p", 1, "Basic dUB4OnA6")),
    ],
)
def test_the_environment_says_where_the_proxy_is(environment: dict[str, str], expected: Proxy | None) -> None:
    assert proxy_of(environment) == expected


@pytest.mark.parametrize("url", ["socks5://p:1", "https://p:1", "http://", "http://p:port", "http://[p"])
def test_a_proxy_that_cannot_be_used_is_told_at_the_start(url: str) -> None:
    """By the name of its variable, without what may be secret in it."""
    with pytest.raises(UnusableProxy, match="HTTPS_PROXY: expected the address of an HTTP proxy"):
        proxy_of({"HTTPS_PROXY": url})


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["speak", "Hello.", "-o", "hello.mp3"], ["transcribe", "routes.yaml"]]
)
def test_a_proxy_that_cannot_be_used_is_told_by_every_command_that_asks_vendors(command, tmp_path) -> None:
    """Before anything is asked: by the name of its variable."""
    (tmp_path / "routes.yaml").write_text("vendors: {local: {}}\nroutes: {tts-1: {targets: [local/espeak-ng]}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "router", *command],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "HTTPS_PROXY": "socks5://p:1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "HTTPS_PROXY: expected the address of an HTTP proxy" in done.stderr
