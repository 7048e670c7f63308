"""Several processes behind one port: forked, replaced when they die, ended together; their figures told as one.

What lives here: processes and what they say to each other. What a worker serves is not known here; one process alone
needs none of this.
"""
