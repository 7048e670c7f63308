"""The OpenAI audio contract as values: calls, transcripts and their renderings, events, errors, formats.

The lowest room: it imports nothing of the router, sends nothing, knows no vendor.
"""
