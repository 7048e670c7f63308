"""The command line's rooms: each command is a function that returns an exit status.

What may not live here: parsing of arguments (`router.__main__`), any decision the server would make differently.
"""
