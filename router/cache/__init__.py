"""What was said before: recordings, kept for a while within a bound, and shared by those who ask at the same time.

What lives here: bytes by key. Which calls are the same, and how long they may be kept, is not known here.
"""
