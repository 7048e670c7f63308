"""The embedded engines: programs of their own, one process each, started by `upstream.processes` over a pair of pipes.

`python -m router.engines espeak_ng` is one of them. Nothing in the router imports this room, and nothing here imports
the rest of the router: native code may crash here, and what it costs is one call.
"""
