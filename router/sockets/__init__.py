"""What connections of both sides have in common: to clients, and to vendors.

A lowest room: it imports nothing of the router, and knows no protocol.
"""
