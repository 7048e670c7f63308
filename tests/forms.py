"""Reading whole forms in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

from router.api.forms import Form, FormLimits, FormReading


async def read_form(content_type: str, chunks: AsyncIterator[bytes], limits: FormLimits) -> Form:
    """As the doors do where nothing can begin before the end; the caller closes the file."""
    reading = FormReading(content_type, chunks, limits)
    try:
        await reading.to_end()
    except BaseException:
        reading.close()
        raise
    return reading.form
