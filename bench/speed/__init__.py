"""How fast the router is beside a bare pass-through, nginx and LiteLLM: all in one run, so that ratios can be read.

What lives here: the load client and the vendor (C, so that neither is what is measured), the subjects, the loads, and
the page. Subjects take turns, round by round; the client and the vendor share one core, the subject has the other.
"""
