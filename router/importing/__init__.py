"""Other gateways' configurations, made into a routing table and a list of what could not be.

What lives here: pure functions from text to text; one module a gateway. Nothing is read, written or called here.
"""
