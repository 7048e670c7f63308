"""A server on a real socket that keeps the requests and gives scripted answers.

What lives here: bytes in, bytes out, in a thread of its own, because the SDKs block.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from router.upstream.transport import Outgoing
from tests.vendors.evidence import Reply


class Loopback:
    """Answers with the next of `script`, and every request after that with `reply`; `seen` is the newest one."""

    def __init__(self) -> None:
        self.reply: Reply
        self.script: list[Reply] = []
        self.all_seen: list[Outgoing] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                outer.all_seen.append(Outgoing(self.command, self.path, dict(self.headers.items()), body))
                reply = outer.script.pop(0) if outer.script else outer.reply
                content = reply.content()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the base looks for these

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def seen(self) -> Outgoing:
        return self.all_seen[-1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
