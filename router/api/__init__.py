"""OpenAI's face: requests decoded into calls, replies in its shapes. On Litestar; the audio paths are raw ASGI.

What may not live here: any choice of a vendor, any word of a vendor's wire.
"""
