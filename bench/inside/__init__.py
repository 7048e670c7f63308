"""What goes on inside the router's process: codecs, the event loop under load, decisions.

Each part prints a table; `docs/PERFORMANCE.md` has them between its marks. The router beside others: `bench.speed`.
"""
