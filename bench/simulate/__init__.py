"""A day of calls in virtual time: what each way of routing makes of the same traffic and the same vendors' troubles.

Decisions are the router's own code (`router.routing`). What is played here is what surrounds them: arrivals, waiting,
failures, time that runs out. Nothing sleeps, opens a socket or reads a clock; a seed gives the same day everywhere.
"""
