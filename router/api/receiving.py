"""A speech-to-text request as it comes in: what is asked, as early as that can be known, and what comes after it.

What lives here: which part of a form says enough to begin with, and what the rest of it changes. How forms are read:
`forms`; what their fields mean: `listening`; what is done meanwhile: the relay.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from router.api.exchange import ClientLeft, Exchange
from router.api.forms import Form, FormLimits, FormReading
from router.api.listening import ListenKind, ListenRequest, parse_listening
from router.api.uploads import JsonReading, reading_of
from router.wire.arriving import Arriving
from router.wire.calls import ListenCall
from router.wire.errors import InvalidCall

__all__ = ["Received", "Rest", "received"]


class Received:
    """A request: as it is, or as far as it is known while the `rest` of it arrives."""

    def __init__(self, request: ListenRequest, rest: Rest | None = None) -> None:
        self._request = request
        self.rest = rest

    @property
    def request(self) -> ListenRequest:
        """What is known by now; when the rest of it has been read, for good."""
        return self.rest.request if self.rest else self._request


class Rest:
    """What comes of a form after the beginning of its file.

    `request`: as far as it is known. `call`: its call in the end, the very same one where nothing has changed it; or
    what was wrong with it.
    """

    def __init__(
        self, reading: FormReading | JsonReading, arriving: Arriving, request: ListenRequest, kind: ListenKind
    ) -> None:
        self.request = request
        self._kind: ListenKind = kind
        self.call: asyncio.Future[ListenCall] = asyncio.get_running_loop().create_future()
        self._reading = reading
        self._arriving = arriving

    async def read(self) -> None:
        """Read it to its end. Raises `ClientLeft`; whoever waits for the call hears of all else that goes wrong."""
        try:
            await self._reading.to_end()
            call = self._settled(parse_listening(self._reading.form, self._kind))
        except ClientLeft:
            raise
        except Exception as error:  # noqa: BLE001 - a bug, too, must not let anybody wait for ever
            self.call.set_exception(error)
        else:
            self.call.set_result(call)

    def _settled(self, final: ListenRequest) -> ListenCall:
        """The call that was begun, whose upload is whole now; or another, with an upload of its own."""
        file = final.call.audio
        is_same = replace(final.call, audio=self._arriving) == self.request.call
        if not is_same or not self._arriving.is_as_supposed(file.size):
            self.request = final
            return final.call
        self._arriving.end(file)
        self.request = replace(final, call=self.request.call)
        return self.request.call

    async def wants_events(self) -> bool:
        """Whether the reply is to be events, once that is known for good; not where something is wrong with it."""
        await asyncio.wait([self.call])
        return self.request.call.as_events and self.call.exception() is None


@asynccontextmanager
async def received(exchange: Exchange, limits: FormLimits, kind: ListenKind) -> AsyncIterator[Received]:
    """The request, as soon as what comes before its file is one; else whole. The file lasts as long as the context.

    Raises `UnsupportedMedia`, `TooLarge`, `TooSlow`, `InvalidCall`, or `ClientLeft`.
    """
    content_type = exchange.header(b"content-type") or ""
    reading = reading_of(content_type, exchange.chunks, limits, exchange.content_length)
    try:
        await reading.to_file()
        arriving = reading.arriving
        if arriving and (request := _begun(reading.form, arriving, kind)):
            yield Received(request, Rest(reading, arriving, request, kind))
        else:
            await reading.to_end()
            yield Received(parse_listening(reading.form, kind))
    finally:
        reading.close()


def _begun(form: Form, arriving: Arriving, kind: ListenKind) -> ListenRequest | None:
    """The request, if what is there is one already: what is wrong with it may be put right by what follows."""
    try:
        return parse_listening(Form(form.fields, arriving), kind)
    except InvalidCall:
        return None
