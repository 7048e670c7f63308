"""Calls that are made in the background: kept, run, resumed, handed out.

What lives here: what becomes of a call that nobody waits for on a connection. How it is made is `relay`'s business.
"""
