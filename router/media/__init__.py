"""Sound changed while it streams: a vendor's format in, the client's format out.

What lives here: decoding, resampling, encoding with PyAV. Nothing is imported here on purpose: `paths` is cheap and
says what is possible, `transcode` loads the codecs.
"""
