"""Which targets, in which order, as what, and what a failure means. Pure functions; the clock is an argument.

What may not live here: I/O of any kind, any vendor's name.
"""
